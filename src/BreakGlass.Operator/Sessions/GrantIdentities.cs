using BreakGlass.Core.Sessions;

namespace BreakGlass.Operator.Sessions;

/// <summary>
/// The identities of the grants in the caches, and the tokens that they created: by these, an event belongs to a grant. Thread-safe.
/// </summary>
internal sealed class GrantIdentities
{
    private readonly Lock _lock = new();
    private readonly ClusterCaches _caches;
    private readonly CoreSettings _settings;
    private volatile MintedTokens _tokens = MintedTokens.None;
    private volatile SessionNames? _names;
    private int _version;

    public GrantIdentities(ClusterCaches caches, CoreSettings settings)
    {
        (_caches, _settings) = (caches, settings);
        caches.Grants.AddHandler(_ => Interlocked.Increment(ref _version));
        caches.Sessions?.AddHandler(change => Learn(change.Kind is ChangeKind.Deleted ? [] : MintedTokens.Of(change.Object)));
    }

    /// <summary>Whose events are read now.</summary>
    public SessionNames Now()
    {
        var version = Volatile.Read(ref _version);
        if (_names is { } known && known.Version == version) return known;
        return _names = SessionNames.Of(version, _caches.Grants.Store.List(), _tokens, _settings);
    }

    /// <summary>The grant that an event belongs to; null if there is none.</summary>
    public Attributed? Whose(AuditEvent happened, SessionNames names) =>
        Attribution.Of(happened, _settings, _caches.Grant, name => names.ByName[name], names.Tokens);

    /// <summary>Remembers the tokens that grants' identities created by requests of a body; false if there is nothing new.</summary>
    public bool Learn(AuditPost post, SessionNames names) => Learn(post.Events.Where(e => e.IssuedCredentialId.Length > 0)
        .Select(e => Whose(e, names) is { } whose ? MintedTokens.IssuedBy(e, whose) : null).OfType<MintedToken>());

    /// <summary>The tokens of a grant's identity whose creation this replica has seen, the oldest first.</summary>
    public IEnumerable<MintedToken> TokensOf(string grantUid) => _tokens.All.Where(t => t.GrantUid == grantUid && !t.IsOthers).OrderBy(t => t.IssuedAt);

    /// <summary>Drops the tokens of grants that are gone.</summary>
    public void Trim()
    {
        lock (_lock) _tokens = _tokens.Only(t => _caches.Grant(t.Grant)?.Metadata.Uid == t.GrantUid);
    }

    /// <summary>Remembers tokens, from events or from what other replicas wrote; false if there is nothing new.</summary>
    private bool Learn(IEnumerable<MintedToken> tokens)
    {
        lock (_lock)
        {
            var more = _tokens.With(tokens);
            if (ReferenceEquals(more, _tokens)) return false;
            _tokens = more;
            Interlocked.Increment(ref _version);
            return true;
        }
    }
}
