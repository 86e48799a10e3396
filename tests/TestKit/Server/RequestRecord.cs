namespace TestKit;

/// <summary>One request that a client made. No bodies are kept: they carry secrets.</summary>
/// <param name="Number">Counts from 1.</param>
/// <param name="Call">What was asked.</param>
/// <param name="User">Who asked; empty if the token was refused.</param>
/// <param name="Code">HTTP code of the answer, also of a lost one; 0 if the server never saw the request.</param>
/// <param name="Fault">The fault that struck, if any.</param>
public sealed record RequestRecord(int Number, ApiCall Call, string User, int Code, string? Fault)
{
    /// <summary>Whether it was a write that took effect.</summary>
    public bool Wrote => Call.IsWrite && Code is >= 200 and < 300;

    /// <inheritdoc/>
    public override string ToString() => $"#{Number} {Call.Client} {Call} -> {Code}{(Fault is null ? "" : $" ({Fault})")}";
}
