using BreakGlass.Operator.Outbound;

namespace BreakGlass.Operator.Journal.Sinks;

/// <summary>
/// Sends copies of the journal outside: all sinks of one leader's term, each with its own worker, so that one that is slow or dead delays no other one, and
/// not the journal. Entries are read back from the journal, so nothing waits in memory.
/// </summary>
internal sealed class JournalSinks : IDisposable
{
    /// <summary>The longest that one entry is waited for. A grant that needs it asks again.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly IReadOnlyList<SinkSettings> _sinks;
    private readonly IReadOnlyList<SinkWorker> _workers;
    private readonly JournalHead _head = new();
    private readonly HttpClient _http = OutboundHttp.Create();
    private readonly OperatorMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<TaskCompletionSource, long> _waiting = new();

    // A position is read and shown as one, or an older backlog could be shown last.
    private readonly Lock _backlog = new();

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
        (_sinks, _metrics, _time) = (sinks, metrics, time);
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

    /// <summary>Waits until all required sinks have an entry.</summary>
    /// <returns>Null once they have, or if no sink is required; else which of them have not.</returns>
    public async Task<string?> WaitAsync(long index, CancellationToken cancellationToken)
    {
        var acknowledged = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[acknowledged] = index;
        try
        {
            if (AcknowledgedByRequired is not { } position || position > index) return null;
            await acknowledged.Task.WaitAsync(Patience, _time, cancellationToken);
            return null;
        }
        catch (TimeoutException)
        {
            var late = _sinks.Zip(_workers).Where(s => s.First.IsRequired && s.Second.Position <= index).Select(s => s.First.Name);
            return $"the entry is in the journal, and a required sink has not taken it within {Patience.TotalSeconds:0} s: {string.Join(", ", late)}";
        }
        finally
        {
            _waiting.TryRemove(acknowledged, out _);
        }
    }

    /// <summary>A checkpoint covers so many entries. Never waits.</summary>
    public void Covers(long size)
    {
        _head.Set(size);
        lock (_backlog)
        {
            foreach (var (sink, worker) in _sinks.Zip(_workers)) ShowBacklog(sink, worker.Position);
        }
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
        lock (_backlog) ShowBacklog(sink, position);
        if (!sink.IsRequired) return;
        foreach (var (acknowledged, index) in _waiting)
        {
            if (AcknowledgedByRequired > index) acknowledged.TrySetResult();
        }

        RequiredAcknowledged?.Invoke();
    }

    private void ShowBacklog(SinkSettings sink, long position) =>
        _metrics.AuditBacklog(sink.Name, (int)Math.Clamp(_head.Size - position, 0, int.MaxValue));
}
