using BreakGlass.Core.Sessions;

namespace BreakGlass.Operator.Sessions;

/// <summary>
/// Requests that created an object whose name the gateway does not know. They wait a little for the API server's own event, which has the name, and by which
/// what is left of a session is found. Not thread-safe.
/// </summary>
internal sealed class NamelessRequests
{
    /// <summary>How long they wait: with the batches that docs/sessions.md recommends, an event arrives within two seconds.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private const int Most = 10_000;

    private readonly Dictionary<string, (AuditEvent Event, Attributed Whose)> _waiting = new(StringComparer.Ordinal);
    private readonly Queue<(string Id, long At)> _order = new();

    /// <summary>Keeps a request.</summary>
    public void Add(string id, AuditEvent happened, Attributed whose, long now)
    {
        _waiting[id] = (happened, whose);
        _order.Enqueue((id, now));
    }

    /// <summary>Drops a request, because the API server's own event of it came; false if it does not wait.</summary>
    public bool Take(string id) => _waiting.Remove(id);

    /// <summary>Gives those that have waited long enough, or all of them.</summary>
    public IReadOnlyList<(string Id, AuditEvent Event, Attributed Whose)> TakeDue(TimeProvider time, bool all)
    {
        List<(string, AuditEvent, Attributed)> due = [];
        while (_order.TryPeek(out var first) && (all || time.GetElapsedTime(first.At) >= Patience || _order.Count > Most))
        {
            _order.Dequeue();
            if (_waiting.Remove(first.Id, out var waiting)) due.Add((first.Id, waiting.Event, waiting.Whose));
        }

        return due;
    }
}
