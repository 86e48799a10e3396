using System.Text.Json.Serialization;
using System.Xml.Linq;
using BreakGlass.Core.Schema;
using k8s.Models;
using Kube.Client;

namespace BreakGlass.CrdGen.Tests;

/// <summary>A kind that uses every part of the generator once.</summary>
internal static class Things
{
    public static CustomKind Kind { get; } = new(typeof(Thing), new ResourceType("example.dev", "v1", "Thing", "things", Namespaced: false));

    // As a compiler writes it: spaces, lines, references, inherited documentation.
    public static XmlDocs Docs { get; } = new(XDocument.Parse("""
        <members>
          <member name="T:BreakGlass.CrdGen.Tests.Thing"><summary>A thing.</summary></member>
          <member name="P:BreakGlass.CrdGen.Tests.Thing.ApiVersion"><inheritdoc/></member>
          <member name="T:BreakGlass.CrdGen.Tests.ThingSpec"><summary>What is wanted.</summary></member>
          <member name="P:BreakGlass.CrdGen.Tests.ThingSpec.Count">
            <summary>
            How many; see <see cref="P:BreakGlass.CrdGen.Tests.ThingSpec.IsOn"/>,
            <see cref="T:BreakGlass.CrdGen.Tests.Colour"/> and <c>kubectl</c>, or <see langword="null"/>: it's 100&#160;%.
            </summary>
          </member>
          <member name="P:BreakGlass.CrdGen.Tests.ThingSpec.Words"><summary>A description that is so long that it does not fit a line of the file, and so is folded into several lines of it.</summary></member>
          <member name="F:BreakGlass.CrdGen.Tests.Colour.Red"><summary>Like a rose.</summary></member>
        </members>
        """).Root!.Elements());
}

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

[ValidationRule("self.count > 0", message: "count: more than 0")]
internal sealed record ThingSpec
{
    [Required, RangeMinimum(0), RangeMaximum(10), Default("1")]
    public int Count { get; init; }

    [JsonPropertyName("on")]
    public bool? IsOn { get; init; }

    public Colour? Colour { get; init; }

    [Nullable, ValidationRule("self == oldSelf", message: "at: cannot be changed")]
    public DateTimeOffset? At { get; init; }

    [Enum("one, two"), ListSet, Items(1, 2)]
    public IReadOnlyList<string> Words { get; init; } = [];

    [Pattern("^[a-z]+$"), Items(maxItems: 3), ItemLength(5)]
    public IReadOnlyList<string> Letters { get; init; } = [];

    [ListMap("name")]
    public IReadOnlyList<Part> Parts { get; init; } = [];

    [Properties(4), ItemLength(6)]
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    [Properties(4), ItemLength(6)]
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Extra { get; init; }

    [Default("""{"name":"x"}""")]
    public Part Part { get; init; } = new();

    [JsonIgnore]
    public string? Ignored { get; init; }

    public bool Computed => Count > 0;
}

[ValidationRule("self.name != ''", message: "name: not empty")]
internal sealed record Part
{
    [Required, Length(1, 8)]
    public string Name { get; init; } = "";
}

internal sealed record ThingStatus
{
    public long? Generation { get; init; }

    public IReadOnlyList<Part> Parts { get; init; } = [];
}

internal enum Colour
{
    Red,
    Green,
}

internal sealed record NullOrColour
{
    [Nullable]
    public Colour? Colour { get; init; }
}

internal sealed record Loop
{
    public Loop? Next { get; init; }
}

internal sealed record Untellable
{
    public object? What { get; init; }
}
