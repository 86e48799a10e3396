using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>
/// What was done with one grant. The operator writes it from the API server's audit events; it has the name of its grant and is owned by it.
/// </summary>
[KubernetesEntityShortNames("bgsess")]
[CustomResource(Categories = [BreakGlassApi.Category])]
[GenericAdditionalPrinterColumn(".status.policy", "Policy")]
[GenericAdditionalPrinterColumn(".status.requester", "Requester")]
[GenericAdditionalPrinterColumn(".metadata.creationTimestamp", "Age", "date")]
[KubernetesEntity(Group = BreakGlassApi.Group, ApiVersion = BreakGlassApi.Version, Kind = nameof(BreakGlassSession), PluralName = "breakglasssessions")]
public sealed record BreakGlassSession : IKubernetesObject<V1ObjectMeta>, IStatus<SessionStatus>
{
    /// <inheritdoc/>
    public string ApiVersion { get; set => field = value ?? BreakGlassApi.ApiVersion; } = BreakGlassApi.ApiVersion;

    /// <inheritdoc/>
    public string Kind { get; set => field = value ?? nameof(BreakGlassSession); } = nameof(BreakGlassSession);

    /// <inheritdoc/>
    public V1ObjectMeta Metadata { get; set => field = value ?? new() { Name = "" }; } = new() { Name = "" };

    /// <summary>What was done.</summary>
    public SessionStatus Status { get; set => field = value ?? new(); } = new();
}
