using System.Collections.Concurrent;
using FluentAssertions;
using k8s;
using k8s.Models;
using TestKit;
using Xunit;

namespace Kube.Client.Tests;

public sealed class ExecPluginTests : IDisposable
{
    private const string V1 = "client.authentication.k8s.io/v1";

    private readonly TestAuthority _authority = new();
    private readonly TempFolder _folder = new();
    private readonly ConcurrentQueue<string> _seen = new();
    private readonly FakeClock _time = new();
    private Func<string, bool> _accepts = _ => true;

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
    }

    private int Runs => File.Exists(_folder["runs"]) ? File.ReadAllLines(_folder["runs"]).Length : 0;

    [Fact]
    public async Task It_is_run_once_for_many_and_again_when_the_token_has_expired()
    {
        await using var server = await StartAsync();
        _folder.Write("exp", "2026-11-22T01:12:03Z");
        using var client = Client(server, Plugin());

        await Within.SafetyAsync(Task.WhenAll(Enumerable.Range(0, 20).Select(_ => client.GetAsync<V1Namespace>("x", null, default))), "twenty answers");
        Runs.Should().Be(1);
        _time.Advance(TimeSpan.FromMinutes(9));
        await AskAsync(client);
        Runs.Should().Be(1);
        _folder.Write("exp", "2026-11-22T02:12:03Z");
        _time.Advance(TimeSpan.FromMinutes(1));
        await AskAsync(client);
        await AskAsync(client);
        Runs.Should().Be(2);
        _seen.Last().Should().Be("Bearer t2");
    }

    [Fact]
    public async Task A_401_runs_it_again_once_for_all_that_got_it()
    {
        await using var server = await StartAsync();
        using var client = Client(server, Plugin());
        await AskAsync(client);
        _accepts = token => token == "Bearer t2";

        await Within.SafetyAsync(
            Task.WhenAll(Enumerable.Range(0, 10).Select(i => client.CreateAsync(StubHandler.NewNamespace($"n{i}"), default))), "ten answers");

        Runs.Should().Be(2);
    }

    [Fact]
    public async Task A_401_to_the_new_token_too_is_the_answer()
    {
        await using var server = await StartAsync();
        using var client = Client(server, Plugin());
        _accepts = _ => false;
        var act = () => AskAsync(client);
        (await act.Should().ThrowAsync<KubeApiException>()).Which.IsUnauthorized.Should().BeTrue();
        Runs.Should().Be(2);
        _seen.Should().Equal("Bearer t1", "Bearer t2");
    }

    [Fact]
    public async Task A_client_certificate_from_it_is_used_and_a_new_one_takes_a_new_connection()
    {
        WriteIdentity("alice");
        var script = _folder.WriteScript(
            "plugin",
            $$$"""printf '{"apiVersion":"{{{V1}}}","kind":"ExecCredential","status":"""
                + $$$"""{"clientCertificateData":"%s","clientKeyData":"%s","expirationTimestamp":"%s"}}' "$(cat {{{_folder["crt"]}}})" "$(cat """
                + $$$"""{{{_folder["key"]}}})" "$(cat {{{_folder["exp"]}}})" """);
        _folder.Write("exp", "2026-11-22T01:03:03Z");
        await using var server = await TestServer.StartAsync(
            _authority.IssueServer(["127.0.0.1"]),
            c => TestServer.WriteAsync(c, StubHandler.NamespaceJson(c.Connection.ClientCertificate?.Subject ?? "nobody")), askForClientCertificate: true);
        using var client = Client(server, new ExecPlugin { Command = script, ApiVersion = V1, InteractiveMode = InteractiveMode.Never });

        (await client.GetAsync<V1Namespace>("x", null, default)).Metadata.Name.Should().Be("CN=alice");
        WriteIdentity("bob");
        _time.Advance(TimeSpan.FromMinutes(1));
        (await client.GetAsync<V1Namespace>("x", null, default)).Metadata.Name.Should().Be("CN=bob");
        server.Connections.Should().Be(2);
    }

    [Fact]
    public async Task It_is_told_about_the_cluster_where_the_kubeconfig_says_so()
    {
        await using var server = await StartAsync();
        _folder.WriteScript("bin/plugin", $$$"""
            printf '%s' "$KUBERNETES_EXEC_INFO" > "{{{_folder["info"]}}}"
            printf '%s %s' "$1" "$EXTRA" > "{{{_folder["args"]}}}"
            printf '{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","status":{"token":"t"}}'
            """);
        var authority = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(_authority.Pem));
        var cluster = $"{{server: '{server.Address}', certificate-authority-data: {authority}, extensions: [{{name: client.authentication.k8s.io/exec, "
            + $"extension: {{audience: x, port: 7, on: true, text: '8'}}}}]}}";
        const string User = "{exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: ./bin/plugin, args: [login], env: [{name: EXTRA, value: "
            + "more}], provideClusterInfo: true, interactiveMode: Never}}";
        using var client = new KubeClient(
            ClusterConnection.FromKubeconfig(_folder.Write("config", KubeconfigTests.Minimal(cluster, User))), _time, Within.Patience);

        await AskAsync(client);

        _seen.Should().Equal("Bearer t");
        File.ReadAllText(_folder["args"]).Should().Be("login more");
        var info = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(_folder["info"]))!;
        info["kind"]!.GetValue<string>().Should().Be("ExecCredential");
        info["apiVersion"]!.GetValue<string>().Should().Be("client.authentication.k8s.io/v1beta1");
        info["spec"]!["interactive"]!.GetValue<bool>().Should().BeFalse();
        info["spec"]!["cluster"]!["certificate-authority-data"]!.GetValue<string>().Should().Be(authority);
        info["spec"]!["cluster"]!["config"]!.ToJsonString().Should().Be("""{"audience":"x","port":7,"on":true,"text":"8"}""");
    }

    [Theory]
    [InlineData("echo very-secret; exit 3", "*exit code 3*get it from IT*")]
    [InlineData("echo very-secret", "*not JSON*")]
    [InlineData("""echo '{"kind":"Other","token":"very-secret"}'""", "*not an ExecCredential*")]
    [InlineData("""echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","status":{"token":"very-secret"}}'""",
        "*requests 'client.authentication.k8s.io/v1'*")]
    [InlineData("""echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1"}'""", "*no status*")]
    [InlineData("""echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{}}'""",
        "*neither a token nor a client certificate*")]
    [InlineData("""echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"clientKeyData":"very-secret"}}'""",
        "*a key without a certificate*")]
    [InlineData(
        """echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":"""
            + """{"clientKeyData":"very-secret","clientCertificateData":"very-secret"}}'""", "*cannot be used*")]
    [InlineData("""echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"very-secret\\n"}}'""", "*line breaks*")]
    public async Task What_is_wrong_with_it_is_said_without_what_it_printed(string script, string message)
    {
        await using var server = await StartAsync();
        using var client = Client(server, new ExecPlugin { Command = _folder
            .WriteScript("plugin", script), ApiVersion = V1, InteractiveMode = InteractiveMode.Never, InstallHint = "get it from IT" });
        var act = () => AskAsync(client);
        (await act.Should().ThrowAsync<KubeConfigException>().WithMessage(message)).Which.ToString().Should().NotContain("very-secret");
        _seen.Should().BeEmpty();
    }

    [Theory]
    [InlineData("token")]
    [InlineData("token file")]
    [InlineData("password")]
    [InlineData("certificate")]
    public async Task A_credential_beside_it_is_taken_and_it_is_not_run_as_kubectl_does(string beside)
    {
        await using var server = await StartAsync();
        var (certificate, key) = _authority.IssueClient("alice");
        var connection = Connection(server, Plugin());
        using var client = new KubeClient(
            beside switch
            {
                "token" => connection with { Token = "mine" },
                "token file" => connection with { TokenFile = _folder.Write("token", "mine") },
                "password" => connection with { Username = "alice", Password = "x" },
                _ => connection with { ClientCertificate = PemSource.FromPem(certificate), ClientKey = PemSource.FromPem(key) },
            },
            _time, Within.Patience);

        await AskAsync(client);

        Runs.Should().Be(0);
        _seen.Single().Should().Be(beside switch { "token" or "token file" => "Bearer mine", "password" => "Basic YWxpY2U6eA==", _ => "" });
    }

    [Fact]
    public async Task A_plugin_that_is_not_installed_is_said_with_its_hint()
    {
        await using var server = await StartAsync();
        using var client = Client(server,
            new ExecPlugin { Command = "no-such-plugin-here", ApiVersion = V1, InteractiveMode = InteractiveMode.Never, InstallHint = "get it from IT" });
        var act = () => AskAsync(client);
        await act.Should().ThrowAsync<KubeConfigException>().WithMessage("*no-such-plugin-here' cannot be run*get it from IT");
    }

    [Fact]
    public async Task A_plugin_that_hangs_is_ended_by_its_time_limit()
    {
        await using var server = await StartAsync();
        var plugin = new ExecPlugin { Command = _folder.WriteScript("plugin", "exec sleep 600"), ApiVersion = V1, InteractiveMode = InteractiveMode.Never };
        using var client = Client(server, plugin);
        var ask = AskAsync(client);
        await _time.WhenTimerArmed(TimeSpan.FromMinutes(1));
        _time.Advance(TimeSpan.FromMinutes(1));
        await ask.Invoking(a => a).Should().ThrowAsync<KubeConfigException>().WithMessage("*did not finish within 60 s*");
    }

    private static Task AskAsync(KubeClient client) => Within.SafetyAsync(client.GetAsync<V1Namespace>("x", null, default), "an answer");

    private void WriteIdentity(string user)
    {
        var (certificate, key) = _authority.IssueClient(user);
        _folder.Write("crt", certificate.ReplaceLineEndings("\\n"));
        _folder.Write("key", key.ReplaceLineEndings("\\n"));
    }

    /// <summary>A plugin whose n-th run prints the token <c>tn</c>.</summary>
    private ExecPlugin Plugin()
    {
        var expiry = File.Exists(_folder["exp"]) ? $",\"expirationTimestamp\":\"$(cat '{_folder["exp"]}')\"" : "";
        var runs = _folder["runs"];
        var script = _folder.WriteScript("plugin", $$$"""
            echo run >> "{{{runs}}}"
            cat <<END
            {"apiVersion":"{{{V1}}}","kind":"ExecCredential","status":{"token":"t$(wc -l < '{{{runs}}}' | tr -d ' ')"{{{expiry}}}}}
            END
            """);
        return new ExecPlugin { Command = script, ApiVersion = V1, InteractiveMode = InteractiveMode.Never };
    }

    private Task<TestServer> StartAsync() =>
        TestServer.StartAsync(_authority.IssueServer(["127.0.0.1"]), c =>
        {
            var token = c.Request.Headers.Authorization.ToString();
            _seen.Enqueue(token);
            return _accepts(token)
                ? TestServer.WriteNamespaceAsync(c) : TestServer.WriteAsync(c, """{"reason":"Unauthorized","message":"Unauthorized","code":401}""", 401);
        });

    private KubeClient Client(TestServer server, ExecPlugin plugin) =>
        new(Connection(server, plugin), _time, Within.Patience);

    private ClusterConnection Connection(TestServer server, ExecPlugin plugin) =>
        new() { Server = server.Address, CertificateAuthority = PemSource.FromPem(_authority.Pem), Exec = plugin };
}
