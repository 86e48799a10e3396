using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Kube.Client.Tests;

/// <summary>A kubeconfig that was cut off or damaged: whatever is left of it is either usable, or the error names the file and shows no secret.</summary>
public sealed class TornKubeconfigTests : IDisposable
{
    private const string Block = """
        # made by a provider
        apiVersion: v1
        kind: Config
        current-context: "prod"
        contexts:
        - name: prod
          context:
            cluster: c1
            user: u1
            namespace: payments
        clusters:
        - name: c1
          cluster: &cluster
            server: https://prod.test:6443
            tls-server-name: 'kube.internal'
            proxy-url: socks5://proxy.test:1080
            extensions:
            - name: client.authentication.k8s.io/exec
              extension: {audience: x, numbers: [1, 2.5, ~, true]}
        - name: c2
          cluster: *cluster
        users:
        - name: u1
          user:
            as: alice
            as-groups: [admins]
            as-user-extra:
              scope:
              - a
            exec:
              apiVersion: client.authentication.k8s.io/v1
              command: ./login
              args: ["--secret", secret-argument]
              env:
              - name: A
                value: secret-value
              installHint: |
                Install it
                like this.
              provideClusterInfo: true
              interactiveMode: Never
        - name: u2
          user:
            token: >-
              secret
              token
        """;

    private const string Flow = """
        {"apiVersion": "v1", "kind": "Config", "current-context": "prod", "preferences": {},
         "contexts": [{"name": "prod", "context": {"cluster": "c", "user": "u", "namespace": "payments"}}],
         "clusters": [{"name": "c", "cluster": {"server": "https://prod.test", "insecure-skip-tls-verify": false}}],
         "users": [{"name": "u", "user": {"token": "secret-\u0041", "username": null, "as": "alice", "as-uid": "1", "as-groups": ["a"], "as-user-extra": {"k": ["v"]}}}]}
        """;

    private const string Mixed = "current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\nclusters:\n- {name: c, cluster: {server: "
        + "'https://x.test'}}\n" +
        "users:\n- {name: u, user: {token: secret, exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: x, args: [a, 'b', \"c\"], env: [{name: "
        + "a, value: b}]}}}\n";

    private readonly TempFolder _folder = new();

    public static TheoryData<string, string> Styles => new() { { "block", Block }, { "flow", Flow }, { "mixed", Mixed } };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Styles))]
    public void Cut_off_anywhere_it_is_usable_or_the_error_says_which_file_and_why(string style, string whole)
    {
        for (var length = 0; length <= whole.Length; length++) Try($"{style}, {length} characters", whole[..length]);
        Problem(whole).Should().BeNull("the whole one is usable");
    }

    [Theory]
    [MemberData(nameof(Styles))]
    public void A_tail_of_zeros_as_a_crashed_file_system_leaves_it_is_refused(string style, string whole)
    {
        for (var length = 0; length < whole.Length; length += 7) Try($"{style}, {length} characters", whole[..length].PadRight(whole.Length, '\0'));
        Problem(new string('\0', 512)).Should().BeOfType<KubeConfigException>();
    }

    [Theory]
    [MemberData(nameof(Styles))]
    public void Damaged_anywhere_it_is_usable_or_the_error_says_which_file_and_why(string style, string whole)
    {
        var damage = Gen.Choose(0, whole.Length - 1).Zip(Gen.Elements("{}[],:\"'&*!|>%@`#-?\\\n\t \0\uFEFF\u0085\u2028é~0a".ToCharArray())).ListOf(3);
        Prop.ForAll(Arb.From(damage), edits =>
        {
            var text = whole.ToCharArray();
            foreach (var (at, character) in edits) text[at] = character;
            Try($"{style}: {new string(text)}", new string(text));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));
    }

    private void Try(string what, string content)
    {
        if (Problem(content) is not { } problem) return;
        problem.Should().BeOfType<KubeConfigException>(what);
        problem.Message.Should().Contain(_folder["config"]).And.NotContain("secret-", what);
    }

    // What reading it and making a client of it comes to.
    private Exception? Problem(string content)
    {
        var file = _folder.Write("config", content);
        return Record.Exception(() => new KubeClient(ClusterConnection.FromKubeconfig(file), TimeProvider.System).Dispose());
    }
}
