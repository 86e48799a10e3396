using BreakGlass.Cli.Tests.Support;
using BreakGlass.Core.Api;
using FluentAssertions;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Cli.Tests.Commands;

public sealed class RequestTests : IDisposable
{
    private readonly PluginHarness _plugin = new();

    public RequestTests() => _plugin.Server.Put(A.Policy());

    public void Dispose() => _plugin.Dispose();

    [Fact]
    public async Task A_request_waits_for_access_and_writes_a_kubeconfig_that_only_its_owner_can_read()
    {
        var run = _plugin.RunAsync("request", "payments-oncall", "--reason", "checkout is down", "--ticket", "INC-4711", "--for", "30m");
        var asked = await _plugin.AskedAsync();
        asked.Metadata.Name.Should().MatchRegex("^inc-4711-[a-z0-9]{5}$");
        asked.Spec.Should().Match<GrantSpec>(s => s.Policy == "payments-oncall" && s.Justification == "checkout is down" && s.Ticket == "INC-4711"
            && s.Duration == "30m" && s.RecipientKey!.Crv == "P-256");
        _plugin.Activate(asked.Metadata.Name, "s3cret");

        (await run).Should().Be(0, _plugin.Error);
        var path = Path.Combine(_plugin.CredentialDirectory, $"{asked.Metadata.Name}.kubeconfig");
        _plugin.Out.Should().Be($"export KUBECONFIG='{path}'\n");
        var kubeconfig = await File.ReadAllTextAsync(path);
        kubeconfig.Should().Contain("s3cret").And.Contain("https://api.example.test:6443", "the operator's own address may be one from inside the cluster");
        File.GetUnixFileMode(path).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        _plugin.Error.Should().Contain("access works until").And.NotContain("s3cret");
        _plugin.Server.Get<BreakGlassGrant>(asked.Metadata.Name)!.Spec.Revoke.Should().BeNull();
    }

    [Fact]
    public async Task A_command_runs_with_the_kubeconfig_and_access_is_revoked_when_it_ends()
    {
        string? seen = null;
        _plugin.Child = (command, _) =>
        {
            seen = File.ReadAllText(command.Kubeconfig!);
            return Task.FromResult(7);
        };
        var run = _plugin.RunAsync("request", "payments-oncall", "--reason", "checkout is down", "--", "kubectl", "get", "--output", "name", "pods");
        var asked = await _plugin.AskedAsync();
        _plugin.Activate(asked.Metadata.Name, "s3cret");

        (await run).Should().Be(7, _plugin.Error);
        _plugin.Ran.Should().ContainSingle().Which.Words.Should().Equal("kubectl", "get", "--output", "name", "pods");
        seen.Should().Contain("s3cret");
        File.Exists(_plugin.Ran[0].Kubeconfig).Should().BeFalse("it is worth nothing any more");
        _plugin.Server.Get<BreakGlassGrant>(asked.Metadata.Name)!.Spec.Revoke!.Reason.Should().Be("its command ended with exit code 7");
        _plugin.Out.Should().BeEmpty("standard output belongs to the command");
    }

    [Fact]
    public async Task Somebody_who_gives_up_waiting_leaves_no_grant_behind_that_nobody_could_use()
    {
        using var interrupt = new CancellationTokenSource();
        var run = _plugin.RunAsync(interrupt.Token, "request", "payments-oncall", "--reason", "checkout is down");
        var asked = await _plugin.AskedAsync();
        await interrupt.CancelAsync();

        (await run).Should().Be(130);
        _plugin.Server.Get<BreakGlassGrant>(asked.Metadata.Name)!.Spec.Revoke.Should().NotBeNull();
    }

    [Fact]
    public async Task A_denial_is_shown_in_the_operators_words_and_has_an_exit_code_of_its_own()
    {
        var run = _plugin.RunAsync("request", "payments-oncall", "--reason", "checkout is down", "--name", "inc-1");
        await _plugin.AskedAsync();
        _plugin.Deny("inc-1", "TicketMissing", "spec.ticket: the policy requires a ticket that matches ^INC-[0-9]+$.");

        (await run).Should().Be(3);
        _plugin.Error.Should().EndWith(
            "error: grant 'inc-1' gives no access. Denied (TicketMissing): spec.ticket: the policy requires a ticket that matches ^INC-[0-9]+$.\n");
    }

    [Fact]
    public async Task Each_phase_on_the_way_is_told_once()
    {
        var run = _plugin.RunAsync("request", "payments-oncall", "--reason", "checkout is down", "--name", "inc-1");
        await _plugin.AskedAsync();
        _plugin.SetStatus("inc-1", g => g.Status with
        {
            Phase = GrantPhase.AwaitingApproval,
            Conditions = [new() { Type = "Approved", Status = "False", Reason = "AwaitingApproval", Message = "0 of 1 approval(s) so far." }],
        });
        await _plugin.Server.Until(() => _plugin.Error.Contains("waiting for approval", StringComparison.Ordinal), "the wait for approval to be told")
            .WaitAsync(Eventually.Limit);
        _plugin.Activate("inc-1");

        (await run).Should().Be(0, _plugin.Error);
        _plugin.Error.Split('\n')
            .Should().ContainInOrder("inc-1: requested; the operator has not processed it yet", "inc-1: waiting for approval: 0 of 1 approval(s) so far.");
    }

    [Fact]
    public async Task What_does_not_come_in_time_has_an_exit_code_of_its_own_and_is_given_up()
    {
        var run = _plugin.RunAsync("request", "payments-oncall", "--reason", "checkout is down", "--name", "inc-1", "--timeout", "5m");
        await _plugin.AskedAsync();
        await _plugin.Server.Until(() => _plugin.Server.Watches.Open.Count > 0, "a watch").WaitAsync(Eventually.Limit);
        _plugin.Clock.Advance(TimeSpan.FromMinutes(5));

        (await run).Should().Be(5);
        _plugin.Error.Should().Contain("gave no access within 5m").And.Contain("--timeout");
        _plugin.Server.Get<BreakGlassGrant>("inc-1")!.Spec.Revoke.Should().NotBeNull();
    }

    [Fact]
    public async Task A_policy_that_is_not_there_is_said_with_those_that_are()
    {
        (await _plugin.RunAsync("request", "payment-oncall", "--reason", "checkout is down")).Should().Be(4);
        _plugin.Error
            .Should().Be("error: policy 'payment-oncall' does not exist. Existing policies: payments-oncall. 'kubectl breakglass policies' lists those "
            + "that you can use.\n");
        _plugin.Server.List<BreakGlassGrant>().Should().BeEmpty();
    }

    [Fact]
    public async Task A_policy_that_binds_the_requester_gives_no_kubeconfig_since_the_own_one_works()
    {
        _plugin.Server.Put(A.Policy(p => p with { Credential = CredentialKind.BindRequester }));
        var run = _plugin.RunAsync("request", "payments-oncall", "--reason", "checkout is down", "--name", "inc-1");
        (await _plugin.AskedAsync()).Spec.RecipientKey.Should().BeNull();
        _plugin.Activate("inc-1");

        (await run).Should().Be(0, _plugin.Error);
        _plugin.Error.Should().Contain("with your own credentials");
        _plugin.Out.Should().Be("breakglassgrant.breakglass.dev/inc-1\n");
    }

    [Fact]
    public async Task A_dry_run_shows_the_manifest_and_sends_nothing()
    {
        (await _plugin.RunAsync("request", "payments-oncall", "--reason", "why: because", "--name", "inc-1", "--wait=false", "--dry-run=client", "-o", "yaml"))
            .Should().Be(0, _plugin.Error);
        _plugin.Out.Should().Be("""
            apiVersion: breakglass.dev/v1alpha1
            kind: BreakGlassGrant
            metadata:
              name: inc-1
            spec:
              policy: payments-oncall
              justification: "why: because"

            """);
        _plugin.Server.List<BreakGlassGrant>().Should().BeEmpty();
    }

    [Theory]
    [InlineData("error: --reason is missing", "request", "payments-oncall")]
    [InlineData("Required argument .POLICY. missing", "request", "--reason", "x")]
    [InlineData("'7' is not a valid duration", "request", "payments-oncall", "--reason", "x", "--for", "7")]
    [InlineData("exclude each other", "request", "payments-oncall", "--reason", "x", "-f", "out", "--", "ls")]
    [InlineData("--nonsense", "request", "payments-oncall", "--nonsense")]
    public async Task A_command_line_that_cannot_be_understood_is_explained_and_ends_with_2(string words, params string[] args)
    {
        (await _plugin.RunAsync(args)).Should().Be(2);
        _plugin.Error.Should().MatchRegex(words);
    }
}
