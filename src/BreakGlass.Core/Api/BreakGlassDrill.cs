using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>
/// A rehearsal of a policy on a schedule: the operator requests a grant under its own identity, uses it, revokes it or lets it expire, checks the record, and
/// reports how long each part took.
/// </summary>
[KubernetesEntityShortNames("bgd")]
[CustomResource(Categories = [BreakGlassApi.Category])]
[GenericAdditionalPrinterColumn(".spec.policy", "Policy")]
[GenericAdditionalPrinterColumn(".spec.schedule", "Schedule")]
[GenericAdditionalPrinterColumn(".status.conditions[?(@.type==\"Passing\")].status", "Passing")]
[GenericAdditionalPrinterColumn(".status.lastPassedAt", "Last Passed", "date", Description = "When a run passed last")]
[GenericAdditionalPrinterColumn(".status.nextRunAt", "Next Run", Priority = 1)]
[GenericAdditionalPrinterColumn(".status.runs[0].vouchersLeft", "Vouchers", "integer", Priority = 1, Description = "How many vouchers are left")]
[GenericAdditionalPrinterColumn(".spec.suspended", "Suspended", "boolean", Priority = 1)]
[GenericAdditionalPrinterColumn(".metadata.creationTimestamp", "Age", "date")]
[ValidationRule("size(self.metadata.name) <= 40", message: "metadata.name: " + Sentences.DrillNameTooLong)]
[KubernetesEntity(Group = BreakGlassApi.Group, ApiVersion = BreakGlassApi.Version, Kind = nameof(BreakGlassDrill), PluralName = "breakglassdrills")]
public sealed record BreakGlassDrill : IKubernetesObject<V1ObjectMeta>, ISpec<DrillSpec>, IStatus<DrillStatus>
{
    /// <inheritdoc/>
    public string ApiVersion { get; set => field = value ?? BreakGlassApi.ApiVersion; } = BreakGlassApi.ApiVersion;

    /// <inheritdoc/>
    public string Kind { get; set => field = value ?? nameof(BreakGlassDrill); } = nameof(BreakGlassDrill);

    /// <inheritdoc/>
    public V1ObjectMeta Metadata { get; set => field = value ?? new() { Name = "" }; } = new() { Name = "" };

    /// <summary>What is rehearsed, and when.</summary>
    [Required]
    public DrillSpec Spec { get; set => field = value ?? new(); } = new();

    /// <summary>The runs.</summary>
    public DrillStatus Status { get; set => field = value ?? new(); } = new();
}
