namespace TestKit;

/// <summary>Something that goes wrong with a request.</summary>
public sealed record Fault
{
    private Fault()
    {
    }

    /// <summary>Waits this long on the fake clock before the server sees the request.</summary>
    public TimeSpan Delay { get; private init; }

    internal string Name { get; private init; } = "";

    internal ApiException? Error { get; private init; }

    internal FaultPoint Point { get; private init; }

    /// <summary>Two conflicting writes: 409.</summary>
    public static Fault Conflict { get; } = Answer(
        409, "Conflict", "Operation cannot be fulfilled: the object has been modified; please apply your changes to the latest version and try again");

    /// <summary>500 InternalError.</summary>
    public static Fault InternalError { get; } = Answer(500, "InternalError", "Internal error occurred: injected");

    /// <summary>503 ServiceUnavailable.</summary>
    public static Fault Unavailable { get; } = Answer(503, "ServiceUnavailable", "the server is currently unable to handle the request");

    /// <summary>403 Forbidden.</summary>
    public static Fault Forbidden { get; } = Answer(403, "Forbidden", "forbidden: injected");

    /// <summary>401 Unauthorized.</summary>
    public static Fault Unauthorized { get; } = Answer(401, "Unauthorized", "Unauthorized");

    /// <summary>410 Expired.</summary>
    public static Fault Expired { get; } = Answer(410, "Expired", "The provided continue parameter is too old to display a consistent list result.");

    /// <summary>No connection: nothing reached the server.</summary>
    public static Fault Refused { get; } = new() { Name = "refused", Point = FaultPoint.Refused };

    /// <summary>The connection breaks while the request is sent: nothing was applied, which the client cannot know.</summary>
    public static Fault DroppedBeforeWrite { get; } = new() { Name = "dropped before write", Point = FaultPoint.Dropped };

    /// <summary>The request is carried out and its answer is lost.</summary>
    public static Fault LostAnswer { get; } = new() { Name = "lost answer", Point = FaultPoint.AnswerLost };

    /// <summary>No answer ever, and nothing is applied; ends when the client cancels.</summary>
    public static Fault Hang { get; } = new() { Name = "hang", Point = FaultPoint.Hang };

    /// <summary>The request is carried out, and no answer ever comes.</summary>
    public static Fault HangAfterWrite { get; } = new() { Name = "hang after write", Point = FaultPoint.HangAfter };

    /// <summary>Latency before the server sees the request, on the fake clock. Adds up with other latencies, and goes on to the next fault.</summary>
    public static Fault Latency(TimeSpan delay) => new() { Name = $"latency {delay}", Delay = delay };

    /// <summary>429 with Retry-After.</summary>
    public static Fault TooManyRequests(int retryAfterSeconds = 1) =>
        Answer(429, "TooManyRequests", "the server has received too many requests and has asked us to try again later", retryAfterSeconds);

    /// <summary>Any error answer.</summary>
    public static Fault Answer(int code, string reason, string message, int? retryAfterSeconds = null) =>
        new() { Name = $"{code} {reason}", Error = ApiException.Of(code, reason, message, retryAfterSeconds), Point = FaultPoint.Answer };

    /// <inheritdoc/>
    public override string ToString() => Name;
}

internal enum FaultPoint
{
    None,
    Answer,
    Refused,
    Dropped,
    Hang,
    AnswerLost,
    HangAfter,
}

/// <summary>A fault, when it strikes, and how often it has. Disposing it takes it back.</summary>
public sealed class FaultRule : IDisposable
{
    private readonly FaultPlan _plan;
    private readonly Func<ApiCall, bool> _when;
    private readonly int _after;
    private readonly int? _times;
    private int _matched;

    internal FaultRule(FaultPlan plan, Fault fault, Func<ApiCall, bool> when, int after, int? times) =>
        (_plan, Fault, _when, _after, _times) = (plan, fault, when, after, times);

    /// <summary>The fault.</summary>
    public Fault Fault { get; }

    /// <summary>How often it has struck.</summary>
    public int Hits { get; private set; }

    /// <inheritdoc/>
    public void Dispose() => _plan.Remove(this);

    internal bool Strikes(ApiCall call)
    {
        if (!_when(call)) return false;
        _matched++;
        if (_matched <= _after || Hits >= _times) return false;
        Hits++;
        return true;
    }
}

/// <summary>
/// The faults that a test has ordered. Every rule sees every request, in the order the rules were made; latencies add up and the
/// first other fault that strikes decides.
/// </summary>
public sealed class FaultPlan
{
    private readonly Lock _lock = new();
    private readonly List<FaultRule> _rules = [];

    /// <summary>Orders a fault.</summary>
    /// <param name="fault">What goes wrong.</param>
    /// <param name="when">For which requests; all unless given.</param>
    /// <param name="after">Lets this many matching requests pass first.</param>
    /// <param name="times">How often it strikes; null for ever.</param>
    public FaultRule Inject(Fault fault, Func<ApiCall, bool>? when = null, int after = 0, int? times = 1)
    {
        var rule = new FaultRule(this, fault, when ?? (_ => true), after, times);
        lock (_lock) _rules.Add(rule);
        return rule;
    }

    /// <summary>Orders a fault for the requests of one verb and resource, e.g. <c>("create", "serviceaccounts/token")</c>.</summary>
    public FaultRule Inject(Fault fault, string verb, string resource, int after = 0, int? times = 1) =>
        Inject(fault, c => c.Is(verb, resource), after, times);

    /// <summary>Takes all faults back.</summary>
    public void Clear()
    {
        lock (_lock) _rules.Clear();
    }

    internal void Remove(FaultRule rule)
    {
        lock (_lock) _rules.Remove(rule);
    }

    internal (TimeSpan Latency, Fault? Fault) Strike(ApiCall call)
    {
        lock (_lock)
        {
            var struck = _rules.Where(r => r.Strikes(call)).Select(r => r.Fault).ToList();
            return (struck.Aggregate(TimeSpan.Zero, (sum, f) => sum + f.Delay), struck.FirstOrDefault(f => f.Point != FaultPoint.None));
        }
    }
}
