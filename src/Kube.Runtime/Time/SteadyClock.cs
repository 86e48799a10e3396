namespace Kube.Runtime;

/// <summary>
/// The clock that grants end by. It goes on from the wall clock as it was plus the time that really passed, so a wall clock that is set back
/// extends nothing. It moves ahead at once only to where both the wall clock and an answer of the API server say that it is at least that late,
/// and by the API server's word alone only once its answers agree (<see cref="Agreement"/>). So no single wrong clock, and no single wrong
/// answer, ends a grant early or opens one.
/// </summary>
/// <remarks>
/// See docs/adr/0005-clock-never-goes-back.md. Times in fields are those at which the monotonic clock stood at zero: only jumps change them.
/// Timers are the inner clock's. All members may be used by many threads.
/// </remarks>
public sealed class SteadyClock : TimeProvider
{
    /// <summary>Clocks that are further apart than this do not agree.</summary>
    public static readonly TimeSpan Close = TimeSpan.FromSeconds(5);

    /// <summary>Above this nothing is done that cannot be undone; the same bound as for opening a grant.</summary>
    public static readonly TimeSpan Largest = TimeSpan.FromSeconds(30);

    /// <summary>How long the worst skew is shown after it was seen, so that a scrape finds it.</summary>
    public static readonly TimeSpan ShownFor = TimeSpan.FromMinutes(1);

    /// <summary>How often an answer of the server may contradict a wall clock that jumped before the next answer alone no longer confirms it.</summary>
    private const int Contradicted = 3;

    /// <summary>
    /// By how much the server has to be ahead of the wall clock to be followed: its seconds are whole ones, and its answers may differ by one.
    /// </summary>
    private static readonly TimeSpan Ahead = TimeSpan.FromSeconds(2);

    /// <summary>For how long it is remembered that answers contradicted each other in turn.</summary>
    private static readonly TimeSpan SplitMemory = TimeSpan.FromMinutes(10);

    /// <summary>
    /// How long answers have to agree, with none against them, on a time that this machine's clock does not confirm, where there were contradictions
    /// before: of two API servers with different clocks one may by chance be the only one that is reached for some seconds.
    /// </summary>
    private static readonly TimeSpan SplitSpan = TimeSpan.FromMinutes(5);

    /// <summary>A wall clock that moves by less against the monotonic one is being slewed, not set.</summary>
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1);

    // A Date header can say anything; this keeps sums in range, and what was cut still disagrees with every sane clock.
    private static readonly DateTimeOffset First = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Last = new(2200, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly Lock _gate = new();
    private readonly TimeProvider _inner;
    private readonly long _origin;

    private DateTimeOffset _reckoned;
    private Agreement? _inForce;
    private Agreement? _challenger;
    private DateTimeOffset _wallSeen;
    private TimeSpan _wallSince;
    private int _contradictions;
    private TimeSpan? _splitAt;
    private (TimeSpan Skew, TimeSpan At)? _worst;

    /// <param name="inner">The raw clocks of this machine.</param>
    public SteadyClock(TimeProvider inner)
    {
        (_inner, _origin) = (inner, inner.GetTimestamp());
        _reckoned = _wallSeen = inner.GetUtcNow();
    }

    /// <inheritdoc/>
    public override long TimestampFrequency => _inner.TimestampFrequency;

    /// <summary>Called after the clock has jumped ahead, on the thread of a request: all that sleep until an instant should look again.</summary>
    public Action? Jumped { get; set; }

    /// <summary>
    /// Whether the clock may go back to where the wall clock and the API server agree that the time is, after both of them were ahead: not while
    /// access is open whose end was reckoned before. Always, unless set.
    /// </summary>
    public Func<bool> MayGoBack { get; set; } = () => true;

    /// <summary>Whether there is something to ask the API server about: it was not heard often enough, answers differ, or the wall clock jumped.</summary>
    public bool IsInDoubt
    {
        get
        {
            lock (_gate) return _inForce is not { IsReached: true } || _challenger is not null || (Wall(Passed()) - _wallSeen).Duration() > Step;
        }
    }

    /// <summary>The earliest and the latest that the time can be, by this machine's clocks and by what the API server said.</summary>
    public TimeBounds Bounds
    {
        get
        {
            lock (_gate)
            {
                var passed = Passed();
                return Known(passed).After(passed);
            }
        }
    }

    /// <summary>
    /// The time by the slowest of the clocks, for what cannot be undone: deleting records, rotating keys, renewing certificates. Null while the
    /// clocks differ by more than <see cref="Largest"/> or the API server was not heard often enough; then nothing of that kind is done.
    /// </summary>
    public DateTimeOffset? CertainNow
    {
        get
        {
            lock (_gate)
            {
                if (_inForce is not { IsReached: true } || _challenger is not null) return null;
                var passed = Passed();
                var known = Known(passed);
                return known.Width <= Largest ? known.Earliest + passed : null;
            }
        }
    }

    /// <summary>
    /// How far this machine's clocks are from the API server's, by whichever two are furthest apart, an answer that nothing has confirmed included;
    /// positive: ours is ahead. Null before the first answer. A time that one of several API servers tells and that others and this machine's clock
    /// have contradicted is left out: one wrong clock in a cluster must not keep everybody out for as long as it is wrong.
    /// </summary>
    public TimeSpan? Skew
    {
        get
        {
            lock (_gate)
            {
                var passed = Passed();
                return IsDissent(passed) ? WorstOf(passed, [_inForce]) : WorstNow(passed);
            }
        }
    }

    /// <summary>The worst <see cref="Skew"/> of the last minute, for people: it is seen even if the next answer was right again.</summary>
    public TimeSpan? WorstSkew
    {
        get
        {
            lock (_gate)
            {
                var passed = Passed();
                var now = WorstNow(passed);
                return _worst is { } worst && passed - worst.At <= ShownFor && worst.Skew.Duration() > now.GetValueOrDefault().Duration() ? worst.Skew : now;
            }
        }
    }

    /// <summary>What the API server's clock says by now, for comparison with what it stamps: as far as its answers agree, else this clock.</summary>
    public DateTimeOffset ServerNow
    {
        get
        {
            lock (_gate)
            {
                var passed = Passed();
                var now = Now();
                var said = _inForce?.Bounds.Middle ?? _challenger?.Bounds.Middle ?? now;
                return (_inForce is not null || (said - now).Duration() <= Largest ? said : now) + passed;
            }
        }
    }

    /// <summary>A clock that follows a client's server.</summary>
    public static SteadyClock Following(KubeClient client, TimeProvider inner)
    {
        var clock = new SteadyClock(inner);
        clock.Follow(client);
        return clock;
    }

    /// <summary>Listens to what a client's server says of the time.</summary>
    public void Follow(KubeClient client) => client.Clock.Observed += Observe;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate)
        {
            var passed = Passed();

            // Without a server there is nothing to hold the wall clock against.
            if (_inForce is null && _challenger is null && Wall(passed) > _reckoned) _reckoned = Wall(passed);
            return Now() + passed;
        }
    }

    /// <inheritdoc/>
    public override long GetTimestamp() => _inner.GetTimestamp();

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        _inner.CreateTimer(callback, state, dueTime, period);

    /// <summary>Weighs what an answer of the API server says.</summary>
    public void Observe(ServerSample sample)
    {
        bool jumped;
        lock (_gate)
        {
            var date = sample.Date < First ? First : sample.Date > Last ? Last : sample.Date;
            var (sent, received, passed) = (_inner.GetElapsedTime(_origin, sample.Sent), _inner.GetElapsedTime(_origin, sample.Received), Passed());

            // The server cut the fraction of its second, and stamped the answer after it was asked for and before it arrived.
            var said = new TimeBounds(date - received, date + TimeSpan.FromSeconds(1) - sent);
            var isFirst = _inForce is null && _challenger is null;
            var before = Now();
            var wall = Look(passed);
            Weigh(said, received, sample.Connection, wall);
            Reckon(said, wall, isFirst);
            GoBack(wall, passed);
            if (WorstNow(passed) is { } skew && (_worst is not { } worst || passed - worst.At > ShownFor || skew.Duration() >= worst.Skew.Duration()))
                _worst = (skew, passed);
            jumped = Now() - before > Step && !isFirst;
        }

        if (jumped) Jumped?.Invoke();
    }

    private TimeSpan Passed() => _inner.GetElapsedTime(_origin);

    private DateTimeOffset Wall(TimeSpan passed) => _inner.GetUtcNow() - passed;

    private DateTimeOffset Now() => _inForce is { IsReached: true, Bounds.Earliest: var agreed } && agreed > _reckoned + Ahead ? agreed : _reckoned;

    /// <summary>Reads the wall clock, and notes when it was set.</summary>
    private DateTimeOffset Look(TimeSpan passed)
    {
        var wall = Wall(passed);
        if ((wall - _wallSeen).Duration() > Step) (_wallSince, _contradictions) = (passed, 0);
        return _wallSeen = wall;
    }

    /// <summary>
    /// An answer stands either for the time in force, which ends a challenge to it, or for another. Where answers go on to stand for both, there are API
    /// servers with different clocks; then this machine's clock decides which of the two is in force.
    /// </summary>
    private void Weigh(TimeBounds said, TimeSpan at, object connection, DateTimeOffset wall)
    {
        if (_inForce?.TryAdd(said, at, connection) is true)
        {
            if (_challenger is null) return;
            _splitAt = at;
            if (!IsFavoured(_challenger, wall)) _challenger = null;
            return;
        }

        if (_challenger?.TryAdd(said, at, connection) is not true)
        {
            if (_challenger is not null) _splitAt = at;
            _challenger = new(said, at, connection);
        }

        var isConfirmed = IsClose(_challenger, wall);
        var span = isConfirmed || !(at - _splitAt <= SplitMemory) ? Agreement.Span : SplitSpan;
        if ((isConfirmed && _inForce is null) || (_challenger.IsReached && at - _challenger.Since >= span)) (_inForce, _challenger) = (_challenger, null);
    }

    /// <summary>Whether this machine's clock stands for a challenger and not for the time in force.</summary>
    private bool IsFavoured(Agreement challenger, DateTimeOffset wall) => IsClose(challenger, wall) && (_inForce is null || !IsClose(_inForce, wall));

    private static bool IsClose(Agreement said, DateTimeOffset wall) => (said.Bounds.Middle - wall).Duration() <= Close;

    /// <summary>Moves the reckoning ahead to where the wall clock and the server both say that it is at least that late.</summary>
    private void Reckon(TimeBounds said, DateTimeOffset wall, bool isFirst)
    {
        if (isFirst)
        {
            // What the wall clock said alone until now was never confirmed.
            _reckoned = Confirmed(wall > _reckoned ? wall : _reckoned, said);
            return;
        }

        if (said.Latest < wall - Close) _contradictions++;
        else if (_inForce is { } agreed && (agreed.Bounds.Middle - wall).Duration() <= Close) _contradictions = 0;

        TimeBounds? by = _contradictions < Contradicted ? said : _inForce?.Bounds;
        if (by is not { } witness || Confirmed(wall, witness) is var ahead && ahead <= _reckoned) return;

        // After a machine slept, what it had heard before says nothing of the time.
        if (ahead - _reckoned > Close && _challenger is not null) (_inForce, _challenger) = (_challenger, null);
        _reckoned = ahead;
    }

    /// <summary>The wall clock's time where it can be right by the server's, else the least that the server's can be.</summary>
    private static DateTimeOffset Confirmed(DateTimeOffset wall, TimeBounds said) => wall <= said.Latest ? wall : said.Earliest;

    /// <summary>The wall clock and the server were both ahead, are both right again, and have been for a while.</summary>
    private void GoBack(DateTimeOffset wall, TimeSpan passed)
    {
        if (_inForce is not { } agreed || _challenger is not null || (agreed.Bounds.Middle - wall).Duration() > Close
            || passed - _wallSince < Agreement.Span) return;
        var latest = agreed.Bounds.Latest > wall ? agreed.Bounds.Latest : wall;
        if (_reckoned > latest + Step && MayGoBack()) _reckoned = wall;
    }

    private TimeBounds Known(TimeSpan passed)
    {
        var (wall, now) = (Wall(passed), Now());
        var known = wall < now ? new TimeBounds(wall, now) : new(now, wall);
        if (_inForce is { } agreed) known = known.Including(agreed.Bounds);
        return _challenger is { } challenger ? known.Including(challenger.Bounds) : known;
    }

    /// <summary>Whether what challenges the time in force was contradicted before, by answers and by this machine's clock.</summary>
    private bool IsDissent(TimeSpan passed) =>
        _challenger is { } challenger && _inForce is { IsReached: true } && passed - _splitAt <= SplitMemory
        && Wall(passed) is var wall && IsClose(_inForce, wall) && !IsClose(challenger, wall);

    private TimeSpan? WorstNow(TimeSpan passed) => WorstOf(passed, [_inForce, _challenger]);

    private TimeSpan? WorstOf(TimeSpan passed, ReadOnlySpan<Agreement?> agreements)
    {
        TimeSpan? worst = null;
        var (wall, now) = (Wall(passed), Now());
        foreach (var said in agreements)
        {
            if (said?.Bounds.Middle is not { } middle) continue;
            foreach (var ours in (ReadOnlySpan<DateTimeOffset>)[wall, now])
            {
                if (worst is not { } known || (ours - middle).Duration() > known.Duration()) worst = ours - middle;
            }
        }

        return worst;
    }
}
