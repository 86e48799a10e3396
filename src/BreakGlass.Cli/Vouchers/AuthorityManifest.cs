using BreakGlass.Cli.Checks;
using BreakGlass.Core.Vouchers;
using YamlDotNet.Core;

namespace BreakGlass.Cli.Vouchers;

/// <summary>The manifest of a BreakGlassAuthority in a file.</summary>
internal static class AuthorityManifest
{
    /// <summary>A new one with one key.</summary>
    public static JsonObject Of(string name, AuthorityKey key, int required) => new()
    {
        ["apiVersion"] = BreakGlassApi.ApiVersion,
        ["kind"] = nameof(BreakGlassAuthority),
        ["metadata"] = new JsonObject { ["name"] = name },
        ["spec"] = new JsonObject { ["required"] = required, ["keys"] = new JsonArray(ToJson(key)) },
    };

    /// <summary>Reads the only object of a file.</summary>
    /// <exception cref="CliException">It is not one.</exception>
    public static async Task<JsonObject> ReadAsync(string file, CancellationToken cancellationToken)
    {
        if (!File.Exists(file)) throw new CliException(ExitCodes.NotFound, $"there is no file '{file}'.");
        try
        {
            return YamlDocument.ReadAll(await File.ReadAllTextAsync(file, cancellationToken)) is [{ Root: JsonObject root }] && IsOne(root)
                ? root : throw CliException.Usage($"'{file}' must contain one BreakGlassAuthority and nothing else.");
        }
        catch (YamlException e)
        {
            throw CliException.Usage($"'{file}': invalid YAML at line {e.Start.Line}, column {e.Start.Column}: check indentation and quoting.");
        }
    }

    /// <summary>Reads the authority of a file with its type.</summary>
    /// <exception cref="CliException">It is not one.</exception>
    public static async Task<BreakGlassAuthority> ReadTypedAsync(string file, CancellationToken cancellationToken)
    {
        var root = await ReadAsync(file, cancellationToken);
        return new Manifest(file, new(root, new Dictionary<string, SourceLocation>()), "", root).Read(KubeKinds.Of<BreakGlassAuthority>().Json, out var wrong)
            ?? throw CliException.Usage($"'{file}': {wrong} does not have the form of a BreakGlassAuthority.");
    }

    /// <summary>The list of keys, if there is room for one more.</summary>
    /// <exception cref="CliException">There is none, or it is full.</exception>
    public static JsonArray Keys(JsonObject manifest, string file)
    {
        if (manifest["spec"]?["keys"] is not JsonArray keys) throw CliException.Usage($"'{file}': spec.keys is not a list.");
        return keys.Count < Bounds.MostAuthorityKeys ? keys
            : throw CliException.Usage($"'{file}': spec.keys has {keys.Count} keys already, and no room for another one. Remove one first.");
    }

    /// <summary>The name of the authority; empty if there is none.</summary>
    public static string NameOf(JsonObject manifest) =>
        manifest["metadata"] is JsonObject meta && meta["name"] is JsonValue value && value.TryGetValue<string>(out var name) ? name : "";

    /// <summary>A key as the manifest has it.</summary>
    public static JsonObject ToJson(AuthorityKey key)
    {
        var node = new JsonObject { ["kid"] = key.Kid, ["kty"] = key.Kty, ["crv"] = key.Crv, ["x"] = key.X };
        if (key.Y is not null) node["y"] = key.Y;
        if (key.NotAfter is { } end) node["notAfter"] = Timestamp.Text(end);
        return node;
    }

    private static bool IsOne(JsonObject root) =>
        root["kind"] is JsonValue kind && kind.TryGetValue<string>(out var text) && text == nameof(BreakGlassAuthority);
}
