using System.Text.Json;
using System.Text.Json.Nodes;
using BreakGlass.Core;
using BreakGlass.Core.Api;
using BreakGlass.Core.Rules;
using BreakGlass.Core.Sealing;
using k8s;
using k8s.Models;
using Kube.Client;

namespace Integration.Crds;

/// <summary>A write that a rule is about: the same object for the API server, which runs the rule in CEL, and for the operator, which runs it in C#.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Change">A merge patch on the kind's own example; for an update, on <paramref name="Before"/>.</param>
/// <param name="Before">For an update: a merge patch on the example that gives the object as it is.</param>
internal sealed record RuleRow(string Kind, string Change, string? Before = null)
{
    private const string Longest = "a23456789-b23456789-c23456789-d23456789-e23456789-f23456789-123";

    private const string Jit = """ "mode":"JustInTime" """;
    private const string Approvers = """ "approvers":[{"kind":"User","name":"bob"}] """;
    private const string Schedule = """ "schedule":{"timeZone":"Etc/UTC","windows":[{"days":["Mon"],"start":"22:00","end":"04:00"}]} """;

    private const string Full = """
        {"spec":{"ticket":"INC-4711","duration":"30m","startTime":"2030-01-01T00:00:00Z","access":["a"],"namespaces":["payments"],"requireAll":true,
        "recipientKey":{"kty":"RSA","n":"AQAB","e":"AQAB"},"requester":{"username":"alice"} } }
        """;

    // The base point of P-256 is a public key, of the private key 1.
    private const string Point =
        """ "x":"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY","y":"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU" """;

    private const string Revoked = """{"spec":{"revoke":{"reason":"done"} } }""";

    private static readonly CoreSettings Settings = new();

    /// <summary>What is changed: each with and without a mistake, at the limit and past it.</summary>
    public static IReadOnlyList<RuleRow> All { get; } =
    [
        .. Policies(
            "{}",
            """{"duration":{"default":"12h","max":"12h"} }""", """{"duration":{"max":"13h"} }""", """{"duration":{"max":"721m"} }""",
            """{"duration":{"max":"15m"} }""", """{"duration":{"default":"0s"} }""",
            $$"""{"approval":{ {{Approvers}} } }""", $$"""{ {{Jit}},"approval":{ {{Approvers}} } }""", $$"""{ {{Jit}} }""",
            """{"mode":"TimeBoxed"}""", $$"""{"mode":"TimeBoxed",{{Schedule}} }""", $$"""{ {{Schedule}} }""",
            """{"review":{} }""", """{"review":{"required":false} }""", $$"""{ {{Jit}},"approval":{ {{Approvers}} },"review":{"required":false} }""",
            """{"emergencyBypass":{"duration":"5m"} }""",
            """{"session":{"path":"Gateway"} }""", """{"credential":"BindRequester","session":{"path":"Gateway"} }""",
            """{"credential":"BindRequester","session":{"path":"Direct"} }""", """{"credential":"BindRequester","session":{} }""",
            Vouchers(""), Vouchers(""" "maxDuration":"12h","maxAge":"8784h", """), Vouchers(""" "maxDuration":"13h", """),
            Vouchers(""" "maxDuration":"0s", """), Vouchers(""" "maxAge":"8785h", """), Vouchers(""" "maxAge":"0s", """), Vouchers("", "Group"),
            Vouchers("", credential: "BindRequester"),
            Bypass("12h"), Bypass("13h"), Bypass("0s"), Wait("168h"), Wait("169h"), Wait("0s"),
            """{"overuse":{"activations":3,"window":"1h"} }""", """{"overuse":{"activations":3,"window":"0s"} }""",
            Entry("ClusterRole", """ "clusterWide":true """), Entry("ClusterRole", """ "namespaceSelector":{} """),
            Entry("ClusterRole", """ "namespaces":["a"],"clusterWide":false """),
            Entry("ClusterRole", """ "clusterWide":false """), Entry("ClusterRole", """ "namespaces":["a"],"clusterWide":true """),
            Entry("Role", """ "namespaces":["a"] """), Entry("Role", """ "clusterWide":true """), Entry("Role", """ "namespaceSelector":{} """)),
        .. Names("BreakGlassPolicy"),
        .. Names("BreakGlassGrant"),
        .. new[] { Longest[..39] + "x", Longest[..39] + "xy" }.Select(name => new RuleRow("BreakGlassDrill", $$"""{"metadata":{"name":"{{name}}"} }""")),
        new("BreakGlassDrill", """{"spec":{"end":"Expire","duration":"30m"} }"""), new("BreakGlassDrill", """{"spec":{"end":"Expire","duration":"31m"} }"""),
        new("BreakGlassDrill", """{"spec":{"end":"Revoke","duration":"31m"} }"""),
        new("BreakGlassGrant", """{"spec":{"recipientKey":{"kty":"RSA","n":"AQAB","e":"AQAB","d":"AQAB"} } }"""),
        new("BreakGlassGrant", """{"spec":{"recipientKey":{"kty":"EC","crv":"P-256","x":"AQAB","y":"AQAB","k":"AQAB"} } }"""),
        new("BreakGlassGrant", """{"spec":{"voucher":"a.b.c","voucherProof":"d.e.f"} }"""),
        new("BreakGlassGrant", """{"spec":{"voucher":"a.b.c"} }"""),
        new("BreakGlassGrant", """{"spec":{"voucherProof":"d.e.f"} }"""),
        .. Changes("BreakGlassGrant", """{"spec":{"voucher":"a.b.c","voucherProof":"d.e.f"} }""",
            """{"voucher":"a.b.d"}""", """{"voucherProof":"d.e.g"}""", """{"voucher":null,"voucherProof":null}"""),
        .. Changes("BreakGlassGrant", "{}", """{"voucher":"a.b.c","voucherProof":"d.e.f"}"""),
        .. Authorities(
            "{}", """{"required":2}""", """{"suspended":true,"required":1}""", """{"keys":[{"kid":"one","kty":"EC","crv":"P-256",%,"d":"AQAB"}]}""",
            """{"revoked":["v-1"]}"""),
        .. Names("BreakGlassAuthority"),
        .. Changes("BreakGlassGrant", Full,
            """{"policy":"other"}""", """{"justification":"other"}""", """{"ticket":"INC-1"}""", """{"duration":"31m"}""",
            """{"startTime":"2030-01-01T00:00:01Z"}""",
            """{"access":["a","b"]}""", """{"namespaces":["payments","shop"]}""", """{"recipientKey":{"n":"AQAC"} }""",
            """{"requester":{"username":"mallory"} }""",
            """{"ticket":null}""", """{"duration":null}""", """{"startTime":null}""", """{"access":null}""", """{"namespaces":null}""",
            """{"recipientKey":null}""", """{"requester":null}""",
            """{"requireAll":false}""", """{"requireAll":null}""", """{"revoke":{"reason":"done"} }"""),
        .. Changes("BreakGlassGrant", Revoked, """{"requireAll":false}"""),
        .. Changes("BreakGlassGrant", Revoked, """{"revoke":null}""", """{"revoke":{"reason":"other"} }""", """{"revoke":{"by":{"username":"mallory"} } }"""),
        new("BreakGlassGrant", """{"metadata":{"labels":{"incident":"4711"} } }""", Revoked),
        .. Changes("BreakGlassApproval", "{}", """{"comment":"other"}""", """{"decision":"Deny"}"""),
        .. Changes("BreakGlassReview", "{}", """{"outcome":"Misused"}"""),
        .. Changes("BreakGlassLockdown", "{}", """{"policySelector":{"matchLabels":{"team":"payments"} } }"""),
    ];

    /// <summary>The object that is created: the one to be refused, or the one to be changed.</summary>
    public JsonObject Created => Merge(Example(Kind), Before ?? Change);

    /// <summary>What the rules in C# say to the write.</summary>
    /// <param name="before">The object that the server has; null for a create.</param>
    /// <param name="after">The object as it would be.</param>
    public static IReadOnlyList<Problem> InCSharp(JsonObject? before, JsonObject after) => after["kind"]!.ToString() switch
    {
        "BreakGlassPolicy" => PolicyRules.Check(Read<BreakGlassPolicy>(after), Settings),
        "BreakGlassGrant" when before is null => List(GrantRules.AtAdmission(Asked(Read<BreakGlassGrant>(after)), Policy, SealState.Valid, Settings)),
        "BreakGlassGrant" => List(ImmutabilityRules.Check(Read<BreakGlassGrant>(before), Read<BreakGlassGrant>(after))),
        "BreakGlassAuthority" => AuthorityRules.Check(Read<BreakGlassAuthority>(after)),
        "BreakGlassApproval" => List(ImmutabilityRules.Check(Read<BreakGlassApproval>(before!), Read<BreakGlassApproval>(after))),
        "BreakGlassReview" => List(ImmutabilityRules.Check(Read<BreakGlassReview>(before!), Read<BreakGlassReview>(after))),
        "BreakGlassDrill" => List(DrillRules.Check(Read<BreakGlassDrill>(after))),
        _ => List(ImmutabilityRules.Check(Read<BreakGlassLockdown>(before!), Read<BreakGlassLockdown>(after))),
    };

    /// <summary>An object with a merge patch (RFC 7396) on it.</summary>
    public static JsonObject Merge(JsonObject target, JsonObject patch)
    {
        foreach (var (key, value) in patch)
        {
            if (value is null) target.Remove(key);
            else target[key] = value is JsonObject inner ? Merge(target[key] as JsonObject ?? [], inner) : value.DeepClone();
        }

        return target;
    }

    /// <summary>The same for a patch as text.</summary>
    public static JsonObject Merge(JsonObject target, string patch) => Merge(target, JsonNode.Parse(patch)!.AsObject());

    private static BreakGlassPolicy Policy => Read<BreakGlassPolicy>(Example("BreakGlassPolicy"));

    private static JsonObject Example(string kind) => new()
    {
        ["apiVersion"] = BreakGlassApi.ApiVersion,
        ["kind"] = kind,
        ["metadata"] = new JsonObject { ["name"] = "p" },
        ["spec"] = JsonNode.Parse(kind switch
        {
            "BreakGlassPolicy" => """
                {"mode":"BreakGlass","requesters":[{"kind":"User","name":"alice"}],
                "access":[{"name":"a","roleRef":{"kind":"ClusterRole","name":"edit"},"namespaces":["payments"]}]}
                """,
            "BreakGlassGrant" => """{"policy":"p","justification":"checkout returns 5xx"}""",
            "BreakGlassAuthority" => $$"""{"keys":[{"kid":"one","kty":"EC","crv":"P-256",{{Point}} }]}""",
            "BreakGlassApproval" => """{"grant":"g","decision":"Approve"}""",
            "BreakGlassDrill" => """{"policy":"p","schedule":"0 6 * * 1"}""",
            "BreakGlassReview" => """{"grant":"g","outcome":"Justified"}""",
            _ => """{"reason":"token leaked","policySelector":{"matchLabels":{"no":"policy"} } }""",
        }),
    };

    private static BreakGlassGrant Asked(BreakGlassGrant grant) => grant with { Spec = grant.Spec with { Requester = new() { Username = "alice" } } };

    private static IEnumerable<RuleRow> Policies(params string[] specs) => specs.Select(spec => new RuleRow("BreakGlassPolicy", $$"""{"spec":{{spec}} }"""));

    private static IEnumerable<RuleRow> Changes(string kind, string before, params string[] specs) =>
        specs.Select(spec => new RuleRow(kind, $$"""{"spec":{{spec}} }""", before));

    private static IEnumerable<RuleRow> Names(string kind) =>
        new[] { Longest, Longest + "4" }.Select(name => new RuleRow(kind, $$"""{"metadata":{"name":"{{name}}"} }"""));

    private static IEnumerable<RuleRow> Authorities(params string[] specs) =>
        specs.Select(spec => new RuleRow("BreakGlassAuthority", $$"""{"spec":{{spec.Replace("%", Point, StringComparison.Ordinal)}} }"""));

    private static string Vouchers(string more, string holder = "User", string credential = "ServiceAccountToken") =>
        $$"""{"credential":"{{credential}}","vouchers":{"authority":"offline",{{more}}"holders":[{"kind":"{{holder}}","name":"alice"}]} }""";

    private static string Bypass(string duration) => $$"""{ {{Jit}},"approval":{ {{Approvers}} },"emergencyBypass":{"duration":"{{duration}}"} }""";

    private static string Wait(string timeout) => $$"""{ {{Jit}},"approval":{ {{Approvers}},"timeout":"{{timeout}}"} }""";

    private static string Entry(string role, string place) => $$"""{"access":[{"name":"a","roleRef":{"kind":"{{role}}","name":"r"},{{place}} }]}""";

    private static T Read<T>(JsonObject o)
        where T : class, IKubernetesObject<V1ObjectMeta> => o.Deserialize(KubeKinds.Of<T>().Json)!;

    private static IReadOnlyList<Problem> List(Problem? problem) => problem is null ? [] : [problem];
}
