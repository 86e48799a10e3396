using FluentAssertions;
using Xunit;

namespace Kube.Client.Tests;

public sealed class KubeconfigTests : IDisposable
{
    private const string Full = """
        apiVersion: v1
        kind: Config
        current-context: prod
        contexts:
        - name: prod
          context: {cluster: c1, user: u1, namespace: payments}
        - name: dev
          context: {cluster: c2, user: u2}
        clusters:
        - name: c1
          cluster:
            server: https://prod.test:6443
            tls-server-name: kube.internal
            proxy-url: socks5://proxy.test:1080
        - name: c2
          cluster: {server: 'https://dev.test', insecure-skip-tls-verify: true}
        users:
        - name: u1
          user: {token: very-secret-token}
        - name: u2
          user: {username: bob, password: very-secret-password, as: alice, as-groups: [admins], as-user-extra: {scope: [a, b]}}
        """;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_current_context_gives_server_credentials_and_namespace()
    {
        var connection = ClusterConnection.FromKubeconfig(_folder.Write("config", Full));

        connection.Server.Should().Be(new Uri("https://prod.test:6443"));
        connection.TlsServerName.Should().Be("kube.internal");
        connection.Proxy.Should().Be(new Uri("socks5://proxy.test:1080"));
        connection.Namespace.Should().Be("payments");
        connection.Token.Should().Be("very-secret-token");
        connection.InsecureSkipTlsVerify.Should().BeFalse();
    }

    [Fact]
    public void A_context_by_name_gives_that_one()
    {
        var connection = ClusterConnection.FromKubeconfig(_folder.Write("config", Full), "dev");

        connection.InsecureSkipTlsVerify.Should().BeTrue();
        connection.Username.Should().Be("bob");
        connection.Password.Should().Be("very-secret-password");
        connection.Impersonate!.User.Should().Be("alice");
        connection.Impersonate.Groups.Should().Equal("admins");
        connection.Impersonate.Extra["scope"].Should().Equal("a", "b");
    }

    [Fact]
    public void No_text_form_shows_a_secret()
    {
        var file = _folder.Write("config", Full);
        ClusterConnection.FromKubeconfig(file).ToString().Should().Contain("prod.test").And.NotContain("very-secret");
        ClusterConnection.FromKubeconfig(file, "dev").ToString().Should().NotContain("very-secret");
        PemSource.FromPem("very-secret").ToString().Should().NotContain("very-secret");
        new ExecPlugin { Command = "c", ApiVersion = "v", Args = ["very-secret"] }.ToString().Should().NotContain("very-secret");
    }

    [Fact]
    public void A_kubeconfig_in_JSON_is_read_as_well()
    {
        var file = _folder.Write("config.json", """
            {"current-context": "a", "contexts": [{"name": "a", "context": {"cluster": "c", "user": "u"}}],
             "clusters": [{"name": "c", "cluster": {"server": "https://x.test"}}], "users": [{"name": "u", "user": {"token": "t\u0041"}}]}
            """);
        ClusterConnection.FromKubeconfig(file).Token.Should().Be("tA");
    }

    [Fact]
    public void Files_are_relative_to_the_kubeconfig_and_inline_data_comes_first()
    {
        using var authority = new TestAuthority();
        var (certificate, key) = authority.IssueClient("alice");
        _folder.Write("sub/pki/ca.crt", authority.Pem);
        _folder.Write("sub/pki/me.key", key);
        var inline = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(certificate));
        var file = _folder.Write("sub/config", Minimal(
            "{server: 'https://x.test', certificate-authority: pki/ca.crt}",
            $"{{client-certificate: nowhere, client-certificate-data: {inline}, client-key: ./pki/me.key, tokenFile: pki/token}}"));

        var connection = ClusterConnection.FromKubeconfig(file);

        connection.CertificateAuthority!.Path.Should().Be(_folder["sub/pki/ca.crt"]);
        connection.ClientCertificate!.Path.Should().BeNull();
        connection.TokenFile.Should().Be(_folder["sub/pki/token"]);
        using var client = new KubeClient(connection, TimeProvider.System); // all three load
    }

    [Fact]
    public void Of_several_files_the_first_to_name_something_wins_and_missing_ones_are_passed_over()
    {
        var one = _folder.Write("one", "clusters:\n- {name: c, cluster: {server: 'https://one.test'}}\nusers: []\n");
        var two = _folder.Write("two", Minimal("{server: 'https://two.test'}", "{token: two}"));
        var three = _folder.Write("three",
            Minimal("{server: 'https://three.test'}", "{token: three}").Replace("current-context: a", "current-context: b", StringComparison.Ordinal));
        var empty = _folder.Write("empty", "");

        var connection = Find(Host(string.Join(Path.PathSeparator, empty, _folder["missing"], one, two, three)));

        connection.Server.Host.Should().Be("one.test");
        connection.Token.Should().Be("two");
    }

    [Fact]
    public void Anchors_and_comments_and_nulls_are_YAML_too()
    {
        var file = _folder.Write("config", """
            # mine
            current-context: a
            preferences: {}
            contexts: [{name: a, context: {cluster: c, user: u, namespace: ~}}]
            clusters: [{name: c, cluster: &c {server: 'https://x.test', proxy-url: null}}, {name: d, cluster: *c}]
            users: [{name: u, user: }]
            """);
        var connection = ClusterConnection.FromKubeconfig(file);
        connection.Namespace.Should().BeNull();
        connection.Token.Should().BeNull();
    }

    public static TheoryData<string, string, string> Broken() => new()
    {
        { "torn", "current-context: a\ncontexts:\n- name: a\n  context: {cluster: c, us", "*invalid YAML at line 5*may be incomplete*" },
        { "not a map", "just text", "*is not a kubeconfig*" },
        { "empty", "", "*is empty*" },
        { "twice", "current-context: a\ncurrent-context: b", "*invalid YAML at line 2*" },
        { "no current context", Minimal("{server: 'https://x.test'}", "{}").Replace("current-context: a", "", StringComparison.Ordinal),
        "*no current-context*(a)*use-context*" },
        { "unknown context", Minimal("{server: 'https://x.test'}", "{}").Replace("current-context: a", "current-context: z", StringComparison.Ordinal),
        "*context 'z' does not exist*Existing: a.*" },
        { "unknown cluster", Minimal("{server: 'https://x.test'}", "{}").Replace("cluster: c,", "cluster: z,", StringComparison.Ordinal),
        "*context 'a'*cluster 'z' does not exist*Existing: c.*" },
        { "unknown user", Minimal("{server: 'https://x.test'}", "{}").Replace("user: u}", "user: z}", StringComparison.Ordinal),
        "*user 'z' does not exist*Existing: u.*" },
        { "no server", Minimal("{}", "{}"), "*has no server*" },
        { "server is no address", Minimal("{server: 'x.test:6443'}", "{}"), "*use for example https://host:6443*" },
        { "server with a password", Minimal("{server: 'https://robot:secret@x.test'}", "{}"), "*contains a user or password*to users*" },
        { "server is no address, and there is a password in it", Minimal("{server: 'robot:secret@x.test:6443'}", "{}"),
        "*'x.test:6443' is not a valid address*" },
        { "authority is not base64", Minimal("{server: 'https://x.test', certificate-authority-data: 'sec*ret'}", "{}"),
        "*'certificate-authority-data' is not base64*" },
        { "key without certificate", Minimal("{server: 'https://x.test'}", "{client-key: k}"), "*must be set together*" },
        { "auth provider", Minimal("{server: 'https://x.test'}", "{auth-provider: {name: gcp}}"), "*removed from Kubernetes*" },
        { "exec of an old version", Minimal("{server: 'https://x.test'}", "{exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}}"),
        "*v1alpha1' is not supported*" },
        { "exec without a command", Minimal("{server: 'https://x.test'}", "{exec: {apiVersion: client.authentication.k8s.io/v1}}"), "*'command' is missing*" },
        { "list where a map is needed", "clusters: {a: b}", "*'clusters' must be a list*" },
        { "insecure with authority", Minimal("{server: 'https://x.test', insecure-skip-tls-verify: true, certificate-authority: x}", "{}"),
        "*remove one of them*" },
        { "proxy is no address", Minimal("{server: 'https://x.test', proxy-url: 'user:secret@x'}", "{}"), "*'proxy-url' is not a valid address*" },
        { "groups without a user", Minimal("{server: 'https://x.test'}", "{as-groups: [a]}"), "*require 'as'*" },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void What_is_wrong_with_a_file_is_said_with_the_file_and_what_to_do(string what, string content, string message)
    {
        var file = _folder.Write("config", content);
        var act = () => ClusterConnection.FromKubeconfig(file);
        act.Should().Throw<KubeConfigException>(what).WithMessage(message).And.Message
            .Should().Contain(file).And.NotContain("secret").And.NotContain("sec*ret");
    }

    [Fact]
    public void A_file_that_is_not_there_is_named()
    {
        var act = () => ClusterConnection.FromKubeconfig(_folder["nowhere"]);
        act.Should().Throw<KubeConfigException>().WithMessage("*nowhere' does not exist. Check the path*");
    }

    [Fact]
    public void A_certificate_that_is_none_and_a_file_that_is_missing_are_said_when_the_client_is_made()
    {
        var noPem = ClusterConnection.FromKubeconfig(_folder.Write("a", Minimal("{server: 'https://x.test', certificate-authority-data: c2VjcmV0}", "{}")));
        var missing = ClusterConnection.FromKubeconfig(_folder.Write("b", Minimal("{server: 'https://x.test', certificate-authority: gone.crt}", "{}")));
        var badKey = ClusterConnection.FromKubeconfig(
            _folder.Write("c", Minimal("{server: 'https://x.test'}", "{client-certificate-data: c2VjcmV0, client-key-data: c2VjcmV0}")));

        ((Action)(() => Open(noPem))).Should().Throw<KubeConfigException>().WithMessage("*certificate authority*contains no PEM certificate*");
        ((Action)(() => Open(missing))).Should().Throw<KubeConfigException>().WithMessage("*gone.crt' cannot be read*");
        ((Action)(() => Open(badKey))).Should().Throw<KubeConfigException>().WithMessage("*client certificate or key*cannot be used*");
    }

    [Fact]
    public void The_order_is_the_named_file_then_KUBECONFIG_then_the_home_then_the_pod()
    {
        var named = _folder.Write("named", Minimal("{server: 'https://named.test'}", "{}"));
        var variable = _folder.Write("variable", Minimal("{server: 'https://variable.test'}", "{}"));
        _folder.Write("home/.kube/config", Minimal("{server: 'https://home.test'}", "{}"));
        var pod = Pod();

        ConnectionFinder.Detect(named, null, Host(variable, "home", pod)).Server.Host.Should().Be("named.test");
        ConnectionFinder.Detect(null, null, Host(variable, "home", pod)).Server.Host.Should().Be("variable.test");
        ConnectionFinder.Detect(null, null, Host(null, "home", pod)).Server.Host.Should().Be("home.test");
        ConnectionFinder.Detect(null, null, Host(null, "nohome", pod)).Server.Should().Be(new Uri("https://[fd00::1]:443"));
    }

    [Fact]
    public void A_pod_uses_its_token_file_authority_and_namespace()
    {
        var connection = ConnectionFinder.InCluster(Host(null, "nohome", Pod()));
        connection.TokenFile.Should().Be(_folder["sa/token"]);
        connection.CertificateAuthority!.Path.Should().Be(_folder["sa/ca.crt"]);
        connection.Namespace.Should().Be("breakglass-system");
    }

    [Fact]
    public void Where_no_cluster_is_configured_every_place_looked_at_is_named()
    {
        var pod = Pod();
        ((Action)(() => ConnectionFinder.Detect(null, null, Host(null))))
            .Should().Throw<KubeConfigException>().WithMessage("*KUBECONFIG is not set*.kube*config*not in a pod*");
        ((Action)(() => ConnectionFinder.Detect(null, null, Host(_folder["gone"], "home", pod))))
            .Should().Throw<KubeConfigException>("falling back would act on another cluster").WithMessage("KUBECONFIG is*gone*");
        ((Action)(() => ConnectionFinder.InCluster(Host(null)))).Should().Throw<KubeConfigException>().WithMessage("*does not run in a pod*");
        ((Action)(() => ConnectionFinder.InCluster(Host(null, "nohome", ("h", "1"), "empty"))))
            .Should().Throw<KubeConfigException>().WithMessage("*automountServiceAccountToken*");
    }

    internal static string Minimal(string cluster, string user) =>
        "current-context: a\ncontexts:\n- {name: a, context: {cluster: c, user: u}}\n"
            + $"clusters:\n- {{name: c, cluster: {cluster}}}\nusers:\n- {{name: u, user: {user}}}\n";

    private static void Open(ClusterConnection connection) => new KubeClient(connection, TimeProvider.System).Dispose();

    private static ClusterConnection Find(HostEnvironment host) => ConnectionFinder.FromKubeconfig(null, null, host);

    private (string Host, string Port) Pod()
    {
        _folder.Write("sa/token", "t");
        _folder.Write("sa/ca.crt", "c");
        _folder.Write("sa/namespace", "breakglass-system\n");
        return ("fd00::1", "443");
    }

    private HostEnvironment Host(string? kubeconfig, string home = "nohome", (string Host, string Port)? pod = null, string mount = "sa") =>
        new(
            name => name switch
            {
                "KUBECONFIG" => kubeconfig,
                "KUBERNETES_SERVICE_HOST" => pod?.Host,
                "KUBERNETES_SERVICE_PORT" => pod?.Port,
                _ => null,
            },
            _folder[home],
            _folder[mount]);
}
