using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>One approver's decision on one grant.</summary>
[KubernetesEntityShortNames("bga")]
[CustomResource(Categories = [BreakGlassApi.Category], SelectableFields = [".spec.grant"])]
[GenericAdditionalPrinterColumn(".spec.grant", "Grant")]
[GenericAdditionalPrinterColumn(".spec.decision", "Decision")]
[GenericAdditionalPrinterColumn(".spec.approver.username", "Approver")]
[GenericAdditionalPrinterColumn(".metadata.creationTimestamp", "Age", "date")]
[KubernetesEntity(Group = BreakGlassApi.Group, ApiVersion = BreakGlassApi.Version, Kind = nameof(BreakGlassApproval), PluralName = "breakglassapprovals")]
public sealed record BreakGlassApproval : IKubernetesObject<V1ObjectMeta>, ISpec<ApprovalSpec>, IStatus<ConditionsStatus>
{
    /// <inheritdoc/>
    public string ApiVersion { get; set => field = value ?? BreakGlassApi.ApiVersion; } = BreakGlassApi.ApiVersion;

    /// <inheritdoc/>
    public string Kind { get; set => field = value ?? nameof(BreakGlassApproval); } = nameof(BreakGlassApproval);

    /// <inheritdoc/>
    public V1ObjectMeta Metadata { get; set => field = value ?? new() { Name = "" }; } = new() { Name = "" };

    /// <summary>The decision. It is immutable.</summary>
    [Required, ValidationRule("self == oldSelf", message: Sentences.ApprovalFixed)]
    public ApprovalSpec Spec { get; set => field = value ?? new(); } = new();

    /// <summary>What the operator observed of the object.</summary>
    public ConditionsStatus Status { get; set => field = value ?? new(); } = new();
}
