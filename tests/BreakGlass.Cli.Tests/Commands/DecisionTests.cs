using BreakGlass.Cli.Tests.Support;
using BreakGlass.Core.Api;
using FluentAssertions;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Cli.Tests.Commands;

public sealed class DecisionTests : IDisposable
{
    private readonly PluginHarness _plugin = new();

    public void Dispose() => _plugin.Dispose();

    [Theory]
    [InlineData("approve", "Approve", "approved")]
    [InlineData("deny", "Deny", "denied")]
    public async Task A_decision_is_stored_and_shows_what_was_decided_on(string command, string decision, string done)
    {
        _plugin.Server.Put(A.Grant() with { Status = new() { Phase = GrantPhase.AwaitingApproval } });
        (await _plugin.RunAsync(command, "inc-4711", "--comment", "go", "--approver", "carol,incident-commanders")).Should().Be(0, _plugin.Error);
        _plugin.Server.List<BreakGlassApproval>().Should().ContainSingle().Which.Spec.Should()
            .Match<ApprovalSpec>(
            s => s.Grant == "inc-4711" && s.Decision == decision && s.Comment == "go" && s.Approver!.Username == "carol" && s.Approver.Groups.Count == 1);
        _plugin.Out.Should().Be($"breakglassgrant.breakglass.dev/inc-4711 {done}\n");
        _plugin.Error.Should().Contain("alice requests the default duration of policy 'payments-oncall' (INC-4711): checkout returns 5xx");
    }

    [Fact]
    public async Task Whoever_decides_too_late_is_told_what_to_do_instead()
    {
        _plugin.Server.Put(A.Grant() with { Status = new() { Phase = GrantPhase.Active, ExpiresAt = A.Start.AddHours(1) } });
        (await _plugin.RunAsync("deny", "inc-4711")).Should().Be(3);
        _plugin.Error.Should().EndWith(
            "error: grant 'inc-4711' is Active and no longer waits for a decision. To end its access: kubectl breakglass revoke inc-4711\n");
        _plugin.Server.List<BreakGlassApproval>().Should().BeEmpty();
    }

    [Fact]
    public async Task A_review_is_stored_with_its_outcome_and_what_follows()
    {
        _plugin.Server.Put(A.FinishedGrant(GrantPhase.Expired));
        (await _plugin.RunAsync("review", "inc-4711", "--outcome", "justified", "--follow-up", "OPS-99", "-o", "json")).Should().Be(0, _plugin.Error);
        _plugin.Server.List<BreakGlassReview>().Should().ContainSingle().Which.Spec
            .Should().Match<ReviewSpec>(s => s.Outcome == "Justified" && s.FollowUp == "OPS-99");
        _plugin.Out.Should().StartWith("{\n").And.Contain("\"kind\": \"BreakGlassReview\"");
    }

    [Fact]
    public async Task A_grant_that_is_not_over_cannot_be_reviewed()
    {
        _plugin.Server.Put(A.Grant() with { Status = new() { Phase = GrantPhase.Active, ExpiresAt = A.Start.AddHours(1) } });
        (await _plugin.RunAsync("review", "inc-4711", "--outcome", "Misused")).Should().Be(3);
        _plugin.Error.Should().Contain("not over (Active)").And.Contain("revoke inc-4711");
    }

    [Fact]
    public async Task A_grant_that_is_not_there_has_an_exit_code_of_its_own()
    {
        (await _plugin.RunAsync("approve", "inc-1")).Should().Be(4);
        _plugin.Error.Should().Be("error: breakglassgrants 'inc-1' not found. List what exists with 'kubectl breakglass list', or use another --context.\n");
    }

    [Fact]
    public async Task Revoking_waits_until_access_is_cut()
    {
        _plugin.Server.Put(A.Grant() with { Status = new() { Phase = GrantPhase.Active, ExpiresAt = A.Start.AddHours(1) } });
        var run = _plugin.RunAsync("revoke", "inc-4711", "--reason", "done");
        await _plugin.Server.Until(() => _plugin.Server.Get<BreakGlassGrant>("inc-4711")!.Spec.Revoke?.Reason == "done", "the revocation")
            .WaitAsync(Eventually.Limit);
        _plugin.SetStatus("inc-4711", g => g.Status with { Phase = GrantPhase.Revoked });
        (await run).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().Be("breakglassgrant.breakglass.dev/inc-4711 revoked\n");

        _plugin.Clear();
        (await _plugin.RunAsync("revoke", "inc-4711")).Should().Be(0, "what is over is no error");
        _plugin.Out.Should().StartWith("breakglassgrant.breakglass.dev/inc-4711 is already over: Revoked");
    }

    [Fact]
    public async Task Of_several_grants_each_is_revoked_though_one_cannot_be_and_before_any_is_waited_for()
    {
        foreach (var name in (string[])["inc-1", "inc-2"]) _plugin.Server
            .Put(A.Grant() with { Metadata = new() { Name = name }, Status = new() { Phase = GrantPhase.Active, ExpiresAt = A.Start.AddHours(1) } });
        var run = _plugin.RunAsync("revoke", "bgg/inc-1", "inc-0", "breakglassgrant.breakglass.dev/inc-2", "-o", "name");
        await _plugin.Server.Until(() => _plugin.Server.List<BreakGlassGrant>().All(g => g.Spec.Revoke is not null), "both revocations")
            .WaitAsync(Eventually.Limit);
        foreach (var name in (string[])["inc-2", "inc-1"]) _plugin.SetStatus(name, g => g.Status with { Phase = GrantPhase.Revoked });
        (await run).Should().Be(4);
        _plugin.Out.Should().Be("breakglassgrant.breakglass.dev/inc-1\nbreakglassgrant.breakglass.dev/inc-2\n");
        _plugin.Error.Should().Be(
            "error: inc-0: breakglassgrants 'inc-0' not found. List what exists with 'kubectl breakglass list', or use another --context.\n");
    }

    [Fact]
    public async Task What_is_only_rehearsed_or_refused_leaves_the_kubeconfig_where_it_is()
    {
        _plugin.Server.Put(A.Grant() with { Status = new() { Phase = GrantPhase.Active, ExpiresAt = A.Start.AddHours(1) } });
        Directory.CreateDirectory(_plugin.CredentialDirectory);
        var kubeconfig = Path.Combine(_plugin.CredentialDirectory, "inc-4711.kubeconfig");
        await File.WriteAllTextAsync(kubeconfig, "x");

        (await _plugin.RunAsync("revoke", "inc-4711", "--dry-run", "client")).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().Be("breakglassgrant.breakglass.dev/inc-4711 revoked (dry run)\n");
        _plugin.User = new FakeUser("mallory");
        (await _plugin.RunAsync("revoke", "inc-4711")).Should().Be(3);
        File.Exists(kubeconfig).Should().BeTrue();

        _plugin.User = null;
        (await _plugin.RunAsync("revoke", "inc-4711", "--wait=false")).Should().Be(0, _plugin.Error);
        File.Exists(kubeconfig).Should().BeFalse();
    }

    [Theory]
    [InlineData("revoke bgp/payments", "'bgp/payments' is not a grant")]
    [InlineData("approve ../x", "'..' is not a known kind")]
    [InlineData("report inc%2f1", "'inc%2f1' is not a valid name")]
    [InlineData("get policies a/b", "'a/b' is not a valid name")]
    [InlineData("plan bgg/inc-1", "'bgg/inc-1' is not a policy")]
    [InlineData("request ./x --reason y", "'.' is not a known kind")]
    [InlineData("lockdown bgp/x --lift", "'bgp/x' is not a lockdown")]
    [InlineData("list policies --live", "--live applies to grants, not to policies")]
    public async Task What_is_no_name_of_such_a_thing_is_a_mistake_on_the_command_line(string words, string says)
    {
        (await _plugin.RunAsync(words.Split(' '))).Should().Be(2);
        _plugin.Error.Should().Contain(says);
    }

    [Fact]
    public async Task Somebody_without_the_right_is_told_which_role_is_missing()
    {
        _plugin.User = new FakeUser("mallory");
        (await _plugin.RunAsync("revoke", "inc-4711")).Should().Be(3);
        _plugin.Error.Should().Contain("forbidden: ").And.Contain("breakglass-requester");
    }

    [Fact]
    public async Task A_lockdown_waits_until_all_of_it_is_over_and_is_lifted_by_one_word()
    {
        var run = _plugin.RunAsync("lockdown", "--reason", "token leaked", "--selector", "team=payments,tier in (a, b),!old");
        await _plugin.Server.Until(() => _plugin.Server.List<BreakGlassLockdown>().Count == 1, "a lockdown").WaitAsync(Eventually.Limit);
        var made = _plugin.Server.List<BreakGlassLockdown>()[0];
        made.Spec.Reason.Should().Be("token leaked");
        made.Spec.PolicySelector!.MatchLabels.Should().ContainKey("team").WhoseValue.Should().Be("payments");
        made.Spec.PolicySelector.MatchExpressions.Select(e => $"{e.Key} {e.Operator} {string.Join('|', e.Values)}")
            .Should().Equal("tier In a|b", "old DoesNotExist ");
        _plugin.Server.Modify<BreakGlassLockdown>(
            made.Metadata.Name, null, l => l with { Status = new() { Revoked = 2, Conditions = [new() { Type = "Complete", Status = "True" }] } });
        (await run).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().Be($"breakglasslockdown.breakglass.dev/{made.Metadata.Name} engaged, 2 grant(s) revoked\n");

        (await _plugin.RunAsync("lockdown", "--lift")).Should().Be(0, _plugin.Error);
        _plugin.Server.List<BreakGlassLockdown>().Should().BeEmpty();
    }

    [Theory]
    [InlineData("lockdown --reason leaked --dry-run=client", "breakglasslockdown.breakglass.dev/lockdown- engaged")]
    [InlineData("lockdown shut --reason leaked --dry-run=client", "breakglasslockdown.breakglass.dev/shut engaged")]
    public async Task A_lockdown_that_is_only_tried_needs_no_name(string line, string said)
    {
        (await _plugin.RunAsync(line.Split(' '))).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().StartWith(said);
        _plugin.Server.List<BreakGlassLockdown>().Should().BeEmpty();
    }

    [Fact]
    public async Task Several_lockdowns_are_not_lifted_by_accident()
    {
        _plugin.Server.Put(A.Lockdown(name: "a"));
        _plugin.Server.Put(A.Lockdown(name: "b"));
        (await _plugin.RunAsync("lockdown", "--lift")).Should().Be(2);
        _plugin.Error.Should().Contain("a (token leaked, by sue), b (token leaked, by sue)");
        (await _plugin.RunAsync("lockdown", "b", "--lift")).Should().Be(0, _plugin.Error);
        _plugin.Server.List<BreakGlassLockdown>().Should().ContainSingle().Which.Metadata.Name.Should().Be("a");
    }
}
