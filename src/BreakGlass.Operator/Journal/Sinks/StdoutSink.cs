using BreakGlass.Operator.Outbound;

namespace BreakGlass.Operator.Journal.Sinks;

/// <summary>
/// Writes entries to standard output, each on its own line. Log lines are there as well; only an entry has the member specversion. If nobody reads the pipe,
/// the write waits, and no other one begins.
/// </summary>
internal sealed class StdoutSink(TextWriter output)
{
    private Task _writing = Task.CompletedTask;

    /// <summary>Writes a batch.</summary>
    public async ValueTask<DeliveryAnswer> SendAsync(SinkBatch batch, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();

        // In one call, so that no log line gets between the parts of a line.
        var lines = string.Concat(batch.Copies.Select(copy => Encoding.UTF8.GetString(copy.Document.Span) + '\n'));
        _writing = Task.Run(() => output.Write(lines), CancellationToken.None);
        await _writing.WaitAsync(cancellationToken);
        return DeliveryAnswer.Taken;
    }
}
