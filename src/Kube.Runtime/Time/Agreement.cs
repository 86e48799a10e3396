namespace Kube.Runtime;

/// <summary>
/// Answers of the API server in a row that tell the same time. Times in here are those at which this machine's monotonic clock stood at zero, so
/// that answers of different moments can be compared. Not thread-safe.
/// </summary>
internal sealed class Agreement
{
    /// <summary>How many answers it takes.</summary>
    public const int Answers = 3;

    /// <summary>The time between the first and the last of them.</summary>
    public static readonly TimeSpan Span = TimeSpan.FromSeconds(10);

    /// <summary>
    /// API servers whose clocks are kept may differ by a little, and a clock that is kept runs a little faster or slower than this machine's.
    /// </summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(1);

    private readonly TimeSpan _first;
    private readonly object _connection;
    private TimeBounds _tightest;
    private TimeBounds _second;
    private TimeSpan _last;
    private int _answers = 1;
    private bool _byOthers;

    public Agreement(TimeBounds sample, TimeSpan at, object connection)
    {
        (_tightest, _second, _first, _last, _connection) = (sample, sample, at, at, connection);
    }

    /// <summary>When the first of them came, by the monotonic clock.</summary>
    public TimeSpan Since => _first;

    /// <summary>
    /// Whether there are enough of them: several, over some time, and by more than one connection. Whether two connections lead to two API servers
    /// cannot be known from here; one connection leads to one.
    /// </summary>
    public bool IsReached => _answers >= Answers && _last - _first >= Span && _byOthers;

    /// <summary>
    /// What they say: the second latest of their earliest times, and the second earliest of their latest, so that a single answer that is a little
    /// off never decides. Where the two cross, because clocks drift, the middle: bounds that widened would let in answers that are more and more wrong.
    /// </summary>
    public TimeBounds Bounds => _second.Earliest <= _second.Latest ? _second : new(_second.Middle, _second.Middle);

    /// <summary>Takes an answer in if it tells the same time.</summary>
    public bool TryAdd(TimeBounds sample, TimeSpan at, object connection)
    {
        var bounds = Bounds;
        if (sample.Earliest > bounds.Latest + Tolerance || sample.Latest < bounds.Earliest - Tolerance) return false;
        var earliest = Second(sample.Earliest, _tightest.Earliest, _answers == 1 ? null : _second.Earliest, latest: true);
        var latest = Second(sample.Latest, _tightest.Latest, _answers == 1 ? null : _second.Latest, latest: false);
        _tightest = new(earliest.First, latest.First);
        _second = new(earliest.Second, latest.Second);
        _answers++;
        _last = at;
        _byOthers |= !ReferenceEquals(connection, _connection);
        return true;
    }

    /// <summary>The two latest, or the two earliest, of three times.</summary>
    private static (DateTimeOffset First, DateTimeOffset Second) Second(DateTimeOffset sample, DateTimeOffset first, DateTimeOffset? second, bool latest)
    {
        bool Beats(DateTimeOffset a, DateTimeOffset b) => latest ? a > b : a < b;
        if (Beats(sample, first)) return (sample, first);
        return (first, second is { } there && !Beats(sample, there) ? there : sample);
    }
}
