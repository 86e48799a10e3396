using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>The kill switch: while a lockdown exists, access in its scope is revoked and no grant in its scope is activated.</summary>
[KubernetesEntityShortNames("bgl")]
[CustomResource(Categories = [BreakGlassApi.Category])]
[GenericAdditionalPrinterColumn(".spec.reason", "Reason")]
[GenericAdditionalPrinterColumn(".spec.by.username", "By")]
[GenericAdditionalPrinterColumn(".status.revoked", "Revoked", "integer")]
[GenericAdditionalPrinterColumn(".metadata.creationTimestamp", "Age", "date")]
[KubernetesEntity(Group = BreakGlassApi.Group, ApiVersion = BreakGlassApi.Version, Kind = nameof(BreakGlassLockdown), PluralName = "breakglasslockdowns")]
public sealed record BreakGlassLockdown : IKubernetesObject<V1ObjectMeta>, ISpec<LockdownSpec>, IStatus<LockdownStatus>
{
    /// <inheritdoc/>
    public string ApiVersion { get; set => field = value ?? BreakGlassApi.ApiVersion; } = BreakGlassApi.ApiVersion;

    /// <inheritdoc/>
    public string Kind { get; set => field = value ?? nameof(BreakGlassLockdown); } = nameof(BreakGlassLockdown);

    /// <inheritdoc/>
    public V1ObjectMeta Metadata { get; set => field = value ?? new() { Name = "" }; } = new() { Name = "" };

    /// <summary>What is locked down, and why. It is immutable; delete the lockdown to lift it.</summary>
    [Required, ValidationRule("self == oldSelf", message: Sentences.LockdownFixed)]
    public LockdownSpec Spec { get; set => field = value ?? new(); } = new();

    /// <summary>What the lockdown revoked.</summary>
    public LockdownStatus Status { get; set => field = value ?? new(); } = new();
}
