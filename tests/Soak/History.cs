using System.Globalization;
using System.Text;

namespace Soak;

/// <summary>
/// Everything that was done and seen, with its time: kept in a file, and in memory by grant for a violation's message. What is written here comes from this
/// program's own words and from statuses, never from a Secret or a token.
/// </summary>
internal sealed class History : IDisposable
{
    private const int LinesOfAGrant = 80;
    private const int LinesOfTheWorld = 200;
    private readonly Lock _gate = new();
    private readonly StreamWriter _file;
    private readonly Dictionary<string, Queue<(DateTimeOffset At, string Line)>> _byGrant = new(StringComparer.Ordinal);
    private readonly Queue<(DateTimeOffset At, string Line)> _world = [];
    private readonly List<string> _violations = [];
    private readonly Action<string> _tell;

    /// <param name="seed">Of the run.</param>
    /// <param name="tell">Shows a line to the person who watches.</param>
    /// <param name="directory">Default: artifacts/soak/SEED, which is emptied.</param>
    public History(int seed, Action<string> tell, string? directory = null)
    {
        (Seed, _tell) = (seed, tell);
        Directory = directory ?? Path.Combine(TestKit.Golden.RepositoryRoot, "artifacts", "soak", seed.ToString(CultureInfo.InvariantCulture));
        if (System.IO.Directory.Exists(Directory)) System.IO.Directory.Delete(Directory, recursive: true);
        System.IO.Directory.CreateDirectory(Directory);
        _file = new(Path.Combine(Directory, "history.log")) { AutoFlush = true };
    }

    public int Seed { get; }

    /// <summary>Where the history, the summary and the replicas' logs are.</summary>
    public string Directory { get; }

    public IReadOnlyList<string> Violations
    {
        get
        {
            lock (_gate) return [.. _violations];
        }
    }

    /// <summary>Something that concerns one grant.</summary>
    public void Say(string grant, string what)
    {
        lock (_gate)
        {
            if (!_byGrant.TryGetValue(grant, out var lines)) _byGrant[grant] = lines = [];
            Keep(lines, LinesOfAGrant, $"{grant}: {what}");
        }
    }

    /// <summary>Something that concerns everybody: a fault, a lockdown, a replica.</summary>
    /// <param name="what">In words.</param>
    /// <param name="aloud">Whether the person who watches the run sees it too.</param>
    public void Say(string what, bool aloud = false)
    {
        lock (_gate) Keep(_world, LinesOfTheWorld, what);
        if (aloud) _tell(what);
    }

    /// <summary>Something that must never happen.</summary>
    public void Violation(string invariant, string what, string? grant = null)
    {
        var text = new StringBuilder().AppendLine(
            CultureInfo.InvariantCulture, $"VIOLATION seed {Seed}: {invariant}: {(grant is null ? "" : grant + ": ")}{what}");
        lock (_gate)
        {
            if (grant is not null && _violations.Exists(v => v.Contains($": {invariant}: {grant}: ", StringComparison.Ordinal))) return;
            var own = grant is not null && _byGrant.TryGetValue(grant, out var lines) ? lines.ToArray() : [];
            var since = own.Length > 0 ? own[0].At.AddSeconds(-20) : Clock.Now.AddSeconds(-60);
            foreach (var (_, line) in own.Concat(_world.Where(l => l.At >= since)).OrderBy(l => l.At))
                text.AppendLine(CultureInfo.InvariantCulture, $"  {line}");
            text.Append(CultureInfo.InvariantCulture, $"  the whole history: {Directory}/history.log; again: SOAK_SEED={Seed} make soak");
            _violations.Add(text.ToString());
            _file.WriteLine(text.ToString());
        }

        _tell(text.ToString());
    }

    /// <summary>Forgets the lines of a grant that was judged to the end.</summary>
    public void Forget(string grant)
    {
        lock (_gate) _byGrant.Remove(grant);
    }

    public void Dispose()
    {
        lock (_gate) _file.Dispose();
    }

    private void Keep(Queue<(DateTimeOffset At, string Line)> lines, int most, string what)
    {
        var now = Clock.Now;
        var line = $"{now.ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture)} {what}";
        _file.WriteLine(line);
        lines.Enqueue((now, line));
        if (lines.Count > most) lines.Dequeue();
    }
}
