namespace Kube.Client;

internal sealed class YamlMap(IReadOnlyDictionary<string, YamlNode> entries) : YamlNode
{
    public static YamlMap Empty { get; } = new(new Dictionary<string, YamlNode>(StringComparer.Ordinal));

    public IReadOnlyDictionary<string, YamlNode> Entries => entries;

    public override JsonNode ToJson() => new JsonObject(entries.Select(e => KeyValuePair.Create(e.Key, e.Value.ToJson())));
}
