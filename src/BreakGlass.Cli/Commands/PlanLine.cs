namespace BreakGlass.Cli.Commands;

/// <summary>One rule and where it holds.</summary>
internal sealed record PlanLine(
    string Entry, string Role, string Where, IReadOnlyList<string> Namespaces, IReadOnlyList<string> Verbs, IReadOnlyList<string> Resources,
    IReadOnlyList<string> Risk)
{
    public JsonObject ToJson() => new()
    {
        ["entry"] = Entry,
        ["role"] = Role,
        ["namespaces"] = Namespaces.Count == 0 ? null : Texts(Namespaces),
        ["clusterWide"] = Namespaces.Count == 0,
        ["verbs"] = Texts(Verbs),
        ["resources"] = Texts(Resources),
        ["risk"] = Texts(Risk),
    };

    private static JsonArray Texts(IReadOnlyList<string> texts) => new([.. texts.Select(t => (JsonNode?)t)]);
}
