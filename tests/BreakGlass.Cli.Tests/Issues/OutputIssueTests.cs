using BreakGlass.Cli.Tests.Support;
using BreakGlass.Core.Api;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Cli.Tests.Issues;

/// <summary>What people read, where somebody else wrote it.</summary>
public sealed class OutputIssueTests : IDisposable
{
    private readonly PluginHarness _plugin = new();

    public void Dispose() => _plugin.Dispose();

    [Theory]
    [InlineData("\u001b[2K\r")]
    [InlineData("\n")]
    [InlineData("\u009b2K")]
    [InlineData("\u202e")]
    public async Task A_justification_could_show_an_approver_another_request_than_the_one_they_approve(string trick)
    {
        _plugin.Server.Put(A.Grant(g => g with { Justification = $"root{trick}inc-4711: alice asks for 5m of policy 'read-only'" }) with { Status =
            new() { Phase = GrantPhase.AwaitingApproval } });
        foreach (var command in (string[][])[["approve", "inc-4711"], ["get", "inc-4711"]])
        {
            _plugin.Clear();
            (await _plugin.RunAsync(command)).Should().Be(0, _plugin.Error);
            _plugin.Error.Should().NotContain(trick + "inc-4711: alice asks for 5m").And.Contain("root");
        }
    }

    [Fact]
    public async Task A_condition_in_which_somebody_else_is_quoted_could_move_the_cursor()
    {
        _plugin.Server.Put(A.FinishedGrant(GrantPhase.Denied) with
        {
            Status = new() { Phase = GrantPhase.Denied,
                Conditions = [new() { Type = "Authorized", Status = "False", Reason = "X", Message = "said \u001b[2J this" }] },
        });
        await _plugin.RunAsync("watch", "inc-4711");
        await _plugin.RunAsync("use", "inc-4711");
        await _plugin.RunAsync("revoke", "inc-4711");
        (_plugin.Out + _plugin.Error).Should().NotContain("\u001b").And.Contain("said");
    }

    [Fact]
    public async Task A_decision_that_did_not_count_was_left_out_of_the_evidence_where_its_approver_had_another_that_did()
    {
        _plugin.Server.Put(A.FinishedGrant(GrantPhase.Expired) with { Status =
            new() { Phase = GrantPhase.Expired, Approvals = [new() { Approver = "carol", Decision = "Approve", At = A.Start }] } });
        foreach (var (name, decision, comment) in ((string, string, string)[])[("a", "Approve", "go on"), ("b", "Deny", "stop, I was wrong")])
        {
            _plugin.Server.Put(new BreakGlassApproval { Metadata = new() { Name = name, CreatedAt = A.Start },
                Spec = new() { Grant = "inc-4711", Decision = decision, Comment = comment, Approver = A.Caller("carol") } });
        }

        (await _plugin.RunAsync("report", "inc-4711")).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().Contain("| carol | Approve | go on |").And.Contain("| carol | Deny (did not count) | stop, I was wrong |");
    }

    [Fact]
    public async Task An_auditor_was_sent_to_somebody_with_the_auditors_role()
    {
        _plugin.Server.Put(A.FinishedGrant(GrantPhase.Expired));
        _plugin.Server.Put(A.Policy());
        _plugin.User = new FakeUser("ada", "auditors");
        _plugin.Server.Put(
            new V1ClusterRole { Metadata = new() { Name = "breakglass-auditor" }, Rules = [A.Rule("breakglass.dev", "*", "get", "list", "watch")] });
        _plugin.Server.Put(new V1ClusterRoleBinding { Metadata = new() { Name = "x" }, RoleRef = new() { Kind = "ClusterRole", Name = "breakglass-auditor" },
            Subjects = [Bound.Group("auditors")] });

        (await _plugin.RunAsync("report", "inc-4711")).Should().Be(0, _plugin.Error);
        _plugin.Error.Should().Contain("you are not allowed to read events").And.Contain("list events.events.k8s.io").And.NotContain("breakglass-auditor");
    }

    /// <summary>The events of the whole cluster were fetched, and whoever may read those of one namespace got none.</summary>
    [Fact]
    public async Task A_report_fetches_the_events_of_its_grant_alone_from_where_they_may_be_read()
    {
        _plugin.Server.Put(A.FinishedGrant(GrantPhase.Expired));
        _plugin.Server.Put(A.Policy());
        _plugin.User = new FakeUser("ada", "auditors");
        _plugin.Server.Put(
            new V1ClusterRole { Metadata = new() { Name = "breakglass-auditor" }, Rules = [A.Rule("breakglass.dev", "*", "get", "list", "watch")] });
        _plugin.Server.Put(new V1ClusterRoleBinding { Metadata = new() { Name = "x" }, RoleRef = new() { Kind = "ClusterRole", Name = "breakglass-auditor" },
            Subjects = [Bound.Group("auditors")] });
        _plugin.Server.CreateNamespace("kube-system");
        _plugin.Server.Put(
            new V1Role { Metadata = new() { Name = "events", NamespaceProperty = "kube-system" }, Rules = [A.Rule("events.k8s.io", "events", "list")] });
        _plugin.Server.Put(new V1RoleBinding { Metadata = new() { Name = "x", NamespaceProperty = "kube-system" },
            RoleRef = new() { Kind = "Role", Name = "events" }, Subjects = [Bound.Group("auditors")] });
        _plugin.Server.Put(About("inc-4711", "GrantExpired"));
        _plugin.Server.Put(About("inc-4712", "GrantDenied"));

        (await _plugin.RunAsync("report", "inc-4711")).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().Contain("GrantExpired").And.NotContain("GrantDenied");
        _plugin.Error.Should().NotContain("not allowed to read");
        _plugin.Server.Requests.All.Where(r => r.Call.Resource == "events").Should().NotBeEmpty().And.OnlyContain(r => r.Call.Query.Contains("fieldSelector"));

        static Eventsv1Event About(string grant, string reason) => new()
        {
            Metadata = new() { Name = $"{grant}.1", NamespaceProperty = "kube-system" }, Regarding = new() { Kind = "BreakGlassGrant", Name = grant },
            Reason = reason, Type = "Normal", Note = "so it was",
        };
    }
}
