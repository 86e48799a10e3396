namespace BreakGlass.Gateway.Recording;

/// <summary>What a recording is of.</summary>
/// <param name="Grant">The name of the grant.</param>
/// <param name="GrantUid">Its UID.</param>
/// <param name="Id">The stream: the auditID of its request.</param>
/// <param name="Request">What was executed, where.</param>
/// <param name="Terms">What is recorded.</param>
internal sealed record RecordedStream(string Grant, string GrantUid, string Id, string Request, RecordingTerms Terms)
{
    /// <summary>The WebSocket subprotocol.</summary>
    public string? Protocol { get; init; }

    /// <summary>Whether the stream ends if it cannot be recorded.</summary>
    public bool EndsOnFailure => Terms.OnFailure is RecordingFailureHandling.End;
}
