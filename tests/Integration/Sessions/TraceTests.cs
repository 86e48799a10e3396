using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using FluentAssertions;
using Kube.Client;
using TestKit;
using Xunit;

namespace Integration.Sessions;

/// <summary>
/// What a grant's identity made as somebody else, and what it does with a token that it created, by the audit log of a real API server. The log has the
/// requests of all users, and is posted as a log forwarder does.
/// </summary>
public sealed class TraceTests : IAsyncLifetime, IDisposable
{
    private readonly string _token = Guid.NewGuid().ToString("N");
    private readonly int _port = Ports.Free();
    private TestCluster? _cluster;
    private HttpClient? _http;

    private TestCluster Cluster => _cluster!;

    private string Certificate => Path.Combine(Cluster.ControlPlane.Directory, "listener");

    private string TokenFile => Path.Combine(Cluster.ControlPlane.Directory, "listener-token");

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync();
        Directory.CreateDirectory(Certificate);
        foreach (var end in (string[])["crt", "key"])
            File.Copy(Path.Combine(Cluster.ControlPlane.Directory, "pki", $"apiserver.{end}"), Path.Combine(Certificate, $"tls.{end}"));
        await File.WriteAllTextAsync(TokenFile, _token);
        var authority = X509CertificateLoader.LoadCertificateFromFile(Cluster.ControlPlane.CaCertificate);
        _http = new(new SocketsHttpHandler
        {
            UseProxy = false,
            SslOptions = new() { CertificateChainPolicy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { authority },
                RevocationMode = X509RevocationMode.NoCheck } },
        })
        { Timeout = TimeSpan.FromSeconds(60) };
    }

    /// <inheritdoc/>
    public void Dispose() => _http?.Dispose();

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (_cluster is not null) await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task What_was_made_as_somebody_else_and_by_a_created_token_is_on_record_and_in_the_residue()
    {
        await using var @operator = await RunningOperator.StartAsync(Cluster.OperatorKubeconfig,
        [
            "--leader-elect=false", "--webhook=true", $"--webhook-address=127.0.0.1:{Text(Ports.Free())}", $"--webhook-cert-dir={Certificate}",
            $"--audit-listen=127.0.0.1:{Text(_port)}", $"--audit-token-file={TokenFile}",
        ]);
        var incident = await Incident.BeginAsync(Cluster);
        var ns = incident.Namespace;
        var app = $"system:serviceaccount:{ns}:app";
        await Cluster.AdminAsync("create", "serviceaccount", "app", "-n", ns);
        await Cluster.AdminAsync("create", "rolebinding", "app", "--clusterrole=admin", $"--serviceaccount={ns}:app", "-n", ns);
        await Cluster.AdminAsync("create", "role", "older", "--verb=get", "--resource=pods", "-n", ns);
        await incident.ActivateAsync();
        var kubeconfig = await incident.FetchKubeconfigAsync();

        await RunAsync(kubeconfig, "create", "role", "hidden", "--verb=get", "--resource=pods", "-n", ns, "--as", app);
        await RunAsync(kubeconfig, "create", "role", "gone", "--verb=get", "--resource=pods", "-n", ns, "--as", app);
        await RunAsync(kubeconfig, "delete", "role", "gone", "-n", ns, "--as", app);
        await RunAsync(kubeconfig, "annotate", "role", "older", "changed=yes", "-n", ns, "--as", app);
        await RunAsync(kubeconfig, "create", "secret", "generic", "copied", "--from-literal=a=b", "-n", ns);
        var minted = Release.Installed.Minor >= 30 ? (await RunAsync(kubeconfig, "create", "token", "app", "-n", ns)).Trim() : null;
        if (minted is not null)
        {
            await RunAsync(kubeconfig, "create", "role", "by-token", "--verb=get", "--resource=pods", "-n", ns, "--token", minted);
            await RunAsync(kubeconfig, "get", "--raw", $"/api/v1/namespaces/{ns}/secrets", "--token", minted);
        }

        string[] done =
        [
            "create roles hidden", "create roles gone", "delete roles gone", "patch roles older", "create secrets copied",
            .. minted is null ? (string[])[] : ["create roles by-token", "list secrets "],
        ];
        string[] seen = [];
        var session = await Eventually.GetAsync(
            async () =>
            {
                await PostAsync();
                var found = await SessionAsync(incident);
                seen = [.. (found?.Status.Actions ?? []).Select(a => $"{a.Verb} {a.Resource} {a.Name}")];
                return done.Except(seen).Any() ? null : found;
            }, () => $"{string.Join('\n', seen)}\n{@operator.Log}", expected: "the session with all that was done");
        session.Status.Actions.Should().Contain(a => a.Verb == "create" && a.Resource == "roles" && a.Name == "hidden" && a.AsUser == app);
        if (minted is null)
        {
            session.Status.Tokens.Should().BeEmpty("this API server does not say which token a request was sent with");
        }
        else
        {
            session.Status.Tokens.Should().ContainSingle().Which.ServiceAccount.Should().Be(app);
            session.Status.Actions.Where(a => a.TokenOf == app).Select(a => $"{a.Verb} {a.Resource} {a.Name}").Should()
                .Contain("create roles by-token").And.Contain("list secrets ");
            session.Status.Actions.Where(a => a.TokenOf.Length > 0).Sum(a => a.Count).Should().BeLessThan(
                session.Status.Actions.Sum(a => a.Count), "the rest is the identity's own");
        }

        await incident.RevokeAsync();
        await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);
        var over = await Eventually.GetAsync(
            async () => await Cluster.GrantAsync(incident.Grant) is { } read
                && Conditions.Find(read.Status.Conditions, GrantConditions.LeftBehind) is not null ? read : null, () => @operator.Log,
            expected: "the condition LeftBehind");
        Conditions.IsTrue(over.Status.Conditions, GrantConditions.LeftBehind).Should().BeTrue();
        over.Status.Residue.Should().ContainSingle(r => r.StartsWith($"left: roles.rbac.authorization.k8s.io {ns}/hidden (UID ", StringComparison.Ordinal))
            .And.ContainSingle(r => r.StartsWith($"changed: roles.rbac.authorization.k8s.io {ns}/older (UID ", StringComparison.Ordinal))
            .And.Contain($"not checked: secrets {ns}/copied (create)").And.NotContain(r => r.Contains("/gone", StringComparison.Ordinal));
        (await @operator.MetricsAsync())["breakglass_operator_access_after_revocation_total"].Should().Be(0);
        if (minted is null) return;

        over.Status.Residue.Should().ContainSingle(r => r.StartsWith($"left: roles.rbac.authorization.k8s.io {ns}/by-token (UID ", StringComparison.Ordinal));
        await RunAsync(kubeconfig, "get", "--raw", $"/api/v1/namespaces/{ns}/secrets", "--token", minted);
        await Eventually.TrueAsync(
            async () =>
            {
                await PostAsync();
                return (await @operator.MetricsAsync())["breakglass_operator_access_after_revocation_total"] == 1;
            }, () => @operator.Log, expected: "the use of the token after the end");
        @operator.Log.Should().NotContain(minted);
    }

    private async Task<string> RunAsync(string kubeconfig, params string[] arguments) => (await Cluster.KubectlAsync(kubeconfig, arguments)).OrThrow();

    private Task<BreakGlassSession?> SessionAsync(Incident incident) =>
        Cluster.Admin.TryGetAsync<BreakGlassSession>(incident.Grant, null, CancellationToken.None);

    /// <summary>
    /// Posts what the API server's log has of ServiceAccounts; what was posted before is not counted again. The server writes a line after its answer, so
    /// what a command did may be in a later post only.
    /// </summary>
    private async Task PostAsync()
    {
        // The server may be writing a line.
        var lines = (await File.ReadAllTextAsync(Cluster.ControlPlane.AuditLog)).Split('\n')[..^1]
            .Where(l => l.Contains("\"system:serviceaccount:", StringComparison.Ordinal));
        using var request = new HttpRequestMessage(HttpMethod.Post, $"https://127.0.0.1:{Text(_port)}/audit");
        request.Content = new StringContent(string.Join('\n', lines), Encoding.UTF8, "application/json");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _token);
        using var answer = await _http!.SendAsync(request);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
