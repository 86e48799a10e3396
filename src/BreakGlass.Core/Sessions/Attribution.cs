using BreakGlass.Core.Guard;
using BreakGlass.Core.Model;

namespace BreakGlass.Core.Sessions;

/// <summary>Decides which grant an event belongs to.</summary>
public static class Attribution
{
    /// <summary>
    /// The grant whose access a request used; null if it is the request of no grant that is known. A ServiceAccount belongs to the grant whose name and UID
    /// its name is made of. A request that is sent with a token that a grant's identity created belongs to that grant. A requester who is bound under their
    /// own name used the grant that was the last to become active, of those that were active when the API server received the request.
    /// </summary>
    /// <param name="happened">The event.</param>
    /// <param name="settings">The operator's settings.</param>
    /// <param name="grant">Finds a grant by name.</param>
    /// <param name="byName">Finds the BindRequester grants of a requester.</param>
    /// <param name="tokens">The tokens that grants' identities created for ServiceAccounts; null if none is known.</param>
    public static Attributed? Of(
        AuditEvent happened, CoreSettings settings, Func<string, BreakGlassGrant?> grant, Func<string, IEnumerable<BreakGlassGrant>> byName,
        MintedTokens? tokens = null)
    {
        if (PersistenceGuard.IdentityOf(happened.Username, settings) is { } identity)
        {
            return PersistenceGuard.GrantNameOf(identity) is { } name && grant(name) is { } known && PersistenceGuard.IsOf(identity, known)
                && (known.Status.ServiceAccount ?? Place(identity, settings)) == Place(identity, settings) ? new(known, ByName: false) : null;
        }

        if (tokens?.UsedBy(happened) is { } token && grant(token.Grant) is { } maker && maker.Metadata.Uid == token.GrantUid)
            return new(maker, token.ByName) { TokenOf = token.Username };
        return byName(happened.Username).Where(g => IsByName(g) && WasActiveAt(g.Status, happened.ReceivedAt)).MaxBy(g => g.Status.ActivatedAt) is { } used
            ? new(used, ByName: true) : null;
    }

    /// <summary>The name by which requests for a grant are found; null if they are found by its ServiceAccount.</summary>
    public static string? NameOf(BreakGlassGrant grant) => IsByName(grant) && grant.Spec.Requester?.Username is { Length: > 0 } name ? name : null;

    private static bool IsByName(BreakGlassGrant grant) => grant.Status is { Credential: CredentialKind.BindRequester, IsRecorded: true };

    private static bool WasActiveAt(GrantStatus status, DateTimeOffset at) => status.ActivatedAt <= at && at <= (status.EndedAt ?? status.ExpiresAt);

    private static string Place(string identity, CoreSettings settings) => $"{settings.GrantsNamespace}/{identity}";
}
