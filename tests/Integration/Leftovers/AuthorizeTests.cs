using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BreakGlass.Core;
using BreakGlass.Operator.Leftovers;
using FluentAssertions;
using Kube.Runtime;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using TestKit;
using Xunit;

namespace Integration.Leftovers;

/// <summary>
/// An API server that asks <c>/authorize</c> by structured authorization: impersonation, which admission cannot see, is shut for grants' identities.
/// </summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification = "IAsyncLifetime disposes of them.")]
public sealed class AuthorizeTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("authorize-").FullName;
    private X509Certificate2? _certificate;
    private WebhookServer? _server;
    private TestKit.ControlPlane? _cluster;

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        if (Release.Installed.Minor < 32) return;
        _certificate = SelfSigned();
        var served = SslStreamCertificateContext.Create(_certificate, null);
        var endpoint = new AuthorizeEndpoint(new CoreSettings(), (identity, _) => ValueTask.FromResult(identity == "allowed"), NullLogger.Instance);
        _server = new(IPAddress.Loopback, 0, () => served, [], NullLogger.Instance,
            others: new Dictionary<string, RequestDelegate> { [AuthorizeEndpoint.Path] = endpoint.ServeAsync });
        await _server.StartAsync(CancellationToken.None);

        // As docs/install.md says it, with this server's address and certificate.
        var kubeconfig = Path.Combine(_directory, "kubeconfig");
        await File.WriteAllTextAsync(kubeconfig, $$"""
            apiVersion: v1
            kind: Config
            clusters: [{name: o, cluster: {server: "https://127.0.0.1:{{_server.Port}}/authorize", certificate-authority-data: {{Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes(_certificate.ExportCertificatePem()))}} } }]
            users: [{name: o, user: {} }]
            contexts: [{name: o, context: {cluster: o, user: o} }]
            current-context: o
            """);
        var file = Path.Combine(_directory, "authorization.yaml");
        var page = await File.ReadAllTextAsync(Path.Combine(Golden.RepositoryRoot, "docs", "install.md"));
        var start = page.IndexOf("kind: AuthorizationConfiguration", StringComparison.Ordinal);
        start = page.LastIndexOf("```yaml\n", start, StringComparison.Ordinal) + "```yaml\n".Length;
        await File.WriteAllTextAsync(file, page[start..page.IndexOf("```", start, StringComparison.Ordinal)]
            .Replace("/etc/kubernetes/breakglass-authorize.kubeconfig", kubeconfig, StringComparison.Ordinal));
        _cluster = await TestKit.ControlPlane.StartAsync($"--authorization-config={file}");
        await _cluster.AdminAsync(["create", "namespace", "breakglass-grants"]);
        foreach (var name in (string[])["inc-1", "allowed"])
        {
            await _cluster.AdminAsync(["create", "serviceaccount", name, "-n", "breakglass-grants"]);
            await _cluster.AdminAsync(["create", "clusterrolebinding", name, "--clusterrole=cluster-admin", $"--serviceaccount=breakglass-grants:{name}"]);
        }
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (_cluster is not null) await _cluster.DisposeAsync();
        if (_server is not null) await _server.DisposeAsync();
        _certificate?.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [ServerFact(MinMinor = 32)]
    public async Task A_grant_acts_as_nobody_else_unless_its_policy_lets_it()
    {
        var grant = await _cluster!.ServiceAccountKubeconfigAsync("breakglass-grants", "inc-1");
        foreach (var somebody in (string[][])[["--as=alice"], ["--as=alice", "--as-group=system:masters"],
            ["--as=system:serviceaccount:kube-system:namespace-controller"]])
        {
            var answer = await _cluster.KubectlAsync(grant, [.. somebody, "get", "nodes"]);
            answer.ExitCode.Should().NotBe(0);
            answer.Error.Should().Contain("Forbidden");
        }

        (await _cluster.KubectlAsync(grant, ["get", "nodes"])).OrThrow();
        (await _cluster.KubectlAsync(await _cluster.ServiceAccountKubeconfigAsync("breakglass-grants", "allowed"),
            ["get", "nodes", "--as=alice", "--as-group=system:masters"])).OrThrow();
        (await _cluster.KubectlAsync(_cluster.AdminKubeconfig, ["get", "nodes", "--as=alice", "--as-group=system:masters"])).OrThrow();

        // While no replica answers a grant impersonates nobody, and everybody else goes on.
        await _server!.StopAsync(CancellationToken.None);
        (await _cluster.KubectlAsync(grant, ["get", "secrets", "-A", "--as=bob"])).ExitCode.Should().NotBe(0);
        (await _cluster.KubectlAsync(grant, ["get", "secrets", "-A"])).OrThrow();
        (await _cluster.KubectlAsync(_cluster.AdminKubeconfig, ["get", "nodes", "--as=alice", "--as-group=system:masters"])).OrThrow();
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=authorize", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddHours(-1), TimeProvider.System.GetUtcNow().AddHours(1));
    }
}
