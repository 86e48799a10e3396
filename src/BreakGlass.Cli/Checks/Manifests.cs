using System.Text.Json.Serialization.Metadata;
using YamlDotNet.Core;

namespace BreakGlass.Cli.Checks;

/// <summary>One object in a file.</summary>
/// <param name="File">The file as it was named.</param>
/// <param name="Document">The document that holds it.</param>
/// <param name="Path">Where in the document: empty, or an item of a List.</param>
/// <param name="Root">The object.</param>
internal sealed record Manifest(string File, YamlDocument Document, string Path, JsonObject Root)
{
    public string Kind => Text("kind");

    public string ApiVersion => Text("apiVersion");

    public string Name => Root["metadata"] is JsonObject meta && meta["name"] is JsonValue value && value.TryGetValue<string>(out var name) ? name : "";

    public bool IsOurs => ApiVersion.StartsWith(BreakGlassApi.Group + "/", StringComparison.Ordinal);

    /// <summary>Where a field of the object stands.</summary>
    public Place At(string field) => Document.At(field.Length == 0 ? Path : YamlDocument.Under(Path, field));

    /// <summary>The object with its type; null where it is not of that shape, with the field that is not.</summary>
    public T? Read<T>(JsonTypeInfo<T> type, out string? wrongField)
        where T : class
    {
        wrongField = null;
        try
        {
            var filled = (JsonObject)Root.DeepClone();
            EmptyItems.TakeOut(filled);
            return filled.Deserialize(type);
        }
        catch (JsonException e)
        {
            wrongField = (e.Path ?? "$").TrimStart('$').TrimStart('.');
            return null;
        }
    }

    private string Text(string field) => Root[field] is JsonValue value && value.TryGetValue<string>(out var text) ? text : "";
}

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
                broken.Add(new("InvalidYaml", Level.Error, shown, new(e.Start.Line, e.Start.Column),
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
