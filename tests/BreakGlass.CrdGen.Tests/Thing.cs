using BreakGlass.Core.Schema;
using k8s.Models;

namespace BreakGlass.CrdGen.Tests;

[KubernetesEntityShortNames("th")]
[CustomResource(Categories = ["all"], SelectableFields = [".spec.colour"])]
[GenericAdditionalPrinterColumn(".spec.colour", "Colour", Description = "Its colour")]
[GenericAdditionalPrinterColumn(".spec.count", "Count", "integer", Priority = 1)]
[ValidationRule("size(self.metadata.name) <= 10", message: "metadata.name: at most 10 characters")]
internal sealed record Thing
{
    public string ApiVersion { get; init; } = "";

    public string Kind { get; init; } = "";

    public V1ObjectMeta Metadata { get; init; } = new();

    [Required]
    public ThingSpec Spec { get; init; } = new();

    public ThingStatus Status { get; init; } = new();

    public static string NoField => "";
}
