using System.Globalization;
using System.Text;

namespace TestKit.Kubelet;

/// <summary>The log of a container: the lines that its main process writes, and those that a test appends.</summary>
public sealed class ContainerLog
{
    private readonly List<(DateTimeOffset At, string Text)> _lines = [];
    private readonly Signal _changed = new();
    private bool _hasEnded;

    /// <summary>Adds a line. Clients that follow the log get it at once.</summary>
    public void Append(string line)
    {
        lock (_lines) _lines.Add((TimeProvider.System.GetUtcNow(), line));
        _changed.Raise();
    }

    /// <summary>No more lines come: clients that follow the log get its end.</summary>
    internal void End()
    {
        lock (_lines) _hasEnded = true;
        _changed.Raise();
    }

    /// <summary>Writes the log as a client asks for it.</summary>
    internal async Task WriteAsync(Stream to, LogOptions options, CancellationToken cancellationToken)
    {
        var left = options.LimitBytes ?? long.MaxValue;
        for (var at = First(options); left > 0;)
        {
            var change = _changed.Next;
            var (lines, hasEnded) = From(at);
            foreach (var (time, text) in lines.Where(l => l.At >= options.Since))
            {
                var prefix = options.Timestamps ? time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffffff00Z ", CultureInfo.InvariantCulture) : "";
                var line = Encoding.UTF8.GetBytes($"{prefix}{text}\n");
                await to.WriteAsync(line.AsMemory(0, (int)Math.Min(left, line.Length)), cancellationToken);
                left -= Math.Min(left, line.Length);
            }

            at += lines.Count;
            await to.FlushAsync(cancellationToken);
            if (!options.Follow || hasEnded) return;
            await change.WaitAsync(cancellationToken);
        }
    }

    private int First(LogOptions options)
    {
        lock (_lines) return options.TailLines is { } tail ? (int)Math.Max(0, _lines.Count - tail) : 0;
    }

    private (IReadOnlyList<(DateTimeOffset At, string Text)> Lines, bool HasEnded) From(int at)
    {
        lock (_lines) return (_lines[at..], _hasEnded);
    }
}
