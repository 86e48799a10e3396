namespace BreakGlass.Core.Lifecycle;

/// <summary>
/// Something that happened to a grant, a policy or a lockdown, decided together with the transition that it belongs to. The operator projects it: a Kubernetes
/// event, notifications, metrics, a log line.
/// </summary>
/// <param name="Warning">Warning rather than Normal.</param>
/// <param name="Reason">One of <see cref="Model.EventReasons"/>.</param>
/// <param name="Action">What was done, one of <see cref="Model.EventActions"/>.</param>
/// <param name="Text">A sentence, for people. It may contain what users wrote.</param>
public sealed record GrantEvent(bool Warning, string Reason, string Action, string Text)
{
    /// <summary>
    /// What distinguishes it from others of its reason, if each of them must be visible; null if the first and the number of the others are enough.
    /// </summary>
    public string? Distinct { get; init; }

    /// <summary>What is unusual about the use of the grant; null if the event is about nothing of that kind.</summary>
    public AnomalyKind? Anomaly { get; init; }

    /// <summary>The authority whose voucher was used: the event is about it, too. Null if the event is about no voucher.</summary>
    public BreakGlassAuthority? Authority { get; init; }

    /// <summary>The object of the operator that was repaired or removed; null if the event is about none.</summary>
    public IKubernetesObject<V1ObjectMeta>? Object { get; init; }
}
