using System.Text;
using BreakGlass.Cli.Tests.Support;
using BreakGlass.Core.Api;
using BreakGlass.Core.Credentials;
using FluentAssertions;
using k8s.Models;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Cli.Tests.Issues;

/// <summary>What <c>request</c> and <c>use</c> once left behind, overwrote, or fell over.</summary>
public sealed class RequestIssueTests : IDisposable
{
    private static readonly TimeSpan Limit = Eventually.Limit;

    private readonly PluginHarness _plugin = new();

    public RequestIssueTests() => _plugin.Server.Put(A.Policy());

    public void Dispose() => _plugin.Dispose();

    [Fact]
    public async Task Interrupted_while_the_request_is_being_stored_it_left_a_grant_that_nobody_could_use()
    {
        _plugin.Server.Faults.Inject(Fault.HangAfterWrite, "create", "breakglassgrants");
        using var interrupt = new CancellationTokenSource();
        var run = _plugin.RunAsync(interrupt.Token, "request", "payments-oncall", "--reason", "checkout is down", "--name", "inc-1");
        await _plugin.AskedAsync();
        await interrupt.CancelAsync();
        if (!run.IsCompleted) _plugin.Clock.Advance(TimeSpan.FromSeconds(10));

        (await run).Should().Be(130);
        _plugin.Server.Get<BreakGlassGrant>("inc-1")!.Spec.Revoke.Should().NotBeNull("the key that opens its credential is gone");
    }

    [Fact]
    public async Task A_dash_dash_with_no_command_gave_access_that_nothing_ended()
    {
        (await _plugin.RunAsync("request", "payments-oncall", "--reason", "checkout is down", "--")).Should().Be(2);
        _plugin.Error.Should().Contain("no command after --");
        _plugin.Server.List<BreakGlassGrant>().Should().BeEmpty();
    }

    [Theory]
    [InlineData("", "--output-kubeconfig is empty")]
    [InlineData(".", "is a directory")]
    public async Task A_file_that_can_be_none_cost_the_grant_that_was_asked_for(string file, string words)
    {
        (await _plugin.RunAsync("request", "payments-oncall", "--reason", "checkout is down", "-f", file)).Should().Be(2);
        _plugin.Error.Should().Contain(words);
        _plugin.Server.List<BreakGlassGrant>().Should().BeEmpty();
    }

    [Fact]
    public async Task A_file_that_came_to_be_while_access_was_waited_for_was_overwritten()
    {
        var file = Path.Combine(_plugin.Directory, "config");
        var run = _plugin.RunAsync("request", "payments-oncall", "--reason", "checkout is down", "--name", "inc-1", "-f", file);
        await _plugin.AskedAsync();
        await File.WriteAllTextAsync(file, "mine");
        _plugin.Activate("inc-1");

        (await run).Should().Be(1);
        (await File.ReadAllTextAsync(file)).Should().Be("mine");
        _plugin.Error.Should().Contain("already exists");
        _plugin.Server.Get<BreakGlassGrant>("inc-1")!.Spec.Revoke.Should().NotBeNull();
        Directory.GetFiles(_plugin.Directory).Should().ContainSingle("no draft of it stays");
    }

    [Theory]
    [InlineData("request", "payments-oncall", "--reason", "checkout is down", "--timeout", "1200h")]
    [InlineData("revoke", "inc-1", "--timeout", "1200h")]
    [InlineData("list", "--request-timeout", "99999h")]
    public async Task A_wait_longer_than_timers_can_be_crashed(params string[] args)
    {
        (await _plugin.RunAsync(args)).Should().Be(2);
        _plugin.Error.Should().Contain("longer than 1000h");
    }

    [Fact]
    public async Task Kubectls_zero_for_no_limit_let_every_request_fail_at_once()
    {
        await _plugin.RunAsync("list", "--request-timeout", "0");
        _plugin.Connected.Flags.RequestTimeout.Should().BeGreaterThan(TimeSpan.FromHours(1));
    }

    [Fact]
    public async Task Whoever_took_up_the_grant_of_somebody_else_was_sent_for_a_role_that_gives_no_such_thing()
    {
        await _plugin.RunAsync("request", "payments-oncall", "--reason", "checkout is down", "--name", "inc-1", "--wait=false", "--requester", "alice");
        _plugin.ActivateWithSecret("inc-1");
        _plugin.Server.Put(new V1ClusterRole { Metadata = new() { Name = "breakglass-requester" },
            Rules = [A.Rule("breakglass.dev", "breakglassgrants", "get", "list", "watch")] });
        _plugin.Server.Put(new V1ClusterRoleBinding { Metadata = new() { Name = "x" }, RoleRef = new() { Kind = "ClusterRole", Name = "breakglass-requester" },
            Subjects = [Bound.Group("on-call")] });
        _plugin.User = new FakeUser("mallory", "on-call");

        (await _plugin.RunAsync("use", "inc-1")).Should().Be(3);
        _plugin.Error.Should().Contain("forbidden: only alice can read").And.Contain("kubectl breakglass request payments-oncall").And
            .NotContain("for the role that allows it");
    }

    [Fact]
    public async Task A_start_that_lies_further_ahead_than_anybody_waits_was_asked_for_and_revoked_before_it_came()
    {
        string[] tomorrow = ["request", "payments-oncall", "--reason", "checkout is down", "--start", "2026-11-23T22:00:00Z"];
        (await _plugin.RunAsync(tomorrow)).Should().Be(2);
        _plugin.Error.Should().Contain("--wait=false").And.Contain("--timeout");
        _plugin.Server.List<BreakGlassGrant>().Should().BeEmpty();
        (await _plugin.RunAsync([.. tomorrow, "--wait=false"])).Should().Be(0, _plugin.Error);
    }

    [Fact]
    public async Task After_a_lost_answer_the_grant_of_somebody_else_under_that_name_was_taken_for_ones_own()
    {
        _plugin.Server.Put(A.Grant(name: "inc-1"));
        _plugin.Server.Faults.Inject(Fault.DroppedBeforeWrite, "create", "breakglassgrants");
        (await _plugin.RunAsync("request", "payments-oncall", "--reason", "checkout is down", "--name", "inc-1", "--wait=false")).Should().Be(1);
        _plugin.Out.Should().BeEmpty();
    }

    [Fact]
    public async Task Using_a_grant_whose_credential_only_somebody_else_can_open_waited_until_it_was_approved()
    {
        _plugin.Server.Put(A.Grant(g =>
            g with { RecipientKey = new() { Kty = "EC", Crv = "P-256", X = "x", Y = "y" } }) with { Status = new() { Phase = GrantPhase.AwaitingApproval } });
        (await _plugin.RunAsync("use", "inc-4711")).Should().Be(1);
        _plugin.Error.Should().Contain("only they can decrypt it");
    }

    /// <summary>Everybody knows the key, so whoever can write a grant's status can encrypt something to it.</summary>
    [Theory]
    [InlineData("users:\n- name: u\n  user: {token: t, exec: {apiVersion: client.authentication.k8s.io/v1, command: evil}}", 0)]
    [InlineData("users:\n- name: u\n  user: {token: t, auth-provider: {name: evil}, username: evil}", 0)]
    [InlineData("users:\n- name: u\n  user: {token: t}\nclusters:\n- name: evil\n  cluster: {server: 'https://evil.test'}", 1)]
    public async Task What_was_delivered_beside_the_token_went_into_the_kubeconfig_a_program_to_run_included(string delivered, int code)
    {
        var run = _plugin.RunAsync("request", "payments-oncall", "--reason", "checkout is down", "--name", "inc-1");
        var asked = await _plugin.AskedAsync();
        RecipientKey.TryParse(asked.Spec.RecipientKey!, out var key, out _).Should().BeTrue();
        var text = "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts:\n- name: c\n  context: {cluster: k, user: u}\n" + delivered
            + (code == 0 ? "\nclusters:" : "") + "\n- name: k\n  cluster: {server: 'https://10.0.0.1'}\n";
        var jwe = Jwe.Encrypt(Encoding.UTF8.GetBytes(text), key!, "application/yaml");
        _plugin.SetStatus("inc-1", g => g.Status with { Phase = GrantPhase.Active, ExpiresAt = A.Start.AddHours(1), CredentialJwe = jwe });

        (await run).Should().Be(code, _plugin.Error);
        var path = Path.Combine(_plugin.CredentialDirectory, "inc-1.kubeconfig");
        (File.Exists(path) ? await File.ReadAllTextAsync(path) : "").Should().NotContain("evil");
    }

    [Fact]
    public async Task A_second_request_from_the_shell_of_the_first_forgot_which_context_was_ones_own()
    {
        _plugin["KUBECONFIG"] = "/home/alice/.kube/config";
        foreach (var (name, context) in ((string, string[])[])[("inc-1", ["--context", "prod"]), ("inc-2", [])])
        {
            var run = _plugin.RunAsync(["request", "payments-oncall", "--reason", "checkout is down", "--name", name, .. context]);
            await _plugin.Server.Until(() => _plugin.Server.Get<BreakGlassGrant>(name) is not null, $"the grant {name}").WaitAsync(Limit, TimeProvider.System);
            _plugin.Activate(name);
            (await run).Should().Be(0, _plugin.Error);
            _plugin["KUBECONFIG"] = Path.Combine(_plugin.CredentialDirectory, $"{name}.kubeconfig");
        }

        await _plugin.RunAsync("list");
        _plugin.Connected.Flags.Context.Should().Be("prod", "the current context of that kubeconfig may be of another cluster");
    }

    [Fact]
    public async Task A_revocation_that_was_only_rehearsed_said_that_the_kubeconfig_is_gone()
    {
        _plugin.Server.Put(A.Grant() with { Status = new() { Phase = GrantPhase.Active, ExpiresAt = A.Start.AddHours(1) } });
        Directory.CreateDirectory(_plugin.CredentialDirectory);
        var kubeconfig = Path.Combine(_plugin.CredentialDirectory, "inc-4711.kubeconfig");
        await File.WriteAllTextAsync(kubeconfig, "x");
        _plugin["KUBECONFIG"] = kubeconfig;

        (await _plugin.RunAsync("revoke", "inc-4711", "--dry-run", "client")).Should().Be(0, _plugin.Error);
        _plugin.Error.Should().NotContain("which is deleted");
    }
}
