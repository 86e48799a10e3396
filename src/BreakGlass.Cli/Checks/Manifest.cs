using System.Text.Json.Serialization.Metadata;

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
    public SourceLocation At(string field) => Document.At(field.Length == 0 ? Path : YamlDocument.Under(Path, field));

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
