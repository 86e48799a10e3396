using BreakGlass.Core.Api;
using BreakGlass.Operator.Hosting;
using BreakGlass.Operator.Options;
using k8s;
using k8s.Models;
using Kube.Client;
using TestKit;

namespace Simulation;

/// <summary>
/// A cluster in memory with real operators in it, and one clock for all. Nothing happens at random: time moves only when the test says so, and
/// only after everybody has done what there was to do.
/// </summary>
internal sealed class World : IDisposable
{
    private readonly Stillness _stillness;
    private readonly List<Replica> _replicas = [];

    public World(Stillness stillness, FakeApiServerOptions? server = null, DateTimeOffset? start = null)
    {
        _stillness = stillness;
        Clock = new(start ?? FakeClock.DefaultStart);
        Server = new(Clock, server);
        History = new(Server);
        InstalledRbac.Install(Server);
    }

    public FakeClock Clock { get; }

    public FakeApiServer Server { get; }

    /// <summary>All that became of grants and of what was made for them, as the server saw it.</summary>
    public History History { get; }

    public LogBook Logs { get; } = new();

    public static OperatorOptions Options { get; } = new() { TrustRequester = true, Webhook = false, LeaderElect = false, Workers = 4, RevocationWorkers = 4 };

    public DateTimeOffset Now => Clock.GetUtcNow();

    /// <summary>Starts an operator, with the rights of <c>config/rbac</c> and no others, and lets it settle.</summary>
    public Replica Start(OperatorOptions? options = null, FakeUser? user = null, TimeProvider? clock = null)
    {
        var replica = new Replica(Server, Server.CreateHandler(user ?? InstalledRbac.Operator), options ?? Options, clock ?? Clock, Logs);
        _replicas.Add(replica);
        Settle();
        return replica;
    }

    /// <summary>Stops every operator in order, and waits until they have ended.</summary>
    public void Stop()
    {
        foreach (var replica in _replicas) replica.Stop();
        AdvanceUntil(() => _replicas.TrueForAll(r => r.Running.IsCompleted), TimeSpan.FromSeconds(100), "every operator has ended");
    }

    /// <summary>Called whenever everybody has come to rest, before time moves on.</summary>
    public Action? AtRest { get; set; }

    /// <summary>Comes back when everybody has done what there is to do at this instant.</summary>
    public void Settle()
    {
        _stillness.Await();
        var (act, again) = (AtRest, AtRest);
        AtRest = null;
        act?.Invoke();
        AtRest = again;
    }

    /// <summary>Moves time on, from timer to timer, and lets everybody settle at each.</summary>
    public void Advance(TimeSpan by)
    {
        Settle();
        var end = Clock.Elapsed + by;
        while (Clock.Elapsed < end)
        {
            var left = end - Clock.Elapsed;
            var next = Clock.ArmedTimers is [var first, ..] && first < left ? first : left;
            Clock.Advance(next > TimeSpan.Zero ? next : TimeSpan.Zero);
            Settle();
        }
    }

    public void AdvanceTo(DateTimeOffset instant)
    {
        if (instant > Now) Advance(instant - Now);
    }

    /// <summary>Moves time on until something is the case.</summary>
    public void AdvanceUntil(Func<bool> condition, TimeSpan within, string what)
    {
        Settle();
        var end = Clock.Elapsed + within;
        while (!condition())
        {
            if (Clock.Elapsed >= end) throw new TimeoutException($"In {within} of the fake clock it did not come to this: {what}.");
            Advance(Clock.ArmedTimers is [var first, ..] && first > TimeSpan.Zero ? first : TimeSpan.FromSeconds(1));
        }
    }

    public BreakGlassGrant? Grant(string name = "inc-4711") => Server.Get<BreakGlassGrant>(name);

    public BreakGlassPolicy? Policy(string name = "payments-oncall") => Server.Get<BreakGlassPolicy>(name);

    /// <summary>What is there of the objects that are made for grants.</summary>
    public IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Owned() =>
    [
        .. Server.List<V1RoleBinding>().Where(IsManaged),
        .. Server.List<V1ClusterRoleBinding>().Where(IsManaged),
        .. Server.List<V1Role>().Where(IsManaged),
        .. Server.List<V1ServiceAccount>("breakglass-grants"),
        .. Server.List<SecretMetadata>("breakglass-grants"),
    ];

    /// <summary>The events that were written, once everything told of so far was: notes wait a moment before they are.</summary>
    public IReadOnlyList<Eventsv1Event> Events()
    {
        Advance(OperatorEngine.EventLinger);
        return Server.List<Eventsv1Event>();
    }

    public void Dispose()
    {
        foreach (var replica in _replicas) replica.Stop();
        Settle();
        for (var step = 0; step < 100 && !_replicas.TrueForAll(r => r.Running.IsCompleted); step++)
        {
            Clock.Advance(TimeSpan.FromSeconds(1));
            Settle();
        }

        foreach (var replica in _replicas)
        {
            if (!replica.Running.IsCompleted) throw new TimeoutException("An operator did not end within 100 s of the fake clock after it was told to.");
            replica.Dispose();
        }
    }

    private static bool IsManaged(IKubernetesObject<V1ObjectMeta> o) => o.LabelsOrEmpty
        .GetValueOrDefault(BreakGlassApi.ManagedByLabel) == BreakGlassApi.ManagedBy
        || o.OwnersOrEmpty.Any(r => r.Kind == nameof(BreakGlassGrant));
}
