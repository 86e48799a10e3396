namespace TestKit;

/// <summary>
/// A Kubernetes API server in memory, without sockets: state and HTTP semantics behind <see cref="HttpMessageHandler"/>s, with
/// the real server's codes and Status bodies. Time is the <see cref="FakeClock"/>'s, UIDs and names are the same in every run,
/// and a request is carried out synchronously on the caller's thread (but for injected latency), so tests are deterministic.
/// </summary>
/// <remarks>
/// Compared request by request with kube-apiserver 1.20.2: codes, reasons, causes and nearly all messages are the same.
/// Not imitated: schemas of CRDs (give a <see cref="ResourceDefinition.Default"/> and <see cref="ResourceDefinition.Validate"/> where
/// they matter), admission webhooks, strategic merge patch, dry runs, aggregation of ClusterRoles, priority and fairness.
/// Garbage collection and namespace deletion happen only when asked for: <see cref="CollectGarbage"/>, <see cref="FinishNamespaceDeletion"/>.
/// </remarks>
public sealed partial class FakeApiServer
{
    private readonly ObjectStore _store = new();
    private readonly FakeApiServerOptions _options;
    private readonly ObjectWriter _writer;
    private readonly Lister _lister;
    private readonly RbacAuthorizer _rbac;
    private readonly Tokens _tokens;
    private readonly Reviews _reviews;
    private readonly ServerSideApply _apply = new();
    private readonly System.Collections.Concurrent.ConcurrentQueue<TimeSpan> _poison = new();
    private int _clients;

    /// <summary>A server whose time is <paramref name="clock"/>'s.</summary>
    public FakeApiServer(FakeClock clock, FakeApiServerOptions? options = null)
    {
        Clock = clock;
        _options = options ?? new();
        Resources = new(_options.Version);
        Requests = new(Changed);
        Watches = new(_store, clock, Changed);
        _writer = new(_store, Resources, clock);
        _lister = new(_store, Watches.HeldAt);
        _rbac = new(_store, Resources);
        _tokens = new(_store, Resources, clock, _options);
        _reviews = new(_rbac, _tokens);
        if (_options.Seed) Seeds.Plant(this);
        Requests.Clear();
    }

    /// <summary>The address that clients of <see cref="CreateHandler"/> talk to.</summary>
    public static Uri Address { get; } = new("https://fake-apiserver.test/");

    /// <summary>The server's time.</summary>
    public FakeClock Clock { get; }

    /// <summary>What is served.</summary>
    public ResourceRegistry Resources { get; }

    /// <summary>Every request so far.</summary>
    public RequestLog Requests { get; }

    /// <summary>The open watches, and ways to disturb them.</summary>
    public WatchControl Watches { get; }

    /// <summary>Faults to inject.</summary>
    public FaultPlan Faults { get; } = new();

    /// <summary>Raised after every request, every change of an object and every read of a watch to its end.</summary>
    public Signal Changed { get; } = new();

    /// <summary>How far the <c>Date</c> header is off the clock: what a client with a wrong clock sees, turned round.</summary>
    public TimeSpan DateSkew { get; set; }

    /// <summary>The next answers say another time than all others, as after a proxy has altered them or where one of several servers is wrong.</summary>
    /// <param name="by">How far their <c>Date</c> is off, on top of <see cref="DateSkew"/>.</param>
    /// <param name="answers">How many.</param>
    public void PoisonDates(TimeSpan by, int answers = 1)
    {
        for (var i = 0; i < answers; i++) _poison.Enqueue(by);
    }

    /// <summary>The revision of the last change.</summary>
    public long Revision
    {
        get { lock (_store.Gate) return _store.Revision; }
    }

    /// <summary>A transport to this server: give it to an HttpClient or a KubeClient.</summary>
    /// <param name="user">Who its requests come from, unless they carry a bearer token of ours; an administrator unless given.</param>
    /// <param name="client">Name for the log and for faults; <c>client-1</c> and so on unless given.</param>
    public FakeApiHandler CreateHandler(FakeUser? user = null, string? client = null) =>
        new(this, user ?? FakeUser.Admin, client ?? $"client-{Interlocked.Increment(ref _clients)}");

    /// <summary>Completes once <paramref name="condition"/> holds, which is asked after every request and change.</summary>
    public Task Until(Func<bool> condition, string what) =>
        Changed.Until(condition, what, () => "last requests:\n" + string.Join('\n', Requests.All.TakeLast(20)));

    /// <summary>Forgets the past: watches and exact lists from before now, and continue tokens given out so far, are told 410.</summary>
    public void Compact()
    {
        lock (_store.Gate) _store.Compact(_store.Revision);
    }

    /// <summary>Raises the revision counter without a change, as writes to resources that nobody here watches do.</summary>
    public void SkipRevisions(long count)
    {
        lock (_store.Gate) _store.Skip(count);
    }

    internal void WithGate(Action act)
    {
        lock (_store.Gate) act();
    }

}
