using System.Text.Json.Nodes;
using FluentAssertions;
using TestKit;
using Xunit;

namespace Integration.Crds;

[Collection(CrdTests.Name)]
public sealed class GrantSchemaTests(CrdFixture crds)
{
    /// <summary>As the documentation shows it, with every optional field at its empty value.</summary>
    private const string AsDocumented =
        "{policy: payments-oncall, justification: 'checkout returns 5xx', ticket: INC-4711, duration: 30m, startTime: null, access: [payments], "
        + "namespaces: [], recipientKey: null, revoke: null, requester: {}}";

    [Fact]
    public async Task A_grant_with_nulls_for_what_is_left_out_is_accepted_and_can_be_revoked()
    {
        await crds.CreateAsync("BreakGlassGrant", "with-nulls", AsDocumented);
        (await crds.PatchAsync("bgg", "with-nulls", """{"metadata":{"finalizers":["example.dev/keep"]}}""")).OrThrow();
        (await crds.PatchAsync("bgg", "with-nulls", """{"metadata":{"finalizers":[]}}""")).OrThrow();
        (await crds.PatchAsync("bgg", "with-nulls", """{"spec":{"revoke":{"reason":"done"}}}""")).OrThrow();
    }

    [Fact]
    public async Task Nulls_that_reach_the_server_are_accepted_too()
    {
        // kubectl drops nulls on its way; other clients do not.
        var raw = new JsonObject
        {
            ["apiVersion"] = "breakglass.dev/v1alpha1",
            ["kind"] = "BreakGlassGrant",
            ["metadata"] = new JsonObject { ["name"] = "raw-nulls" },
            ["spec"] = new JsonObject
            {
                ["policy"] = "p", ["justification"] = "j", ["ticket"] = null, ["duration"] = null, ["startTime"] = null, ["access"] = null,
                ["namespaces"] = null, ["recipientKey"] = null, ["revoke"] = null, ["requester"] = null,
            },
        };
        crds.RemoveAtTheEnd("BreakGlassGrant", "raw-nulls");
        await crds.ControlPlane.AdminAsync(["create", "--raw", "/apis/breakglass.dev/v1alpha1/breakglassgrants", "-f", "-"], raw.ToJsonString());
        (await crds.PatchAsync("bgg", "raw-nulls", """{"spec":{"revoke":{}}}""")).OrThrow();
    }

    [ServerTheory(MinMinor = 25)]
    [InlineData("spec.policy", """{"spec":{"policy":"other"}}""")]
    [InlineData("spec.justification", """{"spec":{"justification":"other"}}""")]
    [InlineData("spec.duration", """{"spec":{"duration":null}}""")]
    [InlineData("spec.duration", """{"spec":{"duration":"12h"}}""")]
    [InlineData("spec.startTime", """{"spec":{"startTime":"2030-01-01T00:00:00Z"}}""")]
    [InlineData("spec.access", """{"spec":{"access":["payments","all"]}}""")]
    [InlineData("spec.namespaces", """{"spec":{"namespaces":["kube-system"]}}""")]
    [InlineData("spec.recipientKey", """{"spec":{"recipientKey":{"kty":"RSA","n":"AQAB","e":"AQAB"}}}""")]
    [InlineData("spec.requester", """{"spec":{"requester":{"username":"mallory"}}}""")]
    [InlineData("spec.requester", """{"spec":{"requester":null}}""")]
    public async Task A_grant_cannot_be_changed(string field, string patch)
    {
        await GrantAsync("fixed");
        var result = await crds.PatchAsync("bgg", "fixed", patch);
        result.ExitCode.Should().NotBe(0);
        result.Error.Should().Contain(field).And.Contain("create a new grant");
    }

    [ServerTheory(MinMinor = 25)]
    [InlineData("""{"spec":{"revoke":null}}""")]
    [InlineData("""{"spec":{"revoke":{"reason":"other"}}}""")]
    [InlineData("""{"spec":{"revoke":{"by":{"username":"mallory"}}}}""")]
    public async Task A_revocation_is_set_once(string patch)
    {
        await GrantAsync("revoked");
        await crds.PatchAsync("bgg", "revoked", """{"spec":{"revoke":{"reason":"done"}}}""");
        var result = await crds.PatchAsync("bgg", "revoked", patch);
        result.ExitCode.Should().NotBe(0);
        result.Error.Should().Contain("spec.revoke");
    }

    [ServerFact(MinMinor = 31)]
    public async Task Grants_are_found_by_policy()
    {
        await crds.CreateAsync("BreakGlassGrant", "selected", "{policy: selected-policy, justification: j}");
        (await crds.ControlPlane.AdminAsync(["get", "bgg", "-o", "name", "--field-selector", "spec.policy=selected-policy"]))
            .Trim().Should().Be("breakglassgrant.breakglass.dev/selected");
    }

    [ServerFact(MinMinor = 24)]
    public async Task The_operator_can_write_the_whole_status()
    {
        await GrantAsync("with-status");
        const string Status = """
            {"status":{"phase":"Active","activatedAt":"2026-11-22T01:02:03.456Z","expiresAt":"2026-11-22T01:32:03.456Z","credential":"ServiceAccountToken",
            "conditions":[{"type":"Active","status":"True","reason":"AccessWorks","message":"m","lastTransitionTime":"2026-11-22T01:02:03Z"}],
            "access":[{"name":"payments","roleRef":{"kind":"ClusterRole","name":"edit"},"namespaces":["payments"]}],
            "transitions":[{"at":"2026-11-22T01:02:03.456Z","from":"Pending","to":"Active","actor":"alice","reason":"PolicyAllows"}]}}
            """;
        (await crds.PatchAsync("bgg", "with-status", Status, "--subresource=status")).OrThrow();
        (await crds.ControlPlane.AdminAsync(["get", "bgg", "with-status", "--no-headers"])).Should().Contain("Active").And.Contain("2026-11-22T01:32:03.456Z");
    }

    private async Task GrantAsync(string name)
    {
        var result = await crds.ControlPlane.KubectlAsync(crds.ControlPlane.AdminKubeconfig, ["get", "bgg", name]);
        if (result.ExitCode != 0) await crds.CreateAsync("BreakGlassGrant", name, AsDocumented);
    }
}
