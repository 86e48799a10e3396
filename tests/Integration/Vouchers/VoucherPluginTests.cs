using System.Runtime.Versioning;
using FluentAssertions;
using Integration.Cli;
using TestKit;
using Xunit;

namespace Integration.Vouchers;

/// <summary>The plugin alone, from the keys to the access: what people do beforehand, and what the one of them does who has nothing but the kit.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class VoucherPluginTests(VoucherCluster stage) : IClassFixture<VoucherCluster>
{
    private const string Passphrase = "six random words are long enough";

    private readonly string _id = Guid.NewGuid().ToString("N")[..8];

    private string Authority => $"plugin-{_id}";

    private string Policy => $"plugin-{_id}";

    private string Namespace => $"plugin-{_id}";

    [Fact]
    public Task A_kit_gives_access_when_nobody_can_log_in_and_until_the_authority_is_suspended() => Plugin.WithAsync(async plugin =>
    {
        var (cluster, nobody) = (stage.Cluster, plugin.Write("nobody.kubeconfig", ""));
        var passphrase = plugin.Write("passphrase", Passphrase + "\n");
        string At(string name) => Path.Combine(Path.GetDirectoryName(passphrase)!, name);
        async Task<string> VoucherAsync(string kubeconfig, params string[] arguments)
        {
            var ran = await plugin.KubectlAsync(kubeconfig, ["breakglass", "voucher", .. arguments, $"--passphrase-file={passphrase}"]);
            ran.Code.Should().Be(0, ran.Error);
            return ran.Out;
        }

        // Offline: the kubeconfig names no cluster.
        var manifest = plugin.Write(
            "authority.yaml", await VoucherAsync(nobody, "authority", Authority, $"--private-key={At("first.pem")}", "--required=2"));
        await VoucherAsync(nobody, "authority", Authority, $"--private-key={At("second.pem")}", "--type=Ed25519", $"--into={manifest}");
        var jwk = plugin.Write("alice.jwk", await VoucherAsync(nobody, "holder", $"--private-key={At("alice.key")}"));
        var voucher = At("alice.voucher");
        await VoucherAsync(nobody, "issue", $"--key={At("first.pem")}", $"--authority={Authority}", $"--cluster={stage.Id}", "--person=alice",
            $"--policy={Policy}", $"--holder={jwk}", $"--out={voucher}");
        await VoucherAsync(nobody, "sign", voucher, $"--key={At("second.pem")}", $"--out={voucher}");
        (await plugin.KubectlAsync(nobody, "breakglass", "voucher", "inspect", voucher, $"--authority={manifest}")).Code.Should().Be(0);

        // In the cluster: the authority, the policy, the courier.
        await cluster.AdminAsync("create", "namespace", Namespace);
        await cluster.AdminAsync("-n", "breakglass-system", "create", "serviceaccount", Authority);
        await cluster.AdminAsync(
            "create", "clusterrolebinding", Authority, "--clusterrole=breakglass-courier", $"--serviceaccount=breakglass-system:{Authority}");
        await cluster.AdminAsync("apply", "-f", manifest);
        await cluster.AdminAsync("patch", "bgauth", Authority, "--type=merge", "-p",
            $$"""{"spec":{"couriers":[{"kind":"ServiceAccount","namespace":"breakglass-system","name":"{{Authority}}"}] } }""");
        await cluster.ApplyAsync(cluster.ControlPlane.AdminKubeconfig, $$"""
            apiVersion: breakglass.dev/v1alpha1
            kind: BreakGlassPolicy
            metadata: {name: {{Policy}} }
            spec:
              mode: BreakGlass
              requesters: [{kind: Group, name: {{Policy}}-requesters}]
              access: [{name: payments, roleRef: {kind: ClusterRole, name: edit}, namespaces: [{{Namespace}}] }]
              vouchers: {authority: {{Authority}}, holders: [{kind: User, name: alice}]}
            """);
        await cluster.AdminAsync("wait", "--for=condition=Ready", Eventually.KubectlTimeout, $"bgp/{Policy}", $"bgauth/{Authority}");
        var page = await VoucherAsync(cluster.ControlPlane.AdminKubeconfig, "kit", $"--out={At("prod.kit")}", $"--voucher={voucher}",
            $"--holder-key={At("alice.key")}", $"--courier-account=breakglass-system/{Authority}", "--courier-duration=24h");
        page.Should().Contain("alice.voucher with alice.key");

        // In the emergency.
        await VoucherAsync(nobody, "kit", "open", At("prod.kit"), $"--to={At("kit")}");
        Task<(int Code, string Out, string Error)> RequestAsync() => plugin.KubectlAsync(nobody, "breakglass", "request",
            $"--kubeconfig={At("kit/courier.kubeconfig")}", $"--voucher={At("kit/alice.voucher")}", "--reason=the identity provider is down",
            $"--passphrase-file={passphrase}");
        var asked = await RequestAsync();
        asked.Code.Should().Be(0, asked.Error);
        var kubeconfig = asked.Out.Trim()["export KUBECONFIG='".Length..^1];
        (await cluster.KubectlAsync(kubeconfig, "-n", Namespace, "get", "configmaps")).ExitCode.Should().Be(0);
        (await cluster.KubectlAsync(At("kit/courier.kubeconfig"), "-n", Namespace, "get", "configmaps")).Error.Should().Contain("Forbidden");

        var again = await RequestAsync();
        again.Code.Should().Be(3, again.Error);
        again.Error.Should().Contain("the voucher was already used");

        await cluster.AdminAsync("patch", "bgauth", Authority, "--type=merge", "-p", """{"spec":{"suspended":true}}""");
        await Eventually.TrueAsync(async () => (await cluster.KubectlAsync(kubeconfig, "-n", Namespace, "get", "configmaps")).ExitCode != 0,
            expected: "access to end after the authority was suspended");
    });

    [Fact]
    public Task A_kits_courier_has_a_client_certificate_that_the_cluster_signed() => Plugin.WithAsync(async plugin =>
    {
        var (cluster, admin, user) = (stage.Cluster, stage.Cluster.ControlPlane.AdminKubeconfig, $"courier-{_id}");
        var passphrase = plugin.Write("passphrase", Passphrase + "\n");
        string At(string name) => Path.Combine(Path.GetDirectoryName(passphrase)!, name);
        async Task<(string Out, string Error)> VoucherAsync(params string[] arguments)
        {
            var ran = await plugin.KubectlAsync(admin, ["breakglass", "voucher", .. arguments, $"--passphrase-file={passphrase}"]);
            ran.Code.Should().Be(0, ran.Error);
            return (ran.Out, ran.Error);
        }

        await VoucherAsync("authority", Authority, $"--private-key={At("first.pem")}");
        var jwk = plugin.Write("alice.jwk", (await VoucherAsync("holder", $"--private-key={At("alice.key")}")).Out);
        await VoucherAsync("issue", $"--key={At("first.pem")}", $"--authority={Authority}", "--person=alice", $"--policy={Policy}", $"--holder={jwk}",
            $"--out={At("alice.voucher")}");
        await cluster.AdminAsync("create", "clusterrolebinding", user, "--clusterrole=breakglass-courier", $"--user={user}");

        var kit = await VoucherAsync("kit", $"--out={At("prod.kit")}", $"--voucher={At("alice.voucher")}", $"--holder-key={At("alice.key")}",
            $"--courier-user={user}", "--courier-account=breakglass-system/default", "--courier-duration=24h");

        kit.Error.Should().Contain($"The courier has a client certificate of the user {user}, until ").And.NotContain("cannot create grants");
        kit.Error.Contains("longer than requested", StringComparison.Ordinal)
            .Should().Be(cluster.ControlPlane.ServerVersion.Minor < 22, "expirationSeconds exists since 1.22");
        await VoucherAsync("kit", "open", At("prod.kit"), $"--to={At("kit")}");
        var courier = At("kit/courier.kubeconfig");
        (await cluster.KubectlAsync(courier, "get", "configmaps")).Error.Should().Contain("Forbidden").And.Contain($"\"{user}\"");
        (await cluster.KubectlAsync(courier, "get", "bgg", "none")).Error.Should().Contain("NotFound");
    });
}
