namespace BreakGlass.Gateway.Admission;

/// <summary>Why a request is not forwarded, or does not go on.</summary>
/// <param name="Reason">One of <see cref="RefusalReasons"/>; a label of a metric.</param>
/// <param name="Code">The HTTP status code of the answer.</param>
/// <param name="Message">A sentence for the person who sent the request.</param>
internal sealed record Refusal(string Reason, int Code, string Message)
{
    /// <summary>After how many seconds it makes sense to try again; null if it does not.</summary>
    public int? RetryAfter { get; init; }

    /// <summary>Whether the client has no admitted grant, so that its connection is closed.</summary>
    public bool IsUnauthorized => Code == StatusCodes.Status401Unauthorized;
}
