using System.Globalization;
using System.Runtime.Versioning;
using System.Text.Json.Nodes;
using FluentAssertions;
using Manifests.Chart;
using TestKit;
using Xunit;
using static Manifests.Image.Container;

namespace Manifests.Image;

/// <summary>
/// The image, built by buildah from this commit on bases made from the machine under the names that the Dockerfile has, then started. Needs root, and
/// minutes: two programs are trimmed and compiled ahead of time, twice. <c>make image-test</c> runs it.
/// </summary>
[Trait("Category", "Long")]
[UnsupportedOSPlatform("windows")]
public sealed class ImageTests(BuiltImage image) : IClassFixture<BuiltImage>
{
    [Fact]
    public async Task It_is_small_belongs_to_nobody_and_has_no_shell()
    {
        var config = JsonNode.Parse(await ShAsync($"buildah inspect --type image {image.Name}"))!["OCIv1"]!["config"]!;
        config["User"]!.GetValue<string>().Should().Be("65532:65532");
        config["Entrypoint"].Strings().Should().Equal("/breakglass-operator");
        config["Cmd"].Strings().Should().Equal("run");
        config["Labels"]!["org.opencontainers.image.version"]!.GetValue<string>().Should().Be("0.1.0");
        config["Labels"]!["org.opencontainers.image.licenses"]!.GetValue<string>().Should().Be("Apache-2.0");
        config["Labels"]!["org.opencontainers.image.revision"]!.GetValue<string>().Should().StartWith((await ShAsync("git rev-parse HEAD")).Trim());

        await using var container = await FromAsync(image.Name);
        string[] files = ["breakglass-operator", "usr/local/bin/kubectl-breakglass", "usr/share/doc/breakglass-operator/LICENSE",
            "usr/share/doc/breakglass-operator/sbom.spdx.json"];
        foreach (var file in files)
        {
            new FileInfo(Path.Combine(container.Root, file)).Length.Should().BeInRange(1, 80_000_000, file);
            File.GetUnixFileMode(Path.Combine(container.Root, file))
                .Should().NotHaveFlag(UnixFileMode.OtherWrite, file).And.NotHaveFlag(UnixFileMode.GroupWrite, file);
        }

        foreach (var shell in new[] { "bin/sh", "bin/bash", "usr/bin/sh", "bin/busybox" })
            File.Exists(Path.Combine(container.Root, shell)).Should().BeFalse("there is no shell to get into");
        (await container.RunAsync([], "/breakglass-operator", "version")).Output.Should().MatchRegex(@"^0\.1\.0\+[0-9a-f]{40}");
        (await container.RunAsync([], "/usr/local/bin/kubectl-breakglass", "--version")).Output.Should().MatchRegex(@"0\.1\.0\+[0-9a-f]{40}");
    }

    [Fact]
    public async Task Its_bill_of_materials_names_every_package_with_version_licence_and_checksum()
    {
        await using var container = await FromAsync(image.Name);
        var bill = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(container.Root, "usr/share/doc/breakglass-operator/sbom.spdx.json")))!;
        bill["spdxVersion"]!.GetValue<string>().Should().Be("SPDX-2.3");
        var packages = bill["packages"]!.AsArray().ToDictionary(p => p!["name"]!.GetValue<string>(), p => p!);

        packages.Keys.Should().Contain(Shipped()).And.Contain(["breakglass-operator", "OpenTelemetry.Api"]).And
            .NotContain(name => name.Contains("Analyzer", StringComparison.Ordinal));
        packages.Keys.Should().ContainSingle(name => name.StartsWith("Microsoft.NETCore.App.Runtime.", StringComparison.Ordinal))
            .And.ContainSingle(name => name.StartsWith("Microsoft.AspNetCore.App.Runtime.", StringComparison.Ordinal));
        foreach (var (name, package) in packages)
        {
            package["versionInfo"]!.GetValue<string>().Should().MatchRegex(@"^\d+\.\d+\.\d+", name);
            package["licenseDeclared"]!.GetValue<string>().Should().BeOneOf(["Apache-2.0", "MIT", "BSD-3-Clause"], name);
            if (name != "breakglass-operator") package["checksums"]![0]!["checksumValue"]!.GetValue<string>().Should().MatchRegex("^[0-9a-f]{128}$", name);
        }

        bill["relationships"]!.AsArray().Should().HaveCount(packages.Count);
    }

    [Fact]
    public async Task It_runs_as_the_pod_that_the_chart_describes_and_gives_access_to_who_asks_by_its_plugin()
    {
        await using var cluster = await TestKit.ControlPlane.StartAsync();
        var (http, webhook) = (Ports.Free(), Ports.Free());
        (await Tool.HelmAsync("install", "breakglass", Tool.Chart, "--kubeconfig", cluster.AdminKubeconfig, "-n", "breakglass-system", "--create-namespace",
            "--set", $"webhook.url=https://127.0.0.1:{webhook}", "--set", "userRoles.groups.requester={on-call}", "--set",
            $"operator.publicServer={cluster.Server}")).ExitCode.Should().Be(0);
        var mounts = await MountsAsync(cluster);
        await using var container = await FromAsync(image.Name);
        await ShAsync($"touch '{cluster.Directory}/before'");

        await using (var running = container.Start([.. mounts, .. await PodAsync(cluster)],
            ["/breakglass-operator", "run", $"--http-address=127.0.0.1:{http}", $"--webhook-address=127.0.0.1:{webhook}", "--webhook-extra-names=127.0.0.1"]))
        {
            try
            {
                await ShAsync("curl -sf --noproxy '*' --retry 60 --retry-delay 1 --retry-all-errors --retry-max-time 60 -o /dev/null "
                    + $"http://127.0.0.1:{http}/readyz && curl -sf --noproxy '*' -o /dev/null http://127.0.0.1:{http}/healthz");
                await AccessByPlugin.GiveAndEndAsync(
                    cluster, arguments => container.RunAsync(mounts, ["/usr/local/bin/kubectl-breakglass", "--kubeconfig=/alice", .. arguments]));
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"the operator in the container says\n{running.Log}", e);
            }

            (await running.StopAsync()).Should().Be(0, running.Log);
        }

        // As with readOnlyRootFilesystem, of which there is no kubelet here: what buildah mounts aside, it has written nothing.
        (await ShAsync($"find '{container.Root}' -xdev -type f -newer '{cluster.Directory}/before' ! -path '*/etc/*' ! -path '*/run/*' ! -name alice"))
            .Should().BeEmpty();
    }

    [Fact]
    public async Task The_same_commit_gives_the_same_image()
    {
        await BuiltImage.BuildAsync("localhost/breakglass-operator:second");
        (await DigestAsync("localhost/breakglass-operator:second")).Should().Be(await DigestAsync(image.Name));
    }

    // The service account as a kubelet mounts it, and Alice's kubeconfig, for a user who is not root.
    private static async Task<string[]> MountsAsync(TestKit.ControlPlane cluster)
    {
        var mounts = Directory.CreateDirectory(Path.Combine(cluster.Directory, "mounts")).FullName;
        var account = Directory.CreateDirectory(Path.Combine(mounts, "account")).FullName;
        var token = YamlText.Parse(await File.ReadAllTextAsync(await cluster.ServiceAccountKubeconfigAsync("breakglass-system", "breakglass-operator")))
            .Single()["users"]![0]!["user"]!["token"]!.GetValue<string>();
        await File.WriteAllTextAsync(Path.Combine(account, "token"), token);
        await File.WriteAllTextAsync(Path.Combine(account, "namespace"), "breakglass-system");
        File.Copy(cluster.CaCertificate, Path.Combine(account, "ca.crt"));
        File.Copy(await cluster.UserKubeconfigAsync("alice", ["on-call"]), Path.Combine(mounts, "alice"));
        await ShAsync($"chmod -R a+rX '{mounts}'");
        return ["--volume", $"{account}:/var/run/secrets/kubernetes.io/serviceaccount:ro", "--volume", $"{mounts}/alice:/alice:ro"];
    }

    // The environment that the chart's Deployment and a kubelet give.
    private static async Task<string[]> PodAsync(TestKit.ControlPlane cluster)
    {
        var pod = JsonNode.Parse(
            await cluster.AdminAsync(["get", "deployment", "breakglass-operator", "-n", "breakglass-system", "-o", "json"]))!["spec"]!["template"]!["spec"]!;
        var environment = pod["containers"]![0]!["env"]!.AsArray()
            .ToDictionary(e => e!["name"]!.GetValue<string>(), e => e!["value"]?.GetValue<string>() ?? "breakglass-system");
        environment["KUBERNETES_SERVICE_HOST"] = cluster.Server.Host;
        environment["KUBERNETES_SERVICE_PORT"] = cluster.Server.Port.ToString(CultureInfo.InvariantCulture);
        return [.. environment.SelectMany(e => new[] { "--env", $"{e.Key}={e.Value}" })];
    }

    // The packages that this repository says it ships; those that they bring along are named by hand above.
    private static IEnumerable<string> Shipped() =>
        System.Xml.Linq.XDocument.Load(Path.Combine(Golden.RepositoryRoot, "Directory.Packages.props")).Descendants("ItemGroup")
            .Single(group => group.Attribute("Label")?.Value == "Shipped")
            .Elements().Select(package => package.Attribute("Include")!.Value);

    private static async Task<string> DigestAsync(string name) =>
        (await ShAsync($"buildah inspect --type image --format '{"{{.FromImageID}}"}' {name}")).Trim();
}
