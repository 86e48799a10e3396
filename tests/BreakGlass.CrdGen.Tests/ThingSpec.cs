using System.Text.Json.Serialization;
using BreakGlass.Core.Schema;

namespace BreakGlass.CrdGen.Tests;

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
