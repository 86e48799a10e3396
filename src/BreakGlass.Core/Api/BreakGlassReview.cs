using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>The after-action review of one grant.</summary>
[KubernetesEntityShortNames("bgr")]
[CustomResource(Categories = [BreakGlassApi.Category], SelectableFields = [".spec.grant"])]
[GenericAdditionalPrinterColumn(".spec.grant", "Grant")]
[GenericAdditionalPrinterColumn(".spec.outcome", "Outcome")]
[GenericAdditionalPrinterColumn(".spec.reviewer.username", "Reviewer")]
[GenericAdditionalPrinterColumn(".spec.followUp", "Follow-Up", Priority = 1)]
[GenericAdditionalPrinterColumn(".metadata.creationTimestamp", "Age", "date")]
[KubernetesEntity(Group = BreakGlassApi.Group, ApiVersion = BreakGlassApi.Version, Kind = nameof(BreakGlassReview), PluralName = "breakglassreviews")]
public sealed record BreakGlassReview : IKubernetesObject<V1ObjectMeta>, ISpec<ReviewSpec>, IStatus<ConditionsStatus>
{
    /// <inheritdoc/>
    public string ApiVersion { get; set => field = value ?? BreakGlassApi.ApiVersion; } = BreakGlassApi.ApiVersion;

    /// <inheritdoc/>
    public string Kind { get; set => field = value ?? nameof(BreakGlassReview); } = nameof(BreakGlassReview);

    /// <inheritdoc/>
    public V1ObjectMeta Metadata { get; set => field = value ?? new() { Name = "" }; } = new() { Name = "" };

    /// <summary>The review. It is immutable.</summary>
    [Required, ValidationRule("self == oldSelf", message: Sentences.ReviewFixed)]
    public ReviewSpec Spec { get; set => field = value ?? new(); } = new();

    /// <summary>What the operator observed of the object.</summary>
    public ConditionsStatus Status { get; set => field = value ?? new(); } = new();
}
