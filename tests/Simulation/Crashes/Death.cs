namespace Simulation;

/// <summary>Where an operator dies.</summary>
/// <param name="Write">After which of its writes, from the creation of the grant on.</param>
/// <param name="AnswerLost">Whether it never got to know that this write happened.</param>
/// <param name="Late">Whether another operator starts only when the grant's time is over; at once otherwise.</param>
internal sealed record Death(int Write, bool AnswerLost, bool Late)
{
    public override string ToString() =>
        $"death after write {Write} ({(AnswerLost ? "its answer lost" : "its answer delivered")}), restart {(Late ? "past the expiry" : "at once")}";
}
