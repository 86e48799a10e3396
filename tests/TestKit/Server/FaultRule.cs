namespace TestKit;

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
