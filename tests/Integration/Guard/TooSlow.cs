using TestKit;

namespace Integration.Guard;

/// <summary>
/// Writes that no webhook judged in time, which a busy machine is enough for. Nothing of them is stored and their message asks for another try, so tests
/// make one.
/// </summary>
internal static class TooSlow
{
    private const int Tries = 5;

    /// <summary>Whether a write failed for this reason alone; every other failure of a webhook counts.</summary>
    public static bool IsSaidIn(string error)
    {
        bool Says(string words) => error.Contains(words, StringComparison.Ordinal);
        return Says("did not answer the operator in time") || Says("could not be recorded in the grant's status")
            || (Says("failed calling webhook") && (Says("deadline exceeded") || Says("Timeout exceeded")));
    }

    /// <summary>Runs a write, a few times if it must, and gives the last answer.</summary>
    public static async Task<CommandResult> AgainAsync(Func<Task<CommandResult>> write)
    {
        CommandResult answer;
        var left = Tries;
        do
        {
            answer = await write();
        }
        while (answer.ExitCode != 0 && IsSaidIn(answer.Error) && --left > 0);
        return answer;
    }
}
