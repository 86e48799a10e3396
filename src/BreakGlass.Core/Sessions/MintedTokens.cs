using System.Collections.Immutable;
using BreakGlass.Core.Rules;

namespace BreakGlass.Core.Sessions;

/// <summary>
/// The tokens that grants' identities created. From Kubernetes 1.30 on, the event of a TokenRequest names the token that it issued, and the event of each
/// request names the token that it was sent with (KEP-4193).
/// </summary>
public sealed class MintedTokens
{
    /// <summary>The most tokens of one grant; requests with further ones are not attributed.</summary>
    public const int MostOfGrant = 50;

    /// <summary>The most tokens of all grants.</summary>
    public const int Most = 5_000;

    private readonly ImmutableDictionary<string, MintedToken> _byId;

    private MintedTokens(ImmutableDictionary<string, MintedToken> byId) =>
        (_byId, Usernames) = (byId, byId.Values.Select(t => t.Username).ToHashSet(StringComparer.Ordinal));

    /// <summary>No token.</summary>
    public static MintedTokens None { get; } = new(ImmutableDictionary.Create<string, MintedToken>(StringComparer.Ordinal));

    /// <summary>All tokens.</summary>
    public IEnumerable<MintedToken> All => _byId.Values;

    /// <summary>The users whose tokens these are.</summary>
    public IReadOnlySet<string> Usernames { get; }

    /// <summary>The token that a request created; null if it created none.</summary>
    public static MintedToken? IssuedBy(AuditEvent happened, Attributed whose) =>
        happened is { IssuedCredentialId.Length: > 0, ApiGroup: "", Resource: "serviceaccounts", Subresource: "token", Verb: "create", Name.Length: > 0 }
            && SessionRows.ResultOf(happened) is ActionResult.Allowed
            ? new(happened.IssuedCredentialId, Subjects.ServiceAccountUser(happened.Namespace, happened.Name), whose.Grant.Metadata.Name,
                whose.Grant.Metadata.Uid ?? "", Timestamp.Millis(happened.ReceivedAt), whose.ByName)
            : null;

    /// <summary>The tokens that a session's record contains.</summary>
    public static IEnumerable<MintedToken> Of(BreakGlassSession session) => session.Status.Tokens.Where(t => t.CredentialId.Length > 0).Select(t =>
        new MintedToken(t.CredentialId, t.ServiceAccount, session.Metadata.Name, session.Status.GrantUid ?? "", t.IssuedAt, t.ByName) { IsOthers = true });

    /// <summary>With further tokens, as far as there is room; the same object if there is nothing new.</summary>
    public MintedTokens With(IEnumerable<MintedToken> more)
    {
        var byId = _byId;
        foreach (var token in more)
        {
            if (byId.Count >= Most || byId.ContainsKey(token.CredentialId) || byId.Values.Count(t => t.GrantUid == token.GrantUid) >= MostOfGrant) continue;
            byId = byId.Add(token.CredentialId, token);
        }

        return ReferenceEquals(byId, _byId) ? this : new(byId);
    }

    /// <summary>Only some of the tokens; the same object if that is all of them.</summary>
    public MintedTokens Only(Func<MintedToken, bool> which)
    {
        var gone = _byId.Values.Where(t => !which(t)).Select(t => t.CredentialId).ToList();
        return gone.Count == 0 ? this : new(_byId.RemoveRange(gone));
    }

    /// <summary>The token that a request was sent with; null if it is none of these. The user must be the token's, too.</summary>
    public MintedToken? UsedBy(AuditEvent happened) => happened.CredentialId.Length > 0 && _byId.TryGetValue(happened.CredentialId, out var token)
        && token.Username == happened.Username ? token : null;
}
