using BreakGlass.Core.Schema;

namespace BreakGlass.CrdGen.Tests;

[ValidationRule("self.name != ''", message: "name: not empty")]
internal sealed record Part
{
    [Required, Length(1, 8)]
    public string Name { get; init; } = "";
}
