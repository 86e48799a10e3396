using System.Globalization;
using System.Text.Json.Nodes;

namespace TestKit;

/// <summary>What the server says of itself: version, groups, resources, health.</summary>
internal static class Discovery
{
    public static (string Text, string Type)? Answer(ApiCall call, ResourceRegistry resources, Version version)
    {
        if (call.Method != "GET") return null;
        var parts = call.Path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        JsonObject? answer = parts switch
        {
            ["version"] => ServerVersion(version),
            ["api"] => new() { ["kind"] = "APIVersions", ["versions"] = new JsonArray("v1") },
            ["api", var v] => ResourceList(resources, "", v),
            ["apis"] => new()
            {
                ["kind"] = "APIGroupList",
                ["apiVersion"] = "v1",
                ["groups"] = new JsonArray([.. resources.All.Select(r => r.Group).Where(g => g.Length > 0).Distinct().Order(StringComparer.Ordinal)
                    .Select(g => (JsonNode?)Group(resources, g))]),
            },
            ["apis", var g] => Group(resources, g),
            ["apis", var g, var v] => ResourceList(resources, g, v),
            _ => null,
        };
        if (answer is not null) return (answer.ToJsonString(), "application/json");
        return parts is ["healthz" or "livez" or "readyz", ..] ? ("ok", "text/plain") : null;
    }

    private static JsonObject ServerVersion(Version version) => new()
    {
        ["major"] = version.Major.ToString(CultureInfo.InvariantCulture),
        ["minor"] = version.Minor.ToString(CultureInfo.InvariantCulture),
        ["gitVersion"] = $"v{version.Major}.{version.Minor}.{Math.Max(0, version.Build)}",
        ["platform"] = "linux/amd64",
    };

    private static JsonObject? Group(ResourceRegistry resources, string group)
    {
        var versions = resources.All.Where(r => r.Group == group).Select(r => r.Version).Distinct().ToList();
        if (versions.Count == 0) return null;
        JsonObject Entry(string v) => new() { ["groupVersion"] = $"{group}/{v}", ["version"] = v };
        return new()
        {
            ["kind"] = "APIGroup",
            ["apiVersion"] = "v1",
            ["name"] = group,
            ["versions"] = new JsonArray([.. versions.Select(v => (JsonNode)Entry(v))]),
            ["preferredVersion"] = Entry(versions[0]),
        };
    }

    private static JsonObject? ResourceList(ResourceRegistry resources, string group, string version)
    {
        var served = resources.All.Where(r => r.Group == group && r.Version == version).ToList();
        if (served.Count == 0) return null;
        var list = new JsonArray();
        foreach (var r in served)
        {
            list.Add(Resource(r.Plural, r.Kind.ToLowerInvariant(), r.Kind, r.Namespaced, "create", "delete", "deletecollection", "get", "list", "patch",
                "update", "watch"));
            if (r.HasStatus) list.Add(Resource($"{r.Plural}/status", "", r.Kind, r.Namespaced, "get", "patch", "update"));
            if (r.Plural == "serviceaccounts") list.Add(Resource("serviceaccounts/token", "", "TokenRequest", true, "create"));
        }

        return new() { ["kind"] = "APIResourceList", ["apiVersion"] = "v1", ["groupVersion"] = served[0].ApiVersion, ["resources"] = list };
    }

    private static JsonObject Resource(string name, string singular, string kind, bool namespaced, params string[] verbs) => new()
    {
        ["name"] = name,
        ["singularName"] = singular,
        ["namespaced"] = namespaced,
        ["kind"] = kind,
        ["verbs"] = new JsonArray([.. verbs.Select(v => (JsonNode)v)]),
    };
}
