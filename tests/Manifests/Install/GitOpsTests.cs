using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using Manifests.Chart;
using TestKit;
using Xunit;

namespace Manifests.Install;

/// <summary>The GitOps examples: Argo CD's health checks are run by Lua, on objects as the operator leaves them.</summary>
public sealed class GitOpsTests
{
    private static readonly string s_deploy = Path.Combine(Golden.RepositoryRoot, "deploy");

    [Theory]
    [InlineData("BreakGlassPolicy", "{}", "Progressing")]
    [InlineData("BreakGlassPolicy",
        """{"metadata":{"generation":2},"status":{"conditions":[{"type":"Ready","status":"True","observedGeneration":2,"message":"all roles are there"}]}}""",
        "Healthy")]
    [InlineData("BreakGlassPolicy", """{"metadata":{"generation":3},"status":{"conditions":[{"type":"Ready","status":"True","observedGeneration":2}]}}""",
        "Progressing")]
    [InlineData("BreakGlassPolicy", """{"metadata":{"generation":2},"status":{"conditions":[{"type":"Overused","status":"True"},"""
        + """{"type":"Ready","status":"False","reason":"RoleMissing"}]}}""", "Degraded")]
    [InlineData("BreakGlassPolicy", """{"spec":{"suspended":true}}""", "Suspended")]
    [InlineData("BreakGlassPolicy", """{"status":{"conditions":[{"type":"VouchersReady","status":"False"},{"type":"Ready","status":"True"}]}}""", "Degraded")]
    [InlineData("BreakGlassAuthority", "{}", "Progressing")]
    [InlineData("BreakGlassAuthority", """{"status":{"conditions":[{"type":"Ready","status":"True"},{"type":"RotationDue","status":"False"}]}}""", "Healthy")]
    [InlineData("BreakGlassAuthority", """{"status":{"conditions":[{"type":"RotationDue","status":"True"},{"type":"Ready","status":"True"}]}}""", "Degraded")]
    [InlineData("BreakGlassAuthority", """{"status":{"conditions":[{"type":"Ready","status":"False","reason":"KeysExpired"}]}}""", "Degraded")]
    [InlineData("BreakGlassAuthority", """{"metadata":{"generation":3},"status":{"conditions":[{"type":"RotationDue","status":"True"},"""
        + """{"type":"Ready","status":"True","observedGeneration":2}]}}""", "Progressing")]
    [InlineData("BreakGlassAuthority", """{"spec":{"suspended":true}}""", "Suspended")]
    [InlineData("BreakGlassDrill", "{}", "Progressing")]
    [InlineData("BreakGlassDrill", """{"status":{"conditions":[{"type":"Ready","status":"True"},{"type":"Passing","status":"Unknown"}]}}""", "Healthy")]
    [InlineData("BreakGlassDrill", """{"status":{"conditions":[{"type":"Ready","status":"True"},{"type":"Passing","status":"True"}]}}""", "Healthy")]
    [InlineData("BreakGlassDrill", """{"status":{"conditions":[{"type":"Passing","status":"False"},{"type":"Ready","status":"True"}]}}""", "Degraded")]
    [InlineData("BreakGlassDrill", """{"status":{"conditions":[{"type":"Ready","status":"False","reason":"PolicyNotFound"}]}}""", "Degraded")]
    [InlineData("BreakGlassDrill", """{"metadata":{"generation":3},"status":{"conditions":[{"type":"Ready","status":"True","observedGeneration":2}]}}""",
        "Progressing")]
    [InlineData("BreakGlassDrill", """{"spec":{"suspended":true}}""", "Suspended")]
    [InlineData("BreakGlassGrant", "{}", "Progressing")]
    [InlineData("BreakGlassGrant", """{"status":{"phase":"AwaitingApproval"}}""", "Progressing")]
    [InlineData("BreakGlassGrant", """{"status":{"phase":"Scheduled"}}""", "Suspended")]
    [InlineData("BreakGlassGrant", """{"status":{"phase":"Active"}}""", "Healthy")]
    [InlineData("BreakGlassGrant", """{"status":{"phase":"Failed"}}""", "Degraded")]
    [InlineData("BreakGlassGrant", """{"status":{"phase":"Expired","conditions":[{"type":"Revoked","status":"False","message":"not proven"}]}}""",
        "Progressing")]
    [InlineData("BreakGlassGrant", """{"status":{"phase":"Expired","conditions":[{"type":"Revoked","status":"True"}]}}""", "Healthy")]
    [InlineData("BreakGlassLockdown", "{}", "Progressing")]
    [InlineData("BreakGlassLockdown", """{"status":{"completedAt":"2026-11-22T01:02:03Z"}}""", "Suspended")]
    public async Task Argo_CD_sees_how_an_object_is(string kind, string state, string health)
    {
        var o = JsonNode.Parse(state)!.AsObject();
        o.TryAdd("metadata", new JsonObject { ["name"] = "x", ["generation"] = 1 });
        var script = Read("argocd", "health.lua.yaml").Single()["data"]![$"resource.customizations.health.breakglass.dev_{kind}"]!.GetValue<string>();
        var program = $"obj = {Lua(o)}\nlocal hs = (function()\n{script}\nend)()\nassert(type(hs.message) == 'string')\nio.write(hs.status)";
        var result = await Tool.RunAsync("lua", ["-e", program]);
        result.ExitCode.Should().Be(0, result.Error);
        result.Output.Should().Be(health);
    }

    [Fact]
    public async Task The_values_of_the_examples_are_values_of_the_chart()
    {
        var argo = Read("argocd", "operator.yaml").One("Application")["spec"]!["source"]!["helm"]!["valuesObject"]!;
        var flux = Read("flux", "operator.yaml").One("HelmRelease", "breakglass")["spec"]!["values"]!;
        foreach (var values in (JsonNode[])[argo, flux])
        {
            var file = Path.GetTempFileName();
            try
            {
                await File.WriteAllTextAsync(file, values.ToJsonString());
                (await Tool.TemplateAsync("1.35", "-f", file)).Where(o => o.Kind() == "ClusterRoleBinding").Select(o => o.Name())
                    .Should().Contain("breakglass-requester");
            }
            finally
            {
                File.Delete(file);
            }
        }
    }

    [Fact]
    public void A_pipeline_may_bind_only_what_its_policies_name_and_write_only_policies()
    {
        var flux = Read("flux", "policies.yaml");
        var rule = flux.One("ClusterRole", "breakglass-policies-bind")["rules"]!.AsArray().Single()!;
        rule["verbs"].Strings().Should().Equal("bind");
        rule["resourceNames"].Strings().Should().NotBeEmpty();
        flux.One("ClusterRoleBinding", "breakglass-policies-write")["roleRef"]!["name"]!.GetValue<string>().Should().Be("breakglass-policy-author");
        Read("argocd", "policies.yaml").One("AppProject", "breakglass-policies")["spec"]!["clusterResourceWhitelist"]!.AsArray()
            .Select(kind => kind!["kind"]!.GetValue<string>())
            .Should().Equal(["BreakGlassPolicy", "BreakGlassAuthority", "BreakGlassDrill"], "no grant comes from Git");
    }

    private static IReadOnlyList<JsonNode> Read(string directory, string file) => YamlText.Parse(File.ReadAllText(Path.Combine(s_deploy, directory, file)));

    private static string Lua(JsonNode? node)
    {
        var text = new StringBuilder();
        switch (node)
        {
            case null: return "nil";
            case JsonObject map:
                foreach (var (key, value) in map) text.Append($"[\"{key}\"]={Lua(value)},");
                return $"{{{text}}}";
            case JsonArray list:
                foreach (var value in list) text.Append($"{Lua(value)},");
                return $"{{{text}}}";
            default: return node.ToJsonString();
        }
    }
}
