using System.Text.Json.Nodes;
using FluentAssertions;
using TestKit;
using Xunit;

namespace Integration.Crds;

[Collection(CrdTests.Name)]
public sealed class DefinitionTests(CrdFixture crds)
{
    private const string Requesters = "requesters: [{kind: User, name: alice}]";
    private const string Access = "access: [{name: a, roleRef: {kind: ClusterRole, name: edit}, namespaces: [a]}]";

    [Fact]
    public async Task The_server_accepts_all_five_kinds_and_knows_their_short_names()
    {
        foreach (var name in new[] { "bgp", "bgg", "bga", "bgr", "bgl", "breakglass" })
        {
            (await crds.ControlPlane.KubectlAsync(crds.ControlPlane.AdminKubeconfig, ["get", name])).OrThrow();
        }
    }

    [Fact]
    public async Task What_the_server_stores_needs_no_second_apply()
    {
        // Tests beside this one may apply the definitions in another form in between: one quiet moment of three will do.
        for (var attempt = 0; ; attempt++)
        {
            await crds.ApplyAsync(CrdFixture.Kustomization);
            var lines = (await crds.ApplyAsync(CrdFixture.Kustomization)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            lines.Should().HaveCount(8);
            if (lines.All(line => line.EndsWith("unchanged", StringComparison.Ordinal))) return;
            attempt.Should().BeLessThan(3, string.Join('\n', lines));
        }
    }

    [Fact]
    public async Task The_schemas_are_structural_and_their_names_are_accepted()
    {
        var list = JsonNode.Parse(await crds.ControlPlane.AdminAsync(["get", "crd", "-o", "json", "-l", "app.kubernetes.io/name=breakglass-operator"]))!;
        foreach (var crd in list["items"]!.AsArray())
        {
            var conditions = crd!["status"]!["conditions"]!.AsArray().Where(c => c!["status"]!.GetValue<string>() == "True")
                .Select(c => c!["type"]!.GetValue<string>());
            conditions.Should().BeEquivalentTo(["NamesAccepted", "Established"], crd["metadata"]!["name"]!.GetValue<string>());
        }
    }

    [Theory]
    [InlineData("bgg.spec", "Why you need access. Reviewers read it.")]
    [InlineData("bgg.status.expiresAt", "When access ends")]
    [InlineData("bgp.spec.duration.max", "The longest duration that a grant can request; at most 12h.")]
    [InlineData("bgl.spec", "The labels of the policies")]
    public async Task Kubectl_explains_the_fields(string path, string text)
    {
        var explained = await crds.ControlPlane.AdminAsync(["explain", path]);
        string.Join(' ', explained.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).Should().Contain(text).And.NotContain("<empty>");
    }

    [Fact]
    public async Task A_policy_gets_its_defaults()
    {
        var spec = (await crds.CreateAsync("BreakGlassPolicy", "defaults",
            $"{{mode: JustInTime, {Requesters}, {Access}, approval: {{approvers: [{{kind: User, name: bob}}]}}, review: {{}}}}"))["spec"]!;
        spec["credential"]!.ToString().Should().Be("ServiceAccountToken");
        spec["duration"]!.ToJsonString().Should().Be("""{"default":"30m","max":"1h"}""");
        spec["retainFor"]!.ToString().Should().Be("2160h");
        spec["rolePinning"]!.ToString().Should().Be("Warn");
        spec["suspended"]!.GetValue<bool>().Should().BeFalse();
        spec["approval"]!["required"]!.GetValue<int>().Should().Be(1);
        spec["approval"]!["timeout"]!.ToString().Should().Be("15m");
        spec["review"]!["within"]!.ToString().Should().Be("24h");
        spec["review"]!["required"]!.GetValue<bool>().Should().BeTrue();
    }

    [Theory]
    [InlineData("requesters", "{mode: BreakGlass, " + Access + "}")]
    [InlineData("spec.mode", "{mode: breakglass, " + Requesters + ", " + Access + "}")]
    [InlineData("spec.access", "{mode: BreakGlass, " + Requesters + ", access: []}")]
    [InlineData("spec.access[1]", "{mode: BreakGlass, " + Requesters + ", access: [{name: a, roleRef: {kind: Role, name: r}, namespaces: [a]}, {name: a, "
        + "roleRef: {kind: Role, name: r}, namespaces: [b]}]}")]
    [InlineData("spec.duration.max", "{mode: BreakGlass, " + Requesters + ", " + Access + ", duration: {max: 3d}}")]
    [InlineData("spec.retainFor", "{mode: BreakGlass, " + Requesters + ", " + Access + ", retainFor: forever}")]
    [InlineData("durations", "{mode: BreakGlass, " + Requesters + ", " + Access + ", durations: {}}")]
    public async Task A_wrong_policy_is_refused_with_the_fields_name(string field, string spec) =>
        (await crds.RefusalAsync("BreakGlassPolicy", "wrong", spec)).Should().Contain(field);

    [ServerTheory(MinMinor = 25)]
    [InlineData("spec.duration: Invalid value: max: is longer than 12h", "{mode: BreakGlass, " + Requesters + ", " + Access + ", duration: {max: 13h}}")]
    [InlineData("default: is longer than max", "{mode: BreakGlass, " + Requesters + ", " + Access + ", duration: {max: 15m}}")]
    [InlineData("spec.approval: required", "{mode: JustInTime, " + Requesters + ", " + Access + "}")]
    [InlineData("spec.approval: a policy of mode BreakGlass",
        "{mode: BreakGlass, " + Requesters + ", " + Access + ", approval: {approvers: [{kind: User, name: b}]}}")]
    [InlineData("spec.schedule: required", "{mode: TimeBoxed, " + Requesters + ", " + Access + "}")]
    [InlineData("spec.emergencyBypass: only", "{mode: BreakGlass, " + Requesters + ", " + Access + ", emergencyBypass: {duration: 5m}}")]
    [InlineData("spec.access[0]", "{mode: BreakGlass, " + Requesters + ", access: [{name: a, roleRef: {kind: ClusterRole, name: edit}}]}")]
    [InlineData("spec.access[0]",
        "{mode: BreakGlass, " + Requesters + ", access: [{name: a, roleRef: {kind: ClusterRole, name: edit}, namespaces: [a], clusterWide: true}]}")]
    [InlineData("roleRef.kind: a Role lives in a namespace",
        "{mode: BreakGlass, " + Requesters + ", access: [{name: a, roleRef: {kind: Role, name: r}, clusterWide: true}]}")]
    public async Task A_policy_that_breaks_a_rule_is_refused_with_the_way_out(string message, string spec) =>
        (await crds.RefusalAsync("BreakGlassPolicy", "wrong", spec)).Should().Contain(message);

    [ServerFact(MinMinor = 25)]
    public async Task A_name_that_is_too_long_for_a_label_is_refused() =>
        (await crds.RefusalAsync("BreakGlassGrant", new string('a', 64), "{policy: p, justification: j}")).Should().Contain("at most 63 characters");

    [ServerFact(MinMinor = 25)]
    public async Task A_private_key_is_refused_and_not_shown()
    {
        var refusal = await crds.RefusalAsync(
            "BreakGlassGrant", "private", "{policy: p, justification: j, recipientKey: {kty: RSA, 'n': AQAB, e: AQAB, d: c2VjcmV0}}");
        refusal.Should().Contain("private key").And.NotContain("c2VjcmV0");
    }

    [Fact]
    public async Task The_samples_are_accepted() =>
        (await crds.ControlPlane.KubectlAsync(
            crds.ControlPlane.AdminKubeconfig,
            [
                "apply", "--dry-run=server",
                .. Directory.EnumerateFiles(Path.Combine(Golden.RepositoryRoot, "config/samples"), "*.yaml")
                    .Where(f => !f.EndsWith("kustomization.yaml", StringComparison.Ordinal)).SelectMany(f => new[] { "-f", f }),
            ])).OrThrow();
}
