using BreakGlass.Core.Journal;

namespace BreakGlass.Core.Sessions;

/// <summary>What the journal keeps of an audit event.</summary>
public static class Transcript
{
    /// <summary>The event, as the session's row describes it, with its own times, address and program.</summary>
    /// <param name="happened">The event.</param>
    /// <param name="byName">Whether only the user's name and the time say whose it is.</param>
    /// <param name="tokenOf">The ServiceAccount with whose token it was sent, which the identity had created; empty for its own requests.</param>
    public static SessionEvent Of(AuditEvent happened, bool byName, string tokenOf = "")
    {
        var row = SessionRows.Of(happened, "", tokenOf);
        return new()
        {
            AuditId = happened.AuditId,
            Stage = happened.Stage,
            ReceivedAt = happened.ReceivedAt,
            At = happened.At,
            Verb = row.Verb,
            ApiGroup = Some(row.ApiGroup),
            Resource = Some(row.Resource),
            Subresource = Some(row.Subresource),
            Namespace = Some(row.Namespace),
            Name = Some(row.Name),
            Code = happened.Code,

            // The last one is the peer of the connection; those before it are what the client says.
            SourceIp = happened.SourceIps is [.., var peer] ? peer : null,
            UserAgent = Some(happened.UserAgent),
            AsUser = Some(row.AsUser),
            TokenOf = Some(row.TokenOf),
            Command = row.Command,
            ByName = byName ? true : null,
            BytesIn = happened.BytesIn,
            BytesOut = happened.BytesOut,
        };
    }

    private static string? Some(string text) => text.Length == 0 ? null : text;
}
