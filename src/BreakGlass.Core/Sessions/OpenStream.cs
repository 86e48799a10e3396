namespace BreakGlass.Core.Sessions;

/// <summary>A stream that is open as far as is known: its answer began and did not end.</summary>
/// <param name="Grant">The name of its grant.</param>
/// <param name="GrantUid">The UID of its grant.</param>
/// <param name="Request">What was requested, in words.</param>
/// <param name="Since">When the API server received the request.</param>
public sealed record OpenStream(string Grant, string GrantUid, string Request, DateTimeOffset Since)
{
    /// <summary>Whether it goes through the gateway, which closes it when the grant ends.</summary>
    public bool IsByGateway { get; init; }

    /// <summary>How the record of a grant that is over names it.</summary>
    public string Note => $"open {Request} (since {Timestamp.Text(Since)})";
}
