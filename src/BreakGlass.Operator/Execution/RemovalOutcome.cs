namespace BreakGlass.Operator.Execution;

/// <summary>What came of a removal.</summary>
/// <param name="Result">What.</param>
/// <param name="Object">The object as it is now.</param>
/// <param name="Error">Why it is still there, where it is.</param>
internal sealed record RemovalOutcome(RemovalResult Result, IKubernetesObject<V1ObjectMeta> Object, Exception? Error);
