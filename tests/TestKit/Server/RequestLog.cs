namespace TestKit;

/// <summary>Every request since the start or the last <see cref="Clear"/>.</summary>
public sealed class RequestLog
{
    private readonly Lock _lock = new();
    private readonly List<RequestRecord> _all = [];
    private readonly Signal _changed;
    private int _last;

    internal RequestLog(Signal changed) => _changed = changed;

    /// <summary>All of them, in the order in which the server dealt with them.</summary>
    public IReadOnlyList<RequestRecord> All
    {
        get { lock (_lock) return [.. _all]; }
    }

    /// <summary>The writes that took effect.</summary>
    public IReadOnlyList<RequestRecord> Writes => [.. All.Where(r => r.Wrote)];

    /// <summary>Forgets them.</summary>
    public void Clear()
    {
        lock (_lock) _all.Clear();
    }

    /// <summary>Completes once a request is in the log that satisfies <paramref name="condition"/>.</summary>
    public Task WhenSeen(Func<RequestRecord, bool> condition, string what) =>
        _changed.Until(() => All.Any(condition), what, () => "seen:\n" + string.Join('\n', All));

    internal void Add(ApiCall call, string user, int code, string? fault)
    {
        lock (_lock) _all.Add(new(++_last, call, user, code, fault));
        _changed.Raise();
    }
}
