using System.Text.Json.Nodes;
using Soak.Site;

namespace Soak.People;

/// <summary>The policies of the run, one of each kind, as a pipeline would apply them.</summary>
internal static class Policies
{
    /// <summary>How long records are kept; the specs below say the same.</summary>
    public static readonly TimeSpan RetainFor = TimeSpan.FromMinutes(2);

    /// <summary>All, and what each hands out.</summary>
    public static IReadOnlyDictionary<string, string> All { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["now"] = Spec("BreakGlass", Entry("view", """namespaces":["team-0","team-1","team-2"]""")),
        ["bound"] = Spec("BreakGlass", Entry("view", """namespaces":["team-3","team-4","team-5"]"""), ""","credential":"BindRequester"}"""),
        ["asked"] = Spec("JustInTime", Entry("edit", """namespaces":["team-0","team-1"]"""),
            ""","approval":{"approvers":[{"kind":"Group","name":"commanders"}],"timeout":"25s"}}"""),
        ["window"] = Spec("TimeBoxed", Entry("view", """namespaces":["team-2"]"""), ""","schedule":{"timeZone":"Etc/UTC","windows":[""" + Days + "]}}"),
        ["picked"] = Spec("BreakGlass", Entry("view", """namespaceSelector":{"matchLabels":{"soak":"team"}}""")),
        ["wide"] = Spec("BreakGlass", Entry("view", """clusterWide":true""")),
        ["strong"] = Spec("BreakGlass", Entry("edit", """namespaces":["team-0"]""")),
    };

    /// <summary>Namespaces that a grant of a policy may name, for one of which it asks; empty where it names none.</summary>
    public static IReadOnlyList<string> Places(string policy) => policy switch
    {
        "now" => ["team-0", "team-1", "team-2"],
        "bound" => ["team-3", "team-4", "team-5"],
        "asked" => ["team-0", "team-1"],
        "window" => ["team-2"],
        _ => [],
    };

    public static JsonObject Manifest(string name) => new()
    {
        ["apiVersion"] = "breakglass.dev/v1alpha1",
        ["kind"] = "BreakGlassPolicy",
        ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = new JsonObject { ["soak"] = name } },
        ["spec"] = JsonNode.Parse(All[name]),
    };

    // Every minute of the week is in a window: each lasts for a day, from midnight to midnight.
    private const string Days = """{"days":["Mon","Tue","Wed","Thu","Fri","Sat","Sun"],"start":"00:00","end":"00:00"}""";

    private static string Entry(string role, string where) => $$"""{"name":"it","roleRef":{"kind":"ClusterRole","name":"{{role}}"},"{{where}}}""";

    private static string Spec(string mode, string entry, string more = "}") => $$"""
        {"mode":"{{mode}}","requesters":[{"kind":"Group","name":"oncall"}],"access":[{{entry}}],"duration":{"default":"20s","max":"2m"},
         "review":{"required":true,"within":"10m","reviewers":[{"kind":"Group","name":"security"}]},"retainFor":"2m","limits":{"maxActive":40}{{more}}
        """;

    /// <summary>Writes a policy, again where it is there, until the API server takes it.</summary>
    public static async Task WriteAsync(SoakCluster cluster, JsonObject manifest, CancellationToken cancellationToken)
    {
        var name = (string)manifest["metadata"]!["name"]!;
        while (true)
        {
            var there = await cluster.Admin.GetAsync($"{Api.Ours}/breakglasspolicies/{name}", cancellationToken);
            ApiAnswer answer;
            if (there.Ok)
            {
                var next = there.Json;
                next["spec"] = manifest["spec"]!.DeepClone();
                answer = next["metadata"]!["deletionTimestamp"] is null
                    ? await cluster.Admin.PutAsync($"{Api.Ours}/breakglasspolicies/{name}", next, cancellationToken) : there with { Status = 409 };
            }
            else
            {
                answer = await cluster.Admin.PostAsync($"{Api.Ours}/breakglasspolicies", manifest, cancellationToken);
            }

            if (answer.Ok) return;
            if (answer.Status is 400 or 422) throw new InvalidOperationException($"policy {name}: {answer}");
            await Clock.PauseAsync(1, cancellationToken);
        }
    }
}
