namespace BreakGlass.Operator.Execution;

/// <summary>
/// Statuses that were sent and whose answer never came, because the API server stood still or the lease was lost meanwhile. If the API server has taken
/// one after all, the watch shows it, and what happened is announced then: nothing else would announce it, because the next decision finds it done. Outlives a
/// term. Thread-safe.
/// </summary>
internal sealed class UnconfirmedStatuses(TimeProvider time)
{
    /// <summary>A server that stood still for longer has dropped the request.</summary>
    private static readonly TimeSpan Remembers = TimeSpan.FromMinutes(5);

    /// <summary>What a time loses on its way through JSON.</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);

    private const int Most = 10_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Unsure> _byUid = new(StringComparer.Ordinal);

    /// <summary>
    /// Remembers a status that adds a transition to the record; of one that adds none, there is nothing to recognize it by. One that was sent twice, with
    /// both answers lost, is announced once.
    /// </summary>
    /// <param name="before">The grant as it was.</param>
    /// <param name="wanted">The status as it was sent.</param>
    /// <param name="announce">Called if it was taken.</param>
    /// <returns>Whether <see cref="Look"/> announces it.</returns>
    public bool Add(BreakGlassGrant before, GrantStatus wanted, Action announce)
    {
        if (before.Metadata.Uid is not { } uid || wanted.Transitions.Count <= before.Status.Transitions.Count) return false;
        lock (_gate)
        {
            if (_byUid.TryGetValue(uid, out var earlier) && IsSame(wanted.Transitions[^1], earlier.Last)) return true;
            if (_byUid.Count >= Most)
            {
                foreach (var (old, one) in _byUid)
                {
                    if (time.GetElapsedTime(one.At) > Remembers) _byUid.Remove(old);
                }

                if (_byUid.Count >= Most) return false;
            }

            _byUid[uid] = new(wanted.Transitions.Count, wanted.Transitions[^1], announce, time.GetTimestamp(), IsOver: false);
            return true;
        }
    }

    /// <summary>Looks whether what the API server has is one of them.</summary>
    public void Look(BreakGlassGrant shown)
    {
        Unsure one;
        lock (_gate)
        {
            if (_byUid.Count == 0 || shown.Metadata.Uid is not { } uid || !_byUid.TryGetValue(uid, out one!) || one.IsOver) return;

            // A finished grant is cached without the middle of its transitions; the operator that ended it has looked at the ones before.
            var isTaken = shown.Status.Transitions.Any(t => IsSame(t, one.Last));
            if (!isTaken && shown.Status.Transitions.Count < one.Count && time.GetElapsedTime(one.At) <= Remembers) return;
            if (!isTaken)
            {
                _byUid.Remove(uid);
                return;
            }

            // The answer to the same status, sent a second time, may still be on its way to being lost.
            _byUid[uid] = one with { IsOver = true, Announce = static () => { } };
        }

        one.Announce();
    }

    // The index in the journal can have come since.
    private static bool IsSame(TransitionRecord one, TransitionRecord other) =>
        one with { At = other.At, JournalIndex = other.JournalIndex } == other && (one.At - other.At).Duration() < Tick;

    /// <param name="Count">How many transitions the status has.</param>
    /// <param name="Last">The one that it adds.</param>
    /// <param name="Announce">Announces it.</param>
    /// <param name="At">When it was sent first.</param>
    /// <param name="IsOver">Whether it was taken, and announced.</param>
    private sealed record Unsure(int Count, TransitionRecord Last, Action Announce, long At, bool IsOver);
}
