using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using FluentAssertions;
using Manifests.Chart;
using TestKit;
using Xunit;

namespace Manifests.Image;

/// <summary>
/// The image, built by buildah from this commit on bases made from the machine under the names that the Dockerfile has, then started. Needs root, and
/// minutes: two programs are trimmed and compiled ahead of time, twice.
/// </summary>
[Trait("Category", "Long")]
public sealed class ImageTests
{
    private const string Sdk = "localhost/dotnet/sdk:10.0";
    private const string Base = "localhost/dotnet/runtime-deps:10.0-noble-chiseled";
    private const int Minutes = 60;

    [Fact]
    public async Task It_is_small_runs_as_nobody_says_what_is_in_it_and_the_same_commit_gives_the_same()
    {
        await ShAsync($"hack/image-bases.sh {Sdk} {Base}");
        var first = await BuildAsync("localhost/breakglass-operator:first");
        var config = JsonNode.Parse(await ShAsync($"buildah inspect --type image {first}"))!["OCIv1"]!["config"]!;
        config["User"]!.GetValue<string>().Should().Be("65532:65532");
        config["Entrypoint"].Strings().Should().Equal("/breakglass-operator");
        config["Labels"]!["org.opencontainers.image.revision"]!.GetValue<string>().Should().StartWith((await ShAsync("git rev-parse HEAD")).Trim());

        var container = (await ShAsync($"buildah from {first}")).Trim();
        try
        {
            var root = (await ShAsync($"buildah mount {container}")).Trim();
            (await ShAsync($"chroot --userspec=65532:65532 {root} /breakglass-operator version")).Should().StartWith("0.1.0+");
            (await ShAsync($"chroot --userspec=65532:65532 {root} /usr/local/bin/kubectl-breakglass --version")).Should().Contain("0.1.0");
            new FileInfo($"{root}/breakglass-operator").Length.Should().BeLessThan(80_000_000);
            File.Exists($"{root}/bin/sh").Should().BeFalse("there is no shell to get into");
            Bill(await File.ReadAllTextAsync($"{root}/usr/share/doc/breakglass-operator/sbom.spdx.json"));
            await ProbeAsync(root);
        }
        finally
        {
            await ShAsync($"buildah rm {container}");
        }

        var second = await BuildAsync("localhost/breakglass-operator:second");
        (await DigestAsync(second)).Should().Be(await DigestAsync(first));
    }

    // A kubelet's probe: it lives, and is not ready, for there is no API server.
    private static async Task ProbeAsync(string root)
    {
        var port = FreePort().ToString(CultureInfo.InvariantCulture);
        var kubeconfig = """{"apiVersion":"v1","kind":"Config","current-context":"x","contexts":[{"name":"x","context":{"cluster":"x","user":"x"}}],"clusters":[{"name":"x","cluster":{"server":"https://127.0.0.1:1"}}],"users":[{"name":"x","user":{"token":"none"}}]}""";
        await File.WriteAllTextAsync($"{root}/tmp/kubeconfig", kubeconfig);
        var script = $"""
            chroot --userspec=65532:65532 {root} /breakglass-operator run --kubeconfig=/tmp/kubeconfig --webhook=false --http-address=127.0.0.1:{port} >/dev/null 2>&1 &
            pid=$!
            trap 'kill -KILL $pid' EXIT
            curl -s --noproxy '*' --retry 60 --retry-delay 1 --retry-connrefused -o /dev/null -w '%{"{http_code}"} ' http://127.0.0.1:{port}/healthz
            curl -s --noproxy '*' -o /dev/null -w '%{"{http_code}"}' http://127.0.0.1:{port}/readyz
            """;
        (await ShAsync(script)).Should().Be("200 503");
    }

    private static void Bill(string text)
    {
        var bill = JsonNode.Parse(text)!;
        bill["spdxVersion"]!.GetValue<string>().Should().Be("SPDX-2.3");
        var packages = bill["packages"]!.AsArray().Select(p => p!["name"]!.GetValue<string>()).ToList();
        packages.Should().OnlyHaveUniqueItems().And.Contain(["breakglass-operator", "OpenTelemetry", "NodaTime", "Polly.Core", "System.CommandLine", "Spectre.Console"]);
        packages.Should().Contain(p => p.StartsWith("Microsoft.NETCore.App.Runtime.", StringComparison.Ordinal)).And.NotContain(p => p.Contains("Analyzer", StringComparison.Ordinal));
        bill["relationships"]!.AsArray().Should().HaveCount(packages.Count);
    }

    private static async Task<string> BuildAsync(string name)
    {
        // The machine's own packages: what is built is locked by their hashes.
        await ShAsync($"BUILDER=buildah hack/image.sh {name} --no-cache --volume \"$HOME/.nuget:/root/.nuget\"");
        return name;
    }

    private static async Task<string> DigestAsync(string image) => (await ShAsync($"buildah inspect --type image --format '{"{{.FromImageID}}"}' {image}")).Trim();

    private static async Task<string> ShAsync(string script)
    {
        var result = await Tool.RunAsync("bash", ["-euo", "pipefail", "-c", $"cd '{Golden.RepositoryRoot}'; export BUILDAH_ISOLATION=chroot; {script}"], Minutes * 60);
        result.ExitCode.Should().Be(0, $"{script}\n{result.Error}");
        return result.Output;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
