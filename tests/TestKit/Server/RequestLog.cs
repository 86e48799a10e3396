namespace TestKit;

/// <summary>One request that a client made. No bodies are kept: they carry secrets.</summary>
/// <param name="Number">Counts from 1.</param>
/// <param name="Call">What was asked.</param>
/// <param name="User">Who asked; empty if the token was refused.</param>
/// <param name="Code">HTTP code of the answer, also of a lost one; 0 if the server never saw the request.</param>
/// <param name="Fault">The fault that struck, if any.</param>
public sealed record RequestRecord(int Number, ApiCall Call, string User, int Code, string? Fault)
{
    /// <summary>Whether it was a write that took effect.</summary>
    public bool Wrote => Call.IsWrite && Code is >= 200 and < 300;

    /// <inheritdoc/>
    public override string ToString() => $"#{Number} {Call.Client} {Call} -> {Code}{(Fault is null ? "" : $" ({Fault})")}";
}

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
