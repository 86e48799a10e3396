namespace BreakGlass.Core.Sessions;

/// <summary>
/// What one replica counted of one session. It grows by events and no further than its limits; the rows and totals of several replicas are added by those who
/// read them. Not thread-safe.
/// </summary>
/// <param name="observer">The replica.</param>
public sealed class SessionRecord(string observer)
{
    /// <summary>The most rows of a session, all replicas together; what has none is counted in rows for the rest.</summary>
    public const int MostRows = 500;

    /// <summary>How many of them only what is telling can have: a flood of other requests must not hide it.</summary>
    public const int RowsForTelling = 100;

    /// <summary>The most characters in the rows of one replica: the object of a session, with the notes of who wrote which field, must stay small.</summary>
    public const int MostText = 64 * 1024;

    /// <summary>The most addresses, and the most programs, that are named.</summary>
    public const int MostNamed = 5;

    /// <summary>The most pairs of address and program whose times are kept.</summary>
    public const int MostSources = 20;

    private const int TextForTelling = 16 * 1024;
    private const int LongestAddress = 64;
    private const int LongestProgram = 256;

    // What is only counted must be told apart from what was counted already; past this many it is not counted any more.
    private const int MostTold = 1000;

    private readonly Dictionary<SessionAction, SessionAction> _rows = [];
    private readonly HashSet<string> _addresses = [];
    private readonly HashSet<string> _programs = [];
    private readonly Dictionary<(string Address, string Program), SessionSource> _sources = [];
    private int _text;
    private int _othersRows;

    /// <summary>The totals.</summary>
    public SessionSummary Totals { get; private set; } = new();

    /// <summary>The rows, in the order in which they were first seen.</summary>
    public IReadOnlyList<SessionAction> Actions => [.. _rows.Values];

    /// <summary>How many rows there are.</summary>
    public int Rows => _rows.Count;

    /// <summary>Counts a request.</summary>
    /// <param name="happened">The request.</param>
    /// <param name="byName">Whether only the user's name and the time say whose it is.</param>
    /// <param name="tokenOf">
    /// The ServiceAccount with whose token it was sent, which the identity had created; empty for the identity's own requests. What such a token is used for,
    /// for example in a pod, shows nothing about the person, so that it is not the last activity.
    /// </param>
    public void Add(AuditEvent happened, bool byName, string tokenOf = "")
    {
        var row = SessionRows.Of(happened, observer, tokenOf);
        Totals = Totals with
        {
            Requests = Totals.Requests + 1,
            Writes = Totals.Writes + One(SessionRows.IsWrite(happened)),
            Denied = Totals.Denied + One(row.Result is ActionResult.Denied),
            Exec = Totals.Exec + One(SessionRows.IsExec(happened)),
            PortForward = Totals.PortForward + One(SessionRows.IsPortForward(happened)),
            SecretsRead = Totals.SecretsRead + One(SessionRows.ReadsSecrets(happened)),
            ByName = Totals.ByName || byName,
        };
        if (tokenOf.Length == 0) Use(happened.ReceivedAt);

        // The last one is the peer of the connection; those before it are what the client says (X-Forwarded-For).
        if (happened.SourceIps is [.., var peer]) Address(peer);
        if (happened.UserAgent.Length > 0) Program(happened.UserAgent);

        // Some programs only ask for the server's version before another one does the work, as kubectl of the Google Cloud SDK does.
        if (happened.Resource.Length > 0)
        {
            Source(new()
            {
                Address = Cut(happened.SourceIps is [.., var origin] ? origin : "", LongestAddress), Program = Cut(happened.UserAgent, LongestProgram),
                FirstAt = happened.ReceivedAt, LastAt = happened.ReceivedAt,
            });
        }

        Count(row with { Count = 1, FirstAt = happened.ReceivedAt, LastAt = happened.ReceivedAt });
    }

    /// <summary>A stream was opened.</summary>
    public void Open() => Totals = Totals with { OpenStreams = Totals.OpenStreams + 1 };

    /// <summary>A stream was closed: until now somebody could use it.</summary>
    public void Close(DateTimeOffset at)
    {
        Totals = Totals with { OpenStreams = Math.Max(0, Totals.OpenStreams - 1) };
        Use(at);
    }

    /// <summary>The grant was used until then.</summary>
    public void Use(DateTimeOffset at)
    {
        at = Timestamp.Millis(at);
        if (!(Totals.LastActivityAt >= at)) Totals = Totals with { LastActivityAt = at };
    }

    /// <summary>Takes over what this replica wrote of the session before, if it did; and sees how much room others have left.</summary>
    public void Restore(SessionStatus stored)
    {
        var since = (Totals, Actions, Addresses: _addresses.ToList(), Programs: _programs.ToList(), Sources: _sources.Values.ToList());
        _sources.Clear();
        foreach (var source in stored.Parts.FirstOrDefault(p => p.Observer == observer)?.Sources ?? []) Source(source);
        Totals = stored.Parts.FirstOrDefault(p => p.Observer == observer)?.Totals ?? new();
        (_text, _othersRows) = (0, stored.Actions.Count(a => a.Observer != observer));
        _rows.Clear();
        _addresses.Clear();
        _programs.Clear();
        _addresses.UnionWith(Totals.SourceIps);
        _programs.UnionWith(Totals.UserAgents);
        foreach (var row in stored.Actions.Where(a => a.Observer == observer)) Keep(KeyOf(row), row);
        var now = since.Totals;
        Totals = Totals with
        {
            Requests = Totals.Requests + now.Requests,
            Writes = Totals.Writes + now.Writes,
            Denied = Totals.Denied + now.Denied,
            Exec = Totals.Exec + now.Exec,
            PortForward = Totals.PortForward + now.PortForward,
            SecretsRead = Totals.SecretsRead + now.SecretsRead,
            OpenStreams = now.OpenStreams,
            ByName = Totals.ByName || now.ByName,
            Truncated = Totals.Truncated || now.Truncated,
        };
        if (now.LastActivityAt is { } last) Use(last);
        foreach (var address in since.Addresses) Address(address);
        foreach (var program in since.Programs) Program(program);
        foreach (var source in since.Sources) Source(source);
        foreach (var row in since.Actions) Count(row);
    }

    /// <summary>Sees how many rows other replicas wrote.</summary>
    public void SeeOthers(SessionStatus stored) => _othersRows = stored.Actions.Count(a => a.Observer != observer);

    /// <summary>What this replica says of the session.</summary>
    public SessionStatus Status(BreakGlassGrant grant) =>
        Own() with { GrantUid = grant.Metadata.Uid, Policy = grant.Spec.Policy, Requester = grant.Spec.Requester?.Username };

    /// <summary>What this replica counted.</summary>
    internal SessionStatus Own() => new() { Parts = [new() { Observer = observer, Totals = Totals, Sources = [.. _sources.Values] }], Actions = Actions };

    /// <summary>Goes on from what <see cref="Own"/> gave in the same process: streams that were open are.</summary>
    internal void Take(SessionStatus own)
    {
        Restore(own);
        Totals = Totals with { OpenStreams = own.Parts.Sum(p => p.Totals.OpenStreams) };
    }

    private static long One(bool counts) => counts ? 1 : 0;

    private void Address(string address)
    {
        if (_addresses.Count >= MostTold || !_addresses.Add(address)) return;
        Totals = Totals.SourceIps.Count < MostNamed
            ? Totals with { SourceIps = [.. Totals.SourceIps, address] } : Totals with { MoreSourceIps = Totals.MoreSourceIps + 1 };
    }

    private void Program(string program)
    {
        if (_programs.Count >= MostTold || !_programs.Add(program)) return;
        Totals = Totals.UserAgents.Count < MostNamed
            ? Totals with { UserAgents = [.. Totals.UserAgents, program] } : Totals with { MoreUserAgents = Totals.MoreUserAgents + 1 };
    }

    private void Source(SessionSource source)
    {
        var key = (source.Address, source.Program);
        var (first, last) = (Timestamp.Millis(source.FirstAt), Timestamp.Millis(source.LastAt));
        if (_sources.TryGetValue(key, out var known))
        {
            _sources[key] = known with { FirstAt = first < known.FirstAt ? first : known.FirstAt, LastAt = last > known.LastAt ? last : known.LastAt };
        }
        else if (_sources.Count < MostSources)
        {
            _sources[key] = source with { FirstAt = first, LastAt = last };
        }
    }

    private static string Cut(string text, int longest) =>
        text.Length <= longest ? text : text[..(char.IsHighSurrogate(text[longest - 1]) ? longest - 1 : longest)];

    private void Count(SessionAction row)
    {
        var key = KeyOf(row);
        if (!_rows.ContainsKey(key) && row.Verb != SessionRows.Other && !HasRoom(row))
        {
            Totals = Totals with { Truncated = true };
            row = SessionRows.Overflow(row.Result, observer) with { Count = row.Count, FirstAt = row.FirstAt, LastAt = row.LastAt };
            key = KeyOf(row);
        }

        Keep(key, row);
    }

    private bool HasRoom(SessionAction row)
    {
        var (rows, text) = (_rows.Count + _othersRows, _text + Weight(row));
        return SessionRows.IsTelling(row) ? rows < MostRows && text <= MostText : rows < MostRows - RowsForTelling && text <= MostText - TextForTelling;
    }

    private void Keep(SessionAction key, SessionAction row)
    {
        var (first, last) = (Timestamp.Millis(row.FirstAt), Timestamp.Millis(row.LastAt));
        if (_rows.TryGetValue(key, out var known))
        {
            _rows[key] = known with
            {
                Count = known.Count + row.Count,
                FirstAt = first < known.FirstAt ? first : known.FirstAt,
                LastAt = last > known.LastAt ? last : known.LastAt,
                Command = last >= known.LastAt ? row.Command ?? known.Command : known.Command,
            };
            return;
        }

        _text += Weight(row);
        _rows[key] = row with { Id = SessionRows.IdOf(row), FirstAt = first, LastAt = last };
    }

    private static SessionAction KeyOf(SessionAction row) => row with { Id = "", Command = null, Count = 0, FirstAt = default, LastAt = default };

    private static int Weight(SessionAction row) =>
        row.Verb.Length + row.ApiGroup.Length + row.Resource.Length + row.Subresource.Length + row.Namespace.Length + row.Name.Length + row.AsUser.Length
            + row.TokenOf.Length + (row.Command is null ? 0 : 512);
}
