using System.Text.Json.Nodes;
using TestKit;

namespace Manifests;

/// <summary>What stands below config/.</summary>
internal static class ConfigDirectory
{
    public static string Root { get; } = Path.Combine(Golden.RepositoryRoot, "config");

    /// <summary>Every YAML file, as path below config/.</summary>
    public static IReadOnlyList<string> Files { get; } =
        [.. Directory.EnumerateFiles(Root, "*.yaml", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Root, file))
            .Order(StringComparer.Ordinal)];

    /// <summary>Every object of every file that is no kustomization.</summary>
    public static IReadOnlyList<ManifestObject> Objects { get; } =
        [.. Files.Where(file => Path.GetFileName(file) != "kustomization.yaml").SelectMany(file => Read(file).Select(node => new ManifestObject(file, node)))];

    public static IReadOnlyList<JsonNode> Read(string file) => YamlText.Parse(File.ReadAllText(Path.Combine(Root, file)));

    public static IReadOnlyList<ManifestObject> Of(params string[] kinds) => [.. Objects.Where(o => kinds.Contains(o.Kind))];

    public static IEnumerable<string> Strings(this JsonNode? list) => (list as JsonArray)?.Select(item => item!.GetValue<string>()) ?? [];
}
