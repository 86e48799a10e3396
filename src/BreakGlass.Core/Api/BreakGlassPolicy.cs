using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>Defines who can get which access, for how long and under which conditions. It decides on every BreakGlassGrant that names it.</summary>
[KubernetesEntityShortNames("bgp")]
[CustomResource(Categories = [BreakGlassApi.Category])]
[GenericAdditionalPrinterColumn(".spec.mode", "Mode", Description = "BreakGlass, JustInTime or TimeBoxed")]
[GenericAdditionalPrinterColumn(".status.conditions[?(@.type==\"Ready\")].status", "Ready", Description = "Whether the policy can be used")]
[GenericAdditionalPrinterColumn(".status.activeGrants", "Active", "integer", Description = "Grants active now")]
[GenericAdditionalPrinterColumn(".status.lastActivatedAt", "Last", Description = "The last activation")]
[GenericAdditionalPrinterColumn(".spec.duration.max", "Max", Priority = 1, Description = "The longest grant")]
[GenericAdditionalPrinterColumn(".status.conditions[?(@.type==\"Ready\")].reason", "Reason", Priority = 1, Description = "Why it is ready or not")]
[GenericAdditionalPrinterColumn(".metadata.creationTimestamp", "Age", "date")]
[ValidationRule("size(self.metadata.name) <= 63", message: "metadata.name: " + Sentences.NameTooLong)]
[KubernetesEntity(Group = BreakGlassApi.Group, ApiVersion = BreakGlassApi.Version, Kind = nameof(BreakGlassPolicy), PluralName = "breakglasspolicies")]
public sealed record BreakGlassPolicy : IKubernetesObject<V1ObjectMeta>, ISpec<PolicySpec>, IStatus<PolicyStatus>
{
    /// <inheritdoc/>
    public string ApiVersion { get; set => field = value ?? BreakGlassApi.ApiVersion; } = BreakGlassApi.ApiVersion;

    /// <inheritdoc/>
    public string Kind { get; set => field = value ?? nameof(BreakGlassPolicy); } = nameof(BreakGlassPolicy);

    /// <inheritdoc/>
    public V1ObjectMeta Metadata { get; set => field = value ?? new() { Name = "" }; } = new() { Name = "" };

    /// <summary>What the policy allows.</summary>
    [Required]
    public PolicySpec Spec { get; set => field = value ?? new(); } = new();

    /// <summary>What the operator observed of the policy.</summary>
    public PolicyStatus Status { get; set => field = value ?? new(); } = new();
}
