using System.Text.Encodings.Web;

namespace BreakGlass.Cli.Output;

/// <summary>kubectl's <c>-o</c>, and what is written with it.</summary>
internal static class OutputFormat
{
    public const string Json = "json";
    public const string Yaml = "yaml";
    public const string Name = "name";
    public const string Wide = "wide";

    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Option<string?> Option(params string[] values)
    {
        var option = new Option<string?>("--output", "-o") { Description = $"The output format: {string.Join(", ", values)}", HelpName = "FORMAT" };
        option.AcceptOnlyFromAmong(values);
        return option;
    }

    public static Option<string?> DryRunOption()
    {
        var option = new Option<string?>(
            "--dry-run") { Description = "client: only print what would be sent; server: let the API server check it without storing it", HelpName = "MODE" };
        option.AcceptOnlyFromAmong("none", "client", "server");
        return option;
    }

    public static DryRun DryRun(string? text) => text switch { "client" => Cli.DryRun.Client, "server" => Cli.DryRun.Server, _ => Cli.DryRun.None };

    public static bool IsForPrograms(string? format) => format is Json or Yaml or Name;

    public static Task WriteAsync<T>(CliHost host, string? format, T obj)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        format == Name ? host.Out.WriteLineAsync(NameOf(obj)) : WriteNodeAsync(host, format, ToNode(obj));

    /// <summary>Writes objects for programs: as a List, or a name a line.</summary>
    public static async Task WriteListAsync<T>(CliHost host, string? format, IEnumerable<T> objects)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        if (format != Name)
        {
            await WriteNodeAsync(host, format, List(objects.Select(ToNode)));
            return;
        }

        foreach (var obj in objects) await host.Out.WriteLineAsync(NameOf(obj));
    }

    public static JsonObject List(IEnumerable<JsonNode?> items) =>
        new() { ["apiVersion"] = "v1", ["kind"] = "List", ["metadata"] = new JsonObject(), ["items"] = new JsonArray([.. items]) };

    public static Task WriteNodeAsync(CliHost host, string? format, JsonNode? node) =>
        format == Json ? host.Out.WriteLineAsync(ToJson(node)) : host.Out.WriteAsync(YamlText.Write(node));

    /// <summary>JSON for people and programs, the same on every platform.</summary>
    public static string ToJson(JsonNode? node) => (node?.ToJsonString(Readable) ?? "null").ReplaceLineEndings("\n");

    public static JsonNode? ToNode<T>(T obj)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var node = JsonSerializer.SerializeToNode(obj, KubeKinds.Of<T>().Json);
        if (node is JsonObject root && root["status"] is JsonObject { Count: 0 }) root.Remove("status");
        return node;
    }

    public static JsonNode? ToNode(Eventsv1Event e) => JsonSerializer.SerializeToNode(e, KubeModels.Json<Eventsv1Event>());

    /// <summary>As kubectl writes it, e.g. <c>breakglassgrant.breakglass.dev/inc-4711</c>.</summary>
    public static string NameOf<T>(T obj)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        $"{KubeKinds.Of<T>().Resource.Kind.ToLowerInvariant()}.{KubeKinds.Of<T>().Resource.Group}/{obj.Metadata.Name}";
}
