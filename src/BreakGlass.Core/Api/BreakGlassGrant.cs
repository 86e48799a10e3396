using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>One request for access, the access that it gives, and the record of both.</summary>
[KubernetesEntityShortNames("bgg")]
[CustomResource(Categories = [BreakGlassApi.Category], SelectableFields = [".spec.policy", ".status.phase"])]
[GenericAdditionalPrinterColumn(".spec.policy", "Policy")]
[GenericAdditionalPrinterColumn(".spec.requester.username", "Requester")]
[GenericAdditionalPrinterColumn(".status.phase", "Phase")]
[GenericAdditionalPrinterColumn(".status.expiresAt", "Expires", Description = "When access ends")]
[GenericAdditionalPrinterColumn(".spec.ticket", "Ticket", Priority = 1)]
[GenericAdditionalPrinterColumn(".status.endReason", "Reason", Priority = 1, Description = "Why access ended")]
[GenericAdditionalPrinterColumn(".metadata.labels.breakglass\\.dev/drill", "Drill", Priority = 1, Description = "The drill that the grant belongs to")]
[GenericAdditionalPrinterColumn(".metadata.creationTimestamp", "Age", "date")]
[ValidationRule("size(self.metadata.name) <= 63", message: "metadata.name: " + Sentences.NameTooLong)]
[KubernetesEntity(Group = BreakGlassApi.Group, ApiVersion = BreakGlassApi.Version, Kind = nameof(BreakGlassGrant), PluralName = "breakglassgrants")]
public sealed record BreakGlassGrant : IKubernetesObject<V1ObjectMeta>, ISpec<GrantSpec>, IStatus<GrantStatus>
{
    /// <inheritdoc/>
    public string ApiVersion { get; set => field = value ?? BreakGlassApi.ApiVersion; } = BreakGlassApi.ApiVersion;

    /// <inheritdoc/>
    public string Kind { get; set => field = value ?? nameof(BreakGlassGrant); } = nameof(BreakGlassGrant);

    /// <inheritdoc/>
    public V1ObjectMeta Metadata { get; set => field = value ?? new() { Name = "" }; } = new() { Name = "" };

    /// <summary>The request. It is immutable, except that revoke can be set once.</summary>
    [Required]
    public GrantSpec Spec { get; set => field = value ?? new(); } = new();

    /// <summary>What was decided, given and ended.</summary>
    public GrantStatus Status { get; set => field = value ?? new(); } = new();
}
