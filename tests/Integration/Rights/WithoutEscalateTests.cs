using BreakGlass.Core.Api;
using FluentAssertions;
using Integration.Alone;
using Xunit;

namespace Integration.Rights;

/// <summary>The operator's work without bind and escalate on roles of the grants' namespace, as config/components/without-escalate leaves it.</summary>
[Collection(nameof(OneCluster))]
public sealed class WithoutEscalateTests(OwnCluster own) : IAsyncLifetime
{
    private readonly TestCluster _cluster = own.Cluster;

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        var overlay = Directory.CreateTempSubdirectory("breakglass-overlay-");
        try
        {
            // kustomize knows relative paths only.
            string Below(string path) => Path.GetRelativePath(overlay.FullName, TestCluster.Config(path));
            await File.WriteAllTextAsync(
                Path.Combine(overlay.FullName, "kustomization.yaml"), $"resources: [{Below("rbac")}]\ncomponents: [{Below("components/without-escalate")}]\n");
            await _cluster.AdminAsync("apply", "-k", overlay.FullName);
        }
        finally
        {
            overlay.Delete(recursive: true);
        }

        await Eventually.TrueAsync(async () => (await EscalatesAsync()) == "no", expected: "the API server to have seen the rights go");
    }

    /// <inheritdoc/>
    public Task DisposeAsync() => _cluster.AdminAsync("apply", "-k", TestCluster.Config("rbac"));

    [Theory]
    [InlineData("ServiceAccountToken")]
    [InlineData("BindRequester")]
    public async Task A_grant_lives_its_whole_life_without_escalate(string credential)
    {
        await using var running = await _cluster.StartOperatorAsync();
        var incident = await Incident.BeginAsync(_cluster, $"  credential: {credential}");
        await incident.ActivateAsync();
        if (credential == "ServiceAccountToken")
        {
            await incident.AllowedAsync(await incident.FetchKubeconfigAsync());

            // Somebody widens the reader's Role and strips its binding: both are repaired.
            var reader = $"{Incident.SecretOf(await incident.ReadAsync()).Name}-reader";
            await _cluster.AdminAsync("patch", "role", reader, "-n", "breakglass-grants", "--type=merge", "-p",
                """{"rules":[{"apiGroups":[""],"resources":["secrets"],"verbs":["get","list"]}]}""");
            await _cluster.AdminAsync("patch", "rolebinding", reader, "-n", "breakglass-grants", "--type=merge", "-p",
                """{"subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"mallory"}]}""");
            await Eventually.TrueAsync(
                async () => (await _cluster.AdminAsync("get", "role", reader, "-n", "breakglass-grants", "-o", "jsonpath={.rules[*].verbs}")) == """["get"]""",
                expected: "the Role, restored");
            await Eventually.TrueAsync(
                async () => (await _cluster.AdminAsync("get", "rolebinding", reader, "-n", "breakglass-grants", "-o",
                    "jsonpath={.subjects[*].name}")) == "alice", expected: "the subject, restored");
        }

        await incident.RevokeAsync();
        await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);
        (await running.StopAsync()).Should().Be(0);
    }

    [Fact]
    public async Task The_operators_token_then_writes_no_role_but_what_it_holds()
    {
        foreach (var command in (string[])["create role intruder --verb=get --resource=pods", "create role intruder --verb=* --resource=secrets",
            "create role intruder --verb=delete --resource=resourcequotas"])
        {
            var answer = await _cluster.KubectlAsync(_cluster.OperatorKubeconfig, [.. command.Split(' '), "-n", "breakglass-grants"]);
            answer.Error.Should().MatchRegex("attempting to grant RBAC permissions not currently held|operator's fence refuses", command);
        }
    }

    private async Task<string> EscalatesAsync() =>
        (await _cluster.KubectlAsync(
            _cluster.OperatorKubeconfig, "auth", "can-i", "escalate", "roles.rbac.authorization.k8s.io", "-n", "breakglass-grants")).Output.Trim();
}
