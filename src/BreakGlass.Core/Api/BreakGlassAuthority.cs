using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>
/// The offline keys whose vouchers are honoured. A voucher is access that was approved and signed beforehand, for an emergency in which the identity provider
/// is down.
/// </summary>
[KubernetesEntityShortNames("bgauth")]
[CustomResource(Categories = [BreakGlassApi.Category])]
[GenericAdditionalPrinterColumn(".status.keys", "Keys", "integer", Description = "Keys whose signatures count now")]
[GenericAdditionalPrinterColumn(".spec.required", "Required", "integer", Description = "How many different keys must sign a voucher")]
[GenericAdditionalPrinterColumn(".spec.suspended", "Suspended", "boolean", Description = "Whether no voucher is honoured")]
[GenericAdditionalPrinterColumn(".status.conditions[?(@.type==\"Ready\")].status", "Ready", Description = "Whether vouchers can be used")]
[GenericAdditionalPrinterColumn(
    ".status.conditions[?(@.type==\"RotationDue\")].status", "Rotation-Due", Description = "Whether keys or courier have to be replaced after a use")]
[GenericAdditionalPrinterColumn(".metadata.creationTimestamp", "Age", "date")]
[ValidationRule("size(self.metadata.name) <= 63", message: "metadata.name: " + Sentences.NameTooLong)]
[KubernetesEntity(Group = BreakGlassApi.Group, ApiVersion = BreakGlassApi.Version, Kind = nameof(BreakGlassAuthority), PluralName = "breakglassauthorities")]
public sealed record BreakGlassAuthority : IKubernetesObject<V1ObjectMeta>, ISpec<AuthoritySpec>, IStatus<AuthorityStatus>
{
    /// <inheritdoc/>
    public string ApiVersion { get; set => field = value ?? BreakGlassApi.ApiVersion; } = BreakGlassApi.ApiVersion;

    /// <inheritdoc/>
    public string Kind { get; set => field = value ?? nameof(BreakGlassAuthority); } = nameof(BreakGlassAuthority);

    /// <inheritdoc/>
    public V1ObjectMeta Metadata { get; set => field = value ?? new() { Name = "" }; } = new() { Name = "" };

    /// <summary>The keys, and which of their vouchers are not honoured.</summary>
    [Required]
    public AuthoritySpec Spec { get; set => field = value ?? new(); } = new();

    /// <summary>Which vouchers were used.</summary>
    public AuthorityStatus Status { get; set => field = value ?? new(); } = new();
}
