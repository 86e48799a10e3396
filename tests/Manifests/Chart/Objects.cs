using System.Text.Json.Nodes;

namespace Manifests.Chart;

/// <summary>Short ways into an object.</summary>
internal static class Objects
{
    public static string Kind(this JsonNode o) => o["kind"]!.GetValue<string>();

    public static string Name(this JsonNode o) => o["metadata"]!["name"]!.GetValue<string>();

    public static string Key(this JsonNode o) => $"{o.Kind()} {o["metadata"]!["namespace"]?.GetValue<string>()}/{o.Name()}";

    public static bool IsHook(this JsonNode o) => o["metadata"]!["annotations"]?["helm.sh/hook"] is not null;

    public static JsonNode One(this IEnumerable<JsonNode> objects, string kind, string name = "breakglass-operator") =>
        objects.Single(o => o.Kind() == kind && o.Name() == name);

    /// <summary>The specs of all pods that the objects would lead to.</summary>
    public static IEnumerable<JsonNode> Pods(this IEnumerable<JsonNode> objects) => objects.Select(o => o.Kind() switch
    {
        "Deployment" or "Job" => o["spec"]!["template"]!["spec"],
        "CronJob" => o["spec"]!["jobTemplate"]!["spec"]!["template"]!["spec"],
        _ => null,
    }).OfType<JsonNode>();
}
