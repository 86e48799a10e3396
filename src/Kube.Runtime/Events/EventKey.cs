namespace Kube.Runtime;

/// <summary>What makes two notes the same event.</summary>
internal sealed record EventKey(EventSeverity Type, string Action, string Reason, V1ObjectReference Regarding, V1ObjectReference? Related, string? Distinct);
