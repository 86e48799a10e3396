using System.Text;
using BreakGlass.Cli.Tests.Support;
using BreakGlass.Core.Api;
using BreakGlass.Core.Credentials;
using FluentAssertions;
using k8s;
using k8s.Models;
using Kube.Client;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Cli.Tests.Issues;

/// <summary>What <c>request</c> and <c>use</c> once left behind, overwrote, or fell over.</summary>
public sealed class RequestIssueTests : IDisposable
{
    private static readonly TimeSpan Limit = Eventually.Limit;

    private readonly Desk _desk = new();

    public RequestIssueTests() => _desk.Server.Put(A.Policy());

    public void Dispose() => _desk.Dispose();

    [Fact]
    public async Task Interrupted_while_the_request_is_being_stored_it_left_a_grant_that_nobody_could_use()
    {
        _desk.Server.Faults.Inject(Fault.HangAfterWrite, "create", "breakglassgrants");
        using var interrupt = new CancellationTokenSource();
        var run = _desk.RunAsync(interrupt.Token, "request", "payments-oncall", "--reason", "checkout is down", "--name", "inc-1");
        await _desk.AskedAsync();
        await interrupt.CancelAsync();
        if (!run.IsCompleted) _desk.Clock.Advance(TimeSpan.FromSeconds(10));

        (await run).Should().Be(130);
        _desk.Server.Get<BreakGlassGrant>("inc-1")!.Spec.Revoke.Should().NotBeNull("the key that opens its credential is gone");
    }

    [Fact]
    public async Task A_dash_dash_with_no_command_gave_access_that_nothing_ended()
    {
        (await _desk.RunAsync("request", "payments-oncall", "--reason", "checkout is down", "--")).Should().Be(2);
        _desk.Error.Should().Contain("no command after --");
        _desk.Server.List<BreakGlassGrant>().Should().BeEmpty();
    }

    [Theory]
    [InlineData("", "--output-kubeconfig is empty")]
    [InlineData(".", "is a directory")]
    public async Task A_file_that_can_be_none_cost_the_grant_that_was_asked_for(string file, string words)
    {
        (await _desk.RunAsync("request", "payments-oncall", "--reason", "checkout is down", "-f", file)).Should().Be(2);
        _desk.Error.Should().Contain(words);
        _desk.Server.List<BreakGlassGrant>().Should().BeEmpty();
    }

    [Fact]
    public async Task A_file_that_came_to_be_while_access_was_waited_for_was_overwritten()
    {
        var file = Path.Combine(_desk.Directory, "config");
        var run = _desk.RunAsync("request", "payments-oncall", "--reason", "checkout is down", "--name", "inc-1", "-f", file);
        await _desk.AskedAsync();
        await File.WriteAllTextAsync(file, "mine");
        _desk.Activate("inc-1");

        (await run).Should().Be(1);
        (await File.ReadAllTextAsync(file)).Should().Be("mine");
        _desk.Error.Should().Contain("already exists");
        _desk.Server.Get<BreakGlassGrant>("inc-1")!.Spec.Revoke.Should().NotBeNull();
        Directory.GetFiles(_desk.Directory).Should().ContainSingle("no draft of it stays");
    }

    [Theory]
    [InlineData("request", "payments-oncall", "--reason", "checkout is down", "--timeout", "1200h")]
    [InlineData("revoke", "inc-1", "--timeout", "1200h")]
    [InlineData("list", "--request-timeout", "99999h")]
    public async Task A_wait_longer_than_timers_can_be_crashed(params string[] args)
    {
        (await _desk.RunAsync(args)).Should().Be(2);
        _desk.Error.Should().Contain("longer than 1000h");
    }

    [Fact]
    public async Task Kubectls_zero_for_no_limit_let_every_request_fail_at_once()
    {
        await _desk.RunAsync("list", "--request-timeout", "0");
        _desk.Connected.Flags.RequestTimeout.Should().BeGreaterThan(TimeSpan.FromHours(1));
    }

    [Fact]
    public async Task Whoever_took_up_the_grant_of_somebody_else_was_sent_for_a_role_that_gives_no_such_thing()
    {
        await _desk.RunAsync("request", "payments-oncall", "--reason", "checkout is down", "--name", "inc-1", "--wait=false", "--requester", "alice");
        _desk.ActivateWithSecret("inc-1");
        _desk.Server.Put(new V1ClusterRole { Metadata = new() { Name = "breakglass-requester" },
            Rules = [A.Rule("breakglass.dev", "breakglassgrants", "get", "list", "watch")] });
        _desk.Server.Put(new V1ClusterRoleBinding { Metadata = new() { Name = "x" }, RoleRef = new() { Kind = "ClusterRole", Name = "breakglass-requester" },
            Subjects = [Bound.Group("on-call")] });
        _desk.User = new FakeUser("mallory", "on-call");

        (await _desk.RunAsync("use", "inc-1")).Should().Be(3);
        _desk.Error.Should().Contain("forbidden: only alice can read").And.Contain("kubectl breakglass request payments-oncall").And
            .NotContain("for the role that allows it");
    }

    [Fact]
    public async Task A_start_that_lies_further_ahead_than_anybody_waits_was_asked_for_and_revoked_before_it_came()
    {
        string[] tomorrow = ["request", "payments-oncall", "--reason", "checkout is down", "--start", "2026-11-23T22:00:00Z"];
        (await _desk.RunAsync(tomorrow)).Should().Be(2);
        _desk.Error.Should().Contain("--wait=false").And.Contain("--timeout");
        _desk.Server.List<BreakGlassGrant>().Should().BeEmpty();
        (await _desk.RunAsync([.. tomorrow, "--wait=false"])).Should().Be(0, _desk.Error);
    }

    [Fact]
    public async Task After_a_lost_answer_the_grant_of_somebody_else_under_that_name_was_taken_for_ones_own()
    {
        _desk.Server.Put(A.Grant(name: "inc-1"));
        _desk.Server.Faults.Inject(Fault.DroppedBeforeWrite, "create", "breakglassgrants");
        (await _desk.RunAsync("request", "payments-oncall", "--reason", "checkout is down", "--name", "inc-1", "--wait=false")).Should().Be(1);
        _desk.Out.Should().BeEmpty();
    }

    [Fact]
    public async Task Using_a_grant_whose_credential_only_somebody_else_can_open_waited_until_it_was_approved()
    {
        _desk.Server.Put(A.Grant(g =>
            g with { RecipientKey = new() { Kty = "EC", Crv = "P-256", X = "x", Y = "y" } }) with { Status = new() { Phase = GrantPhase.AwaitingApproval } });
        (await _desk.RunAsync("use", "inc-4711")).Should().Be(1);
        _desk.Error.Should().Contain("only they can decrypt it");
    }

    /// <summary>Everybody knows the key, so whoever can write a grant's status can encrypt something to it.</summary>
    [Theory]
    [InlineData("users:\n- name: u\n  user: {token: t, exec: {apiVersion: client.authentication.k8s.io/v1, command: evil}}", 0)]
    [InlineData("users:\n- name: u\n  user: {token: t, auth-provider: {name: evil}, username: evil}", 0)]
    [InlineData("users:\n- name: u\n  user: {token: t}\nclusters:\n- name: evil\n  cluster: {server: 'https://evil.test'}", 1)]
    public async Task What_was_delivered_beside_the_token_went_into_the_kubeconfig_a_program_to_run_included(string delivered, int code)
    {
        var run = _desk.RunAsync("request", "payments-oncall", "--reason", "checkout is down", "--name", "inc-1");
        var asked = await _desk.AskedAsync();
        RecipientKey.TryParse(asked.Spec.RecipientKey!, out var key, out _).Should().BeTrue();
        var text = "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts:\n- name: c\n  context: {cluster: k, user: u}\n" + delivered
            + (code == 0 ? "\nclusters:" : "") + "\n- name: k\n  cluster: {server: 'https://10.0.0.1'}\n";
        var jwe = Jwe.Encrypt(Encoding.UTF8.GetBytes(text), key!, "application/yaml");
        _desk.SetStatus("inc-1", g => g.Status with { Phase = GrantPhase.Active, ExpiresAt = A.Start.AddHours(1), CredentialJwe = jwe });

        (await run).Should().Be(code, _desk.Error);
        var path = Path.Combine(_desk.CredentialDirectory, "inc-1.kubeconfig");
        (File.Exists(path) ? await File.ReadAllTextAsync(path) : "").Should().NotContain("evil");
    }

    [Fact]
    public async Task A_second_request_from_the_shell_of_the_first_forgot_which_context_was_ones_own()
    {
        _desk["KUBECONFIG"] = "/home/alice/.kube/config";
        foreach (var (name, context) in ((string, string[])[])[("inc-1", ["--context", "prod"]), ("inc-2", [])])
        {
            var run = _desk.RunAsync(["request", "payments-oncall", "--reason", "checkout is down", "--name", name, .. context]);
            await _desk.Server.Until(() => _desk.Server.Get<BreakGlassGrant>(name) is not null, $"the grant {name}").WaitAsync(Limit, TimeProvider.System);
            _desk.Activate(name);
            (await run).Should().Be(0, _desk.Error);
            _desk["KUBECONFIG"] = Path.Combine(_desk.CredentialDirectory, $"{name}.kubeconfig");
        }

        await _desk.RunAsync("list");
        _desk.Connected.Flags.Context.Should().Be("prod", "the current context of that kubeconfig may be of another cluster");
    }

    [Fact]
    public async Task A_revocation_that_was_only_rehearsed_said_that_the_kubeconfig_is_gone()
    {
        _desk.Server.Put(A.Grant() with { Status = new() { Phase = GrantPhase.Active, ExpiresAt = A.Start.AddHours(1) } });
        Directory.CreateDirectory(_desk.CredentialDirectory);
        var kubeconfig = Path.Combine(_desk.CredentialDirectory, "inc-4711.kubeconfig");
        await File.WriteAllTextAsync(kubeconfig, "x");
        _desk["KUBECONFIG"] = kubeconfig;

        (await _desk.RunAsync("revoke", "inc-4711", "--dry-run", "client")).Should().Be(0, _desk.Error);
        _desk.Error.Should().NotContain("which is deleted");
    }
}
