namespace TestKit;

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
