using System.Text.Json.Nodes;

namespace Manifests;

/// <summary>One object of a manifest, and the file it stands in.</summary>
internal sealed record ManifestObject(string File, JsonNode Node)
{
    public string Kind => Node["kind"]!.GetValue<string>();

    public string Name => Node["metadata"]!["name"]!.GetValue<string>();

    public string? Namespace => Node["metadata"]!["namespace"]?.GetValue<string>();

    public override string ToString() => $"{File}: {Kind} {(Namespace is null ? "" : Namespace + "/")}{Name}";
}
