namespace Kube.Client;

internal sealed class YamlList(IReadOnlyList<YamlNode> items) : YamlNode
{
    public IReadOnlyList<YamlNode> Items => items;

    public override JsonNode ToJson() => new JsonArray([.. items.Select(i => i.ToJson())]);
}
