using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using FluentAssertions;
using Integration.Docs;
using Xunit;

namespace Integration.Cli;

/// <summary>The page of <c>report -o html</c> in a real browser. Long: a browser is installed for it.</summary>
[UnsupportedOSPlatform("windows")]
[Trait("Category", "Long")]
public sealed class ReportPageTests(PluginCluster shared) : IClassFixture<PluginCluster>
{
    [Fact]
    public Task It_shows_the_evidence_runs_nothing_and_asks_nobody_for_anything() => Plugin.WithAsync(async plugin =>
    {
        using var trap = new TcpListener(IPAddress.Loopback, 0);
        trap.Start();
        var address = $"http://127.0.0.1:{((IPEndPoint)trap.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture)}/";
        var incident = await Incident.BeginAsync(shared.Cluster);
        await shared.Cluster.AdminAsync("wait", "--for=condition=Ready", Eventually.KubectlTimeout, $"bgp/{incident.Policy}");
        var hostile = $"<img src={address}a onerror=console.log('ran')><script src={address}b></script><link rel=stylesheet href={address}c> 5xx";
        (await plugin.KubectlAsync(shared.Cluster.Alice, "breakglass", "request", incident.Policy, $"--reason={hostile}", $"--name={incident.Grant}", "--",
            "true")).Code.Should().Be(0);
        await incident.WaitAsync("Revoked");
        var report = await plugin.KubectlAsync(shared.Cluster.ControlPlane.AdminKubeconfig, "breakglass", "report", incident.Grant, "-o", "html");
        report.Code.Should().Be(0, report.Error);
        var page = plugin.Write("report.html", report.Out);

        var (code, said) = await Shell.RunAsync(
            "chromium",
            [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run",
                $"--user-data-dir={plugin.Write("profile", "")}.d",
                "--enable-logging=stderr", $"--log-net-log={page}.net", "--virtual-time-budget=2000", "--dump-dom", $"file://{page}",
            ],
            new Dictionary<string, string>());

        code.Should().Be(0, said);
        said.Should().Contain($"<h1>Break-glass grant {incident.Grant}</h1>").And.Contain("<h2>Transitions</h2>").And
            .Contain("TokenReview refuses the token").And.Contain("&lt;script", "what somebody wrote is text");
        said.Should().NotContain("CONSOLE", "the page has nothing to complain about");
        (await File.ReadAllTextAsync(page + ".net")).Should().NotContain(address, "a page of evidence is complete in itself");
        trap.Pending().Should().BeFalse("nobody was asked for anything");
    });
}
