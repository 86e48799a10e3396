namespace BreakGlass.Operator.Sessions;

/// <summary>
/// How far the API server's audit events, or the reports of the gateway, have arrived, at any replica: which of them gets them depends on connections. The
/// replica that is ahead writes the time of its latest event into a Lease, and all read it; only while a policy has an idle timeout, because nothing else
/// needs it.
/// </summary>
/// <param name="client">The client.</param>
/// <param name="ns">The operator's namespace.</param>
/// <param name="lease">The name of the Lease: one of the constants.</param>
/// <param name="caches">The policies.</param>
/// <param name="here">The time of the latest event that this replica received; null if none.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed class AuditPulse(
    KubeClient client, string ns, string lease, ClusterCaches caches, Func<DateTimeOffset?> here, TimeProvider time, ILogger logger)
{
    /// <summary>Of the API server's audit events.</summary>
    public const string OfAudit = "breakglass-operator-audit";

    /// <summary>Of the gateway's reports.</summary>
    public const string OfGateway = "breakglass-operator-gateway";

    /// <summary>
    /// How long an event is known before it counts. It may have arrived together with one of a grant, which a replica writes within this time
    /// (<see cref="SessionBook.Period"/>).
    /// </summary>
    public static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(2500);

    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1);

    private readonly DateTimeOffset _since = time.GetUtcNow();
    private readonly Lock _lock = new();
    private readonly Queue<(long At, DateTimeOffset Event)> _fresh = new();
    private DateTimeOffset? _settled;
    private bool _exchanges;

    /// <summary>What is known now.</summary>
    public AuditArrival Now
    {
        get
        {
            lock (_lock)
            {
                while (_fresh.TryPeek(out var first) && time.GetElapsedTime(first.At) >= Settle)
                {
                    if (!(_settled > first.Event)) _settled = first.Event;
                    _fresh.Dequeue();
                }

                return new(_since, _settled) { IsByGateway = lease == OfGateway };
            }
        }
    }

    public Task RunAsync(CancellationToken cancellationToken) => time.EveryAsync(Period, atOnce: true, async token =>
    {
        Note(here());
        _exchanges = !_exchanges;
        if (_exchanges) await ExchangeAsync(token);
    }, cancellationToken);

    /// <summary>Reads what others wrote, and writes the time of the latest event here if that is ahead.</summary>
    internal async Task ExchangeAsync(CancellationToken cancellationToken)
    {
        if (!caches.Policies.Store.List().Any(p => p.Spec.IdleTimeout is not null)) return;
        try
        {
            var there = await client.TryGetAsync<V1Lease>(lease, ns, cancellationToken);
            var (written, mine) = (there?.Spec?.RenewTime.AsUtc(), here());

            // Somebody whose clock was ahead wrote what has not happened yet. As long as it is there, it would say that events arrive.
            if (written > time.GetUtcNow() + AuditArrival.Silence) written = null;
            Note(written);
            if (mine is not { } at || written >= at - Step) return;
            var spec = new V1LeaseSpec { RenewTime = at.UtcDateTime };
            var made = there ?? new() { Metadata = new() { Name = lease, NamespaceProperty = ns } };
            if (there is null) await client.CreateAsync(made with { Spec = spec }, cancellationToken);
            else await client.ReplaceAsync(made with { Spec = spec }, cancellationToken);
        }
        catch (KubeApiException e) when (e.IsConflict)
        {
            // Another replica was faster.
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException)
        {
            logger.PulseNotShared(e);
        }
    }

    private void Note(DateTimeOffset? happened)
    {
        if (happened is not { } at) return;
        lock (_lock)
        {
            if (!(_settled >= at) && !_fresh.Any(f => f.Event >= at)) _fresh.Enqueue((time.GetTimestamp(), at));
        }
    }
}
