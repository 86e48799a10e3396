using BreakGlass.Core.Rules;

namespace BreakGlass.Core.Sessions;

/// <summary>Whose events are read. All others are dropped before anything but their user is read.</summary>
/// <param name="settings">The operator's settings.</param>
/// <param name="byName">The requesters whose requests are attributed by their own name (BindRequester).</param>
/// <param name="tokens">The tokens that grants' identities created for ServiceAccounts; null if none is known.</param>
public sealed class AuditDoor(CoreSettings settings, IEnumerable<string> byName, MintedTokens? tokens = null)
{
    /// <summary>The longest user name that is compared; a longer one is foreign.</summary>
    public const int LongestUser = 1024;

    private readonly string _prefix = Subjects.ServiceAccountUser(settings.GrantsNamespace, "");
    private readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> _byName =
        byName.ToHashSet(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();

    private readonly MintedTokens _tokens = tokens ?? MintedTokens.None;

    private readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> _byToken =
        (tokens ?? MintedTokens.None).Usernames.ToHashSet(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Whether the events of a user are read.</summary>
    public bool Admits(ReadOnlySpan<char> user) => IsOwn(user) || _byToken.Contains(user);

    /// <summary>Whether an event that was read is kept: of a ServiceAccount for which a token was created, only the requests with that token are.</summary>
    public bool Keeps(AuditEvent happened) => IsOwn(happened.Username) || _tokens.UsedBy(happened) is not null;

    private bool IsOwn(ReadOnlySpan<char> user) => user.StartsWith(_prefix, StringComparison.Ordinal) || _byName.Contains(user);
}
