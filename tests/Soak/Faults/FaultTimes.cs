using Soak.Observing;

namespace Soak.Faults;

/// <summary>When which fault was there, and so until when access may last.</summary>
internal sealed class FaultTimes(History history)
{
    private readonly Lock _gate = new();
    private readonly List<Window> _all = [];

    /// <summary>A fault begins; it ends when what is given back is disposed.</summary>
    public Window Open(string fault)
    {
        history.Say($"fault {fault} begins", aloud: true);
        return Add(new(fault, history));
    }

    public Window Add(Window window)
    {
        lock (_gate) _all.Add(window);
        return window;
    }

    /// <summary>The faults that were there at some time between two.</summary>
    public IReadOnlyList<string> Between(DateTimeOffset from, DateTimeOffset to)
    {
        lock (_gate) return [.. _all.Where(w => w.From <= to && (w.Until ?? DateTimeOffset.MaxValue) >= from).Select(w => w.Fault).Distinct()];
    }

    /// <summary>How often each was there.</summary>
    public IReadOnlyDictionary<string, int> Counts
    {
        get
        {
            lock (_gate) return _all.GroupBy(w => w.Fault).ToDictionary(g => g.Key, g => g.Count());
        }
    }

    /// <summary>The latest instant at which access may still be there; null while a fault lasts after whose end there is more time.</summary>
    public DateTimeOffset? Latest(DueEnd due, bool bound)
    {
        var most = due.At + Allowances.Most;
        var latest = due.At + (due.Ends is Ends.ByTime ? Allowances.ByTime : Allowances.ByWord);
        Window[] all;
        lock (_gate) all = [.. _all];
        for (var grows = true; grows;)
        {
            grows = false;
            foreach (var window in all.Where(w => w.From <= latest && (w.Until is null || w.Until >= due.At - TimeSpan.FromSeconds(60))))
            {
                foreach (var row in Allowances.All.Where(a => a.Fault == window.Fault && a.Ends.HasFlag(due.Ends) && (bound || !a.BoundOnly)))
                {
                    if (Until(row, window, due) is not { } until) return Clock.Now < most ? null : most;
                    if (until <= latest) continue;
                    (latest, grows) = (until, true);
                }
            }
        }

        return latest < most ? latest : most;
    }

    private static DateTimeOffset? Until(Allowance row, Window window, DueEnd due)
    {
        var until = due.At;
        if (row.FromStart is { } start) until = Later(until, window.From.AddSeconds(start));
        if (row.FromDue is { } grace && (window.Until is null || window.Until >= due.At.AddSeconds(-20))) until = Later(until, due.At.AddSeconds(grace));
        if (row.AfterFault is not { } after) return until;
        return window.Until is { } end ? Later(until, end.AddSeconds(after)) : null;
    }

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;
}
