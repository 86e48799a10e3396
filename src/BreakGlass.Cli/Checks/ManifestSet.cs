using YamlDotNet.Core;

namespace BreakGlass.Cli.Checks;

/// <summary>All objects of some files.</summary>
/// <param name="All">The objects, in the order of the files.</param>
/// <param name="Broken">Files that are no YAML.</param>
internal sealed record ManifestSet(IReadOnlyList<Manifest> All, IReadOnlyList<Finding> Broken)
{
    private static readonly string[] Endings = [".yaml", ".yml", ".json"];

    /// <summary>Reads files, directories with all below them, and <c>-</c> for standard input.</summary>
    public static async Task<ManifestSet> ReadAsync(CliHost host, IEnumerable<string> paths, CancellationToken cancellationToken)
    {
        var all = new List<Manifest>();
        var broken = new List<Finding>();
        foreach (var file in paths.SelectMany(Expand))
        {
            var text = file == "-" ? await host.Input.ReadToEndAsync(cancellationToken) : await System.IO.File.ReadAllTextAsync(file, cancellationToken);
            var shown = file == "-" ? "<stdin>" : file.Replace('\\', '/');
            try
            {
                foreach (var document in YamlDocument.ReadAll(text)) all.AddRange(Of(shown, document));
            }
            catch (YamlException e)
            {
                broken.Add(new("InvalidYaml", FindingLevel.Error, shown, new(e.Start.Line, e.Start.Column),
                    "invalid YAML; check the indentation and quoting before this position."));
            }
        }

        return new(all, broken);
    }

    /// <summary>The objects of one kind, with those that have another shape left out.</summary>
    public IEnumerable<T> Read<T>()
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        All.Where(m => m.Kind == KubeKinds.Of<T>().Resource.Kind).Select(m => m.Read(KubeKinds.Of<T>().Json, out _)).OfType<T>();

    private static IEnumerable<string> Expand(string path)
    {
        if (!Directory.Exists(path)) return [path];
        return Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Where(f => Endings.Contains(Path.GetExtension(f)))
            .Order(StringComparer.Ordinal);
    }

    private static IEnumerable<Manifest> Of(string file, YamlDocument document)
    {
        if (document.Root is not JsonObject root) yield break;
        if (root["items"] is JsonArray items && root["kind"]?.ToString().EndsWith("List", StringComparison.Ordinal) is true)
        {
            for (var i = 0; i < items.Count; i++)
            {
                if (items[i] is JsonObject item) yield return new(file, document, $"items[{i}]", item);
            }

            yield break;
        }

        yield return new(file, document, "", root);
    }
}
