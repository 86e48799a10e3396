using System.Globalization;
using Soak.Faults;

namespace Soak.Observing;

/// <summary>Says of every try with a grant's access whether it may have worked, by the observer's own clock.</summary>
internal sealed class Judge(History history, FaultTimes times, Stalls stalls)
{
    private readonly Lock _gate = new();
    private readonly List<Shut> _shuts = [];
    private readonly SortedDictionary<string, (double ByTime, double ByWord)> _worst = new(StringComparer.Ordinal);

    /// <summary>The longest that access was seen past its end, in seconds, by the faults that were there between the end and the look.</summary>
    public IReadOnlyDictionary<string, (double ByTime, double ByWord)> Worst
    {
        get
        {
            lock (_gate) return new SortedDictionary<string, (double ByTime, double ByWord)>(_worst, StringComparer.Ordinal);
        }
    }

    /// <summary>Somebody has shut something, and the API server has taken it.</summary>
    public Shut Shut(string cause, Ends ends, Func<KnownGrant, bool> scope, IEnumerable<KnownGrant> grants)
    {
        var shut = new Shut(cause, ends, scope, Clock.Now);
        lock (_gate) _shuts.Add(shut);
        foreach (var grant in grants) Apply(shut, grant);
        return shut;
    }

    /// <summary>What was shut while its activation was not known yet here.</summary>
    public void Learned(KnownGrant grant)
    {
        foreach (var shut in Shuts(grant.ActivatedAt ?? Clock.Now)) Apply(shut, grant);
    }

    /// <summary>A try was made with the grant's access, and the API server let it through or refused it.</summary>
    /// <param name="grant">Whose.</param>
    /// <param name="started">When the request was begun: what the API server decided cannot be older.</param>
    /// <param name="allowed">What it said.</param>
    public void Tried(KnownGrant grant, DateTimeOffset started, bool allowed)
    {
        var due = grant.Dues.Where(d => d.At < started).ToList();
        if (!allowed)
        {
            if (due.Count > 0 && grant.Cut is null)
            {
                grant.Cut = started;
                history.Say(grant.Name, $"access is gone, {Seconds(started - due.Min(d => d.At))} after it had to be");
            }

            return;
        }

        if (!grant.WasOpen)
        {
            grant.WasOpen = true;
            history.Say(grant.Name, "access works");
        }

        if (grant.MustNotOpen is { } why) history.Violation("admitted", $"access works, and must not: {why}", grant.Name);
        var now = Clock.Now;
        due.AddRange(Shuts(started).Where(s => s.Covers(grant) && s.From < started && (s.Until is null || now < s.Until))
            .Select(s => new DueEnd(s.Kind, s.From, s.Cause)));
        foreach (var end in due.Where(d => d.At < started)) Late(grant, end, started);
    }

    private void Late(KnownGrant grant, DueEnd due, DateTimeOffset started)
    {
        var late = started - due.At;
        var faults = times.Between(due.At.AddSeconds(-20), started);
        Keep(faults.Count == 0 ? "(none)" : string.Join('+', faults.Order()), due.Ends, late.TotalSeconds);
        if (times.Latest(due, grant.Bound) is not { } latest || started <= latest) return;
        var discount = stalls.Between(due.At, started);
        if (started <= latest + discount) return;
        history.Violation(
            due.Ends is Ends.ByTime ? "access past its time" : "access past its end",
            $"a request that began {Seconds(late)} after {due.Cause} went through; {Seconds(latest - due.At)} are allowed, "
                + $"and {Seconds(discount)} for the machine",
            grant.Name);
    }

    private void Apply(Shut shut, KnownGrant grant)
    {
        if (shut.Ends(grant) && grant.IsDue(shut.Kind, shut.From, shut.Cause)) history.Say(grant.Name, $"has to end: {shut.Cause}");
    }

    private Shut[] Shuts(DateTimeOffset since)
    {
        lock (_gate)
        {
            _shuts.RemoveAll(s => s.Until < Clock.Now.AddMinutes(-5));
            return [.. _shuts.Where(s => s.Until is null || s.Until > since)];
        }
    }

    private void Keep(string faults, Ends ends, double seconds)
    {
        lock (_gate)
        {
            var (byTime, byWord) = _worst.GetValueOrDefault(faults);
            _worst[faults] = ends is Ends.ByTime ? (Math.Max(byTime, seconds), byWord) : (byTime, Math.Max(byWord, seconds));
        }
    }

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.0 s", CultureInfo.InvariantCulture);
}
