using BreakGlass.Core.Sessions;

namespace BreakGlass.Cli.Commands;

/// <summary>Smaller roles for a policy, as manifests with comments, as data and in words.</summary>
internal sealed record RoleSuggestion(BreakGlassPolicy Policy, UsedRights Used)
{
    /// <summary>The most lines of comment about one thing.</summary>
    private const int MostLines = 20;

    public static string NameOf(GrantedRole role) => role.Namespace is null ? role.Role.ToString() : $"{role.Role} in {role.Namespace}";

    public static string Resource(SessionAction action) => Evidence.SessionEvidence.Resource(action);

    /// <summary>What a person must know before they use the roles.</summary>
    public IEnumerable<string> Notes()
    {
        yield return $"compared with the requests of {Used.Recorded.Count} grant(s). A right that was not used yet can still be needed in the next incident.";
        if (Used.Missing.Count > 0)
            yield return $"{Used.Missing.Count} more grant(s) were active and have no session record, so what they used is not known: {Few(Used.Missing)}.";
        if (Used.Truncated.Count > 0)
        {
            yield return $"the session record of {Used.Truncated.Count} grant(s) does not list every request, so the roles may be too small: "
                + $"{Few(Used.Truncated)}.";
        }

        if (Used.Impersonated)
            yield return "there were requests under other names. Session records do not have the groups, UIDs and extra attributes that were impersonated.";
        if (Used.AllowedElsewhere > 0)
            yield return $"{Used.AllowedElsewhere} request(s) were allowed by other roles, for example those that all users have.";
    }

    /// <summary>The roles, each a document.</summary>
    public string Manifests()
    {
        var text = new StringBuilder();
        foreach (var note in Notes()) Comment(text, $"Note: {note}");
        foreach (var action in Used.Refused.Take(MostLines))
        {
            var place = action.Namespace.Length == 0 ? "" : $" in {VisibleText.Name(action.Namespace)}";
            Comment(text, $"{VisibleText.Name(action.Verb)} {Resource(action)}{place} was refused ({action.Count} time(s)), and is not in these roles.");
        }

        if (Used.Refused.Count > MostLines) Comment(text, $"{Used.Refused.Count - MostLines} more kinds of requests were refused.");
        foreach (var role in Used.Roles)
        {
            text.Append("---\n");
            Comment(text, $"In place of {NameOf(role.Role)} in access entry '{role.Role.Entry}' of policy '{Policy.Metadata.Name}': "
                + $"{role.Rules.Count(r => r.Requests > 0)} of its {role.Rules.Count} rules were used.");
            if (role.Smaller.Any(MayCreate))
                Comment(text, "patch and update of an object that does not exist yet also need the verb create, which session records do not show.");
            text.Append(YamlText.Write(Manifest(role)));
        }

        return text.ToString();
    }

    public JsonObject ToJson() => new()
    {
        ["policy"] = Policy.Metadata.Name,
        ["grants"] = Texts(Used.Recorded),
        ["withoutRecord"] = Texts(Used.Missing),
        ["truncated"] = Texts(Used.Truncated),
        ["impersonated"] = Used.Impersonated,
        ["allowedElsewhere"] = Used.AllowedElsewhere,
        ["roles"] = new JsonArray(
        [
            .. Used.Roles.Select(r => new JsonObject
            {
                ["entry"] = r.Role.Entry,
                ["role"] = r.Role.Role.ToString(),
                ["namespace"] = r.Role.Namespace,
                ["rules"] = new JsonArray([.. r.Rules.Select(u => new JsonObject { ["rule"] = Node(u.Rule), ["requests"] = u.Requests })]),
                ["smaller"] = Manifest(r),
            }),
        ]),
        ["refused"] = new JsonArray(
        [
            .. Used.Refused.Select(a => new JsonObject
            {
                ["verb"] = a.Verb, ["apiGroup"] = a.ApiGroup, ["resource"] = a.Resource, ["subresource"] = a.Subresource, ["namespace"] = a.Namespace,
                ["count"] = a.Count,
            }),
        ]),
    };

    private JsonObject Manifest(RoleUse use)
    {
        var metadata = new JsonObject { ["name"] = $"breakglass-{Policy.Metadata.Name}-{use.Role.Entry}" };
        if (use.Role.Namespace is { } ns) metadata["namespace"] = ns;
        return new()
        {
            ["apiVersion"] = $"{V1Role.KubeGroup}/{V1Role.KubeApiVersion}",
            ["kind"] = use.Role.Role.Kind,
            ["metadata"] = metadata,
            ["rules"] = new JsonArray([.. use.Smaller.Select(Node)]),
        };
    }

    private static JsonObject Node(V1PolicyRule rule)
    {
        var node = new JsonObject();
        void Add(string name, IReadOnlyList<string> words)
        {
            if (words.Count > 0) node[name] = Texts(words);
        }

        Add("apiGroups", rule.GroupsOrEmpty);
        Add("resources", rule.ResourcesOrEmpty);
        Add("resourceNames", rule.NamesOrEmpty);
        Add("nonResourceURLs", rule.UrlsOrEmpty);
        Add("verbs", rule.VerbsOrEmpty);
        return node;
    }

    private static bool MayCreate(V1PolicyRule rule) =>
        !rule.VerbsOrEmpty.Contains("create") && (rule.VerbsOrEmpty.Contains("patch") || rule.VerbsOrEmpty.Contains("update"))
            && rule.ResourcesOrEmpty.Any(r => !r.Contains('/', StringComparison.Ordinal));

    private static void Comment(StringBuilder text, string line) => text.Append("# ").Append(VisibleText.Line(line)).Append('\n');

    private static string Few(IReadOnlyList<string> names) =>
        names.Count <= 5 ? string.Join(", ", names) : $"{string.Join(", ", names.Take(5))} and {names.Count - 5} more";

    private static JsonArray Texts(IReadOnlyList<string> texts) => new([.. texts.Select(t => (JsonNode?)t)]);
}
