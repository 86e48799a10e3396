using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using k8s.Models;
using Kube.Client;

namespace TestKit;

/// <summary>What the real server fills in and refuses for the built-in kinds (pkg/apis/core/validation, pkg/apis/rbac/validation).</summary>
internal static partial class KindRules
{
    private const int SecretLimit = 1024 * 1024;

    public static void DefaultNamespace(JsonObject o, Version server)
    {
        o["spec"] ??= new JsonObject { ["finalizers"] = new JsonArray("kubernetes") };
        o["status"] ??= new JsonObject { ["phase"] = "Active" };
        if (server < new Version(1, 21)) return;
        var meta = o.Meta();
        var labels = meta["labels"] as JsonObject ?? [];
        labels["kubernetes.io/metadata.name"] = o.Name();
        if (labels.Parent is null) meta["labels"] = labels;
    }

    public static void DefaultSecret(JsonObject o)
    {
        if (o.Text("type").Length == 0) o["type"] = "Opaque";
        if (o["stringData"] is not JsonObject plain) return;
        var data = o["data"] as JsonObject ?? [];
        foreach (var (key, value) in plain) data[key] = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(value.Text()));
        if (data.Parent is null) o["data"] = data;
        o.Remove("stringData");
    }

    public static void DefaultBinding(JsonObject o)
    {
        if (o["roleRef"] is JsonObject role && role.Text("apiGroup").Length == 0) role["apiGroup"] = V1Role.KubeGroup;
        foreach (var subject in o.Objects("subjects"))
        {
            if (subject.Text("apiGroup").Length == 0 && subject.Text("kind") is "User" or "Group") subject["apiGroup"] = V1Role.KubeGroup;
        }
    }

    public static IEnumerable<FieldError> Secret(JsonObject o, JsonObject? old)
    {
        var size = 0;
        foreach (var (key, value) in o["data"] as JsonObject ?? [])
        {
            if (!DataKey().IsMatch(key)) yield return FieldError
                .Invalid($"data[{key}]", FieldError.Quote(key), "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. "
                    + "'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')");
            var bytes = new byte[value.Text().Length];
            if (!Convert.TryFromBase64String(value.Text(), bytes, out var length))
                throw ApiException.BadRequest("Secret in version \"v1\" cannot be handled as a Secret: illegal base64 data");
            size += length;
        }

        if (size > SecretLimit) yield return new("FieldValueTooLong", "data", $"Too long: must have at most {SecretLimit} bytes");
        if (old is null) yield break;
        if (o.Text("type") != old.Text("type")) yield return FieldError.Invalid("type", FieldError.Quote(o.Text("type")), "field is immutable");
        if (!old.Flag("immutable")) yield break;
        if (!o.Flag("immutable")) yield return FieldError.Forbidden("immutable", "field is immutable when `immutable` is set");
        if (!Json.Same(o["data"], old["data"])) yield return FieldError.Forbidden("data", "field is immutable when `immutable` is set");
    }

    public static IEnumerable<FieldError> Role(JsonObject o, JsonObject? old)
    {
        var index = -1;
        foreach (var rule in o.Objects("rules"))
        {
            var at = $"rules[{++index}]";
            if (rule.Texts("verbs").Count == 0) yield return FieldError.Required($"{at}.verbs", "verbs must contain at least one value");
            if (rule.Texts("nonResourceURLs").Count > 0)
            {
                if (o.Text("kind") == "Role")
                    yield return FieldError.Invalid($"{at}.nonResourceURLs", "…", "namespaced rules cannot apply to non-resource URLs");
                if (rule.Texts("resources").Count > 0)
                    yield return FieldError.Invalid($"{at}.nonResourceURLs", "…", "rules cannot apply to both regular resources and non-resource URLs");
                continue;
            }

            if (rule.Texts("apiGroups").Count == 0) yield return FieldError.Required($"{at}.apiGroups", "resource rules must supply at least one api group");
            if (rule.Texts("resources").Count == 0) yield return FieldError.Required($"{at}.resources", "resource rules must supply at least one resource");
        }
    }

    public static IEnumerable<FieldError> Binding(JsonObject o, JsonObject? old)
    {
        var role = o["roleRef"];
        string[] kinds = o.Text("kind") == "RoleBinding" ? ["Role", "ClusterRole"] : ["ClusterRole"];
        if (role.Text("apiGroup") != V1Role.KubeGroup) yield return FieldError.NotSupported("roleRef.apiGroup", role.Text("apiGroup"), V1Role.KubeGroup);
        if (!kinds.Contains(role.Text("kind"))) yield return FieldError.NotSupported("roleRef.kind", role.Text("kind"), kinds);
        if (role.Text("name").Length == 0) yield return FieldError.Required("roleRef.name");
        if (old is not null && !Json.Same(role, old["roleRef"])) yield return FieldError.Invalid("roleRef",
            $"rbac.RoleRef{{APIGroup:\"{role.Text("apiGroup")}\", Kind:\"{role.Text("kind")}\", Name:\"{role.Text("name")}\"}}", "cannot change roleRef");

        var index = -1;
        foreach (var subject in o.Objects("subjects"))
        {
            var at = $"subjects[{++index}]";
            var group = subject.Text("apiGroup");
            if (subject.Text("name").Length == 0) yield return FieldError.Required($"{at}.name");
            switch (subject.Text("kind"))
            {
                case "ServiceAccount":
                    if (group.Length > 0) yield return FieldError.NotSupported($"{at}.apiGroup", group, "");
                    if (subject.Text("namespace").Length == 0 && o.Text("kind") == "ClusterRoleBinding") yield return FieldError.Required($"{at}.namespace");
                    break;
                case "User" or "Group":
                    if (group != V1Role.KubeGroup) yield return FieldError.NotSupported($"{at}.apiGroup", group, V1Role.KubeGroup);
                    break;
                default:
                    yield return FieldError.NotSupported($"{at}.kind", subject.Text("kind"), "ServiceAccount", "User", "Group");
                    break;
            }
        }
    }

    public static IEnumerable<FieldError> Lease(JsonObject o, JsonObject? old)
    {
        RequireMicroTime(o, "Lease", "acquireTime", o["spec"].Text("acquireTime"));
        RequireMicroTime(o, "Lease", "renewTime", o["spec"].Text("renewTime"));
        if (o["spec"].Number("leaseDurationSeconds") is <= 0) yield return FieldError.Invalid("spec.leaseDurationSeconds", "0", "must be greater than 0");
        if (o["spec"].Number("leaseTransitions") is < 0) yield return FieldError.Invalid("spec.leaseTransitions", "-1", "must be greater than or equal to 0");
    }

    public static IEnumerable<FieldError> Event(JsonObject o, JsonObject? old, Version server)
    {
        RequireMicroTime(o, "Event", "eventTime", o.Text("eventTime"));
        // Of an object outside namespaces: old servers (seen: 1.20) want kube-system, later ones take default too (kubernetes/kubernetes#100125).
        var fits = o.Namespace() == "kube-system" || (o.Namespace() == "default" && server >= new Version(1, 22));
        if (o["regarding"].Text("namespace").Length == 0 && !fits)
        {
            yield return FieldError.Invalid("involvedObject.namespace", "\"\"", "does not match event.namespace");
        }

        foreach (var field in new[] { "eventTime", "reportingController", "reportingInstance", "action", "reason" })
        {
            if (o.Text(field).Length == 0) yield return FieldError.Required(field);
        }

        foreach (var (field, limit) in new[] { ("reportingInstance", 128), ("action", 128), ("reason", 128), ("note", 1024) })
        {
            if (System.Text.Encoding.UTF8.GetByteCount(o.Text(field)) > limit)
                yield return FieldError.Invalid(field, "…", $"can have at most {limit} characters");
        }

        if (o.Text("type") is not ("Normal" or "Warning")) yield return FieldError.Invalid("type", FieldError.Quote(o.Text("type")), "has invalid value");
        foreach (var field in new[] { "regarding", "related", "reason", "action", "note", "type", "eventTime", "reportingController", "reportingInstance" })
        {
            if (old is not null && !Json.Same(o[field], old[field])) yield return FieldError.Invalid(field, "…", "field is immutable");
        }

        if (o["series"] is JsonObject series && series.Number("count") is not >= 2)
            yield return FieldError.Invalid("series.count", "1", "should be at least 2");
    }

    private static void RequireMicroTime(JsonObject o, string kind, string field, string value)
    {
        if (value.Length > 0 && !MicroTime().IsMatch(value))
        {
            throw ApiException.BadRequest($"{kind} in version \"v1\" cannot be handled as a {kind}: parsing time "
                + $"\"{value}\" as \"2006-01-02T15:04:05.000000Z07:00\": cannot parse \"{field}\"");
        }
    }

    [GeneratedRegex(@"^[-._a-zA-Z0-9]{1,253}$", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex DataKey();

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex MicroTime();
}
