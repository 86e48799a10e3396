using BreakGlass.Operator.Outbound;

namespace BreakGlass.Operator.Journal.Sinks;

/// <summary>
/// Sends copies of the journal outside: all sinks of one leader's term, each with its own worker, so that one that is slow or dead delays no other one, and
/// not the journal. Entries are read back from the journal, so nothing waits in memory.
/// </summary>
internal sealed class JournalSinks : IDisposable
{
    private readonly IReadOnlyList<SinkSettings> _sinks;
    private readonly IReadOnlyList<SinkWorker> _workers;
    private readonly JournalHead _head = new();
    private readonly HttpClient _http = OutboundHttp.Create();
    private readonly OperatorMetrics _metrics;

    /// <param name="sinks">The sinks.</param>
    /// <param name="storage">Where the journal is.</param>
    /// <param name="origin">Whose journal.</param>
    /// <param name="cluster">The cluster's name.</param>
    /// <param name="metrics">Counts what came of entries.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Log.</param>
    /// <param name="output">Standard output, for sinks of this type; by default that of the process.</param>
    public JournalSinks(IReadOnlyList<SinkSettings> sinks, IJournalStorage storage, string origin, string cluster, OperatorMetrics metrics, TimeProvider time,
        ILogger logger, TextWriter? output = null)
    {
        (_sinks, _metrics) = (sinks, metrics);
        var store = new SinkStore(storage, origin);
        _workers = [.. sinks.Select(sink => new SinkWorker(
            sink, SinkDestination.Of(sink, _http, output ?? Console.Out, cluster, time), store, _head,
            (result, count) => metrics.AuditRecords(sink.Name, result, count), position => Acknowledge(sink, position), time, logger))];
        foreach (var sink in sinks) metrics.AuditingTo(sink.Name, DeliveryResults.Delivered, DeliveryResults.Failed);
        var names = sinks.Select(sink => $"{sink.Name} ({SinkFields.TypeName(sink.Type)})");
        if (sinks.Count > 0) logger.Copying(string.Join(", ", names));
    }

    /// <summary>Called when a sink that is required has acknowledged more. Handlers must be quick, and must not throw.</summary>
    public Action? RequiredAcknowledged { get; set; }

    /// <summary>
    /// How many entries, from the first one, all sinks that are required have acknowledged: an entry with a smaller index is with each of them. Null if no
    /// sink is required. 0 until the positions are read.
    /// </summary>
    public long? AcknowledgedByRequired => _sinks.Zip(_workers).Where(s => s.First.IsRequired).Select(s => (long?)s.Second.Position).Min();

    /// <summary>A checkpoint covers so many entries. Never waits.</summary>
    public void Covers(long size)
    {
        _head.Set(size);
        foreach (var (sink, worker) in _sinks.Zip(_workers)) ShowBacklog(sink, worker.Position);
    }

    /// <summary>Delivers until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Task.WhenAll(_workers.Select(worker => worker.RunAsync(cancellationToken)));
        }
        finally
        {
            foreach (var sink in _sinks) _metrics.AuditBacklog(sink.Name, null);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private void Acknowledge(SinkSettings sink, long position)
    {
        ShowBacklog(sink, position);
        if (sink.IsRequired) RequiredAcknowledged?.Invoke();
    }

    private void ShowBacklog(SinkSettings sink, long position) =>
        _metrics.AuditBacklog(sink.Name, (int)Math.Clamp(_head.Size - position, 0, int.MaxValue));
}
