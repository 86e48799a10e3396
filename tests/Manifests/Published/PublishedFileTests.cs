using System.Runtime.Versioning;
using FluentAssertions;
using Manifests.Chart;
using Manifests.Image;
using TestKit;
using Xunit;

namespace Manifests.Published;

/// <summary>
/// What is trimmed can lack what only a run needs: a JSON contract, a constructor, a resource. All other tests run what the compiler made; these run the files
/// that are shipped, on a real API server.
/// </summary>
[Trait("Category", "Long")]
[UnsupportedOSPlatform("windows")]
public sealed class PublishedFileTests(PublishedFiles files) : IClassFixture<PublishedFiles>
{
    [Fact]
    public async Task The_files_start_without_dotnet_and_say_their_version_and_what_they_can_do()
    {
        (await RunAsync(files.Operator, "version")).Output.Should().StartWith("0.1.0");
        (await RunAsync(files.Operator, "--help")).Output.Should().Contain("--trust-requester");
        (await RunAsync(files.Plugin, "--version")).Output.Should().StartWith("0.1.0");
        (await RunAsync(files.Plugin, "--help")).Output.Should().Contain("request").And.Contain("revoke");
    }

    // A reference that keeps a large assembly, or an SDK that ignores src/LinkAttributes.xml, would show here.
    [Fact]
    public void The_operators_file_is_at_most_58_MB() => new FileInfo(files.Operator).Length.Should().BeLessThanOrEqualTo(58 * 1024 * 1024);

    [Fact]
    public async Task The_operator_gives_and_ends_the_access_that_the_plugin_requests()
    {
        await using var cluster = await ControlPlane.StartAsync();
        var (http, webhook) = (Ports.Free(), Ports.Free());
        var installed = await Tool.HelmAsync(
            "install", "breakglass", Tool.Chart, "--kubeconfig", cluster.AdminKubeconfig, "-n", "breakglass-system", "--create-namespace",
            "--set", $"webhook.url=https://127.0.0.1:{webhook}", "--set", "userRoles.groups.requester={on-call}");
        installed.ExitCode.Should().Be(0, installed.Error);
        var kubeconfig = await cluster.ServiceAccountKubeconfigAsync("breakglass-system", "breakglass-operator");
        var alice = await cluster.UserKubeconfigAsync("alice", ["on-call"]);

        await using var running = new RunningProgram(
            $"KUBECONFIG={kubeconfig}", files.Operator, "run", $"--public-server={cluster.Server.OriginalString}",
            $"--http-address=127.0.0.1:{http}",
            $"--webhook-address=127.0.0.1:{webhook}", "--webhook-extra-names=127.0.0.1");
        try
        {
            await CurlAsync("--retry", "60", "--retry-delay", "1", "--retry-all-errors", "--retry-max-time", "60", $"http://127.0.0.1:{http}/readyz");
            await AccessByPlugin.GiveAndEndAsync(cluster, arguments => RunAsync(files.Plugin, [$"--kubeconfig={alice}", .. arguments]));
            (await CurlAsync($"http://127.0.0.1:{http}/metrics")).Should().Contain("breakglass_").And.Contain("controller_runtime_reconcile_total");
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"the operator says\n{running.Log}", e);
        }

        (await running.StopAsync()).Should().Be(0, running.Log);
        running.Log.Should().NotContain("\"level\":\"error\"").And.NotContain("(a bug)");
    }

    // The library of OpenPGP and encrypted keys finds its algorithms by name, which the trimmer does not see.
    [Fact]
    public async Task The_plugin_makes_keys_vouchers_and_a_kit_and_opens_the_kit()
    {
        var safe = Directory.CreateTempSubdirectory("safe").FullName;
        string At(string name) => Path.Combine(safe, name);
        async Task<string> VoucherAsync(params string[] arguments)
        {
            var ran = await RunAsync(files.Plugin, ["voucher", .. arguments]);
            ran.ExitCode.Should().Be(0, $"voucher {string.Join(' ', arguments)}: {ran.Error}");
            return ran.Output;
        }

        try
        {
            var passphrase = $"--passphrase-file={At("passphrase")}";
            await File.WriteAllTextAsync(At("passphrase"), "six random words are long enough\n");
            await File.WriteAllTextAsync(At("courier"), """
                apiVersion: v1
                kind: Config
                current-context: c
                clusters: [{name: c, cluster: {server: "https://127.0.0.1:6443"}}]
                users: [{name: c, user: {token: not-a-secret}}]
                contexts: [{name: c, context: {cluster: c, user: c}}]
                """);
            var manifest = await VoucherAsync("authority", "offline", $"--private-key={At("first.pem")}", "--required=2", passphrase);
            await File.WriteAllTextAsync(At("authority.yaml"), manifest);
            await VoucherAsync("authority", "offline", $"--private-key={At("second.pem")}", "--type=Ed25519", $"--into={At("authority.yaml")}", passphrase);
            await File.WriteAllTextAsync(At("alice.jwk"), await VoucherAsync("holder", $"--private-key={At("alice.key")}", passphrase));
            await VoucherAsync("issue", $"--key={At("first.pem")}", "--authority=offline", "--cluster=4b1d9f4e-3f51-4c55-9f5c-1d3c4f2f7a10", "--person=alice",
                "--policy=payments", $"--holder={At("alice.jwk")}", $"--out={At("alice.voucher")}", passphrase);
            await VoucherAsync("sign", At("alice.voucher"), $"--key={At("second.pem")}", $"--out={At("alice.voucher")}", passphrase);
            await VoucherAsync("inspect", At("alice.voucher"), $"--authority={At("authority.yaml")}");
            await VoucherAsync("kit", $"--out={At("prod.kit")}", $"--voucher={At("alice.voucher")}", $"--holder-key={At("alice.key")}",
                $"--courier={At("courier")}", passphrase);

            (await VoucherAsync("kit", "open", At("prod.kit"), $"--to={At("kit")}", passphrase)).Should().Contain("alice.voucher with alice.key");

            (await File.ReadAllTextAsync(At("kit/alice.voucher"))).Should().Be(await File.ReadAllTextAsync(At("alice.voucher")));
            (await File.ReadAllTextAsync(At("kit/alice.key"))).Should().Be(await File.ReadAllTextAsync(At("alice.key")));
        }
        finally
        {
            Directory.Delete(safe, recursive: true);
        }
    }

    // Without DOTNET_ROOT and PATH there is no runtime but the one in the file.
    private static Task<ToolResult> RunAsync(string file, params string[] arguments) =>
        Tool.RunAsync("env", ["-i", $"HOME={Path.GetTempPath()}", file, .. arguments], seconds: 120);

    private static async Task<string> CurlAsync(params string[] arguments)
    {
        var answer = await Tool.RunAsync("curl", ["-sSf", "--noproxy", "*", .. arguments], seconds: 90);
        answer.ExitCode.Should().Be(0, answer.Error);
        return answer.Output;
    }
}
