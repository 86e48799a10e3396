using System.Text.Json.Nodes;
using BreakGlass.Cli.Tests.Support;
using BreakGlass.Core;
using BreakGlass.Core.Api;
using FluentAssertions;
using k8s.Models;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Cli.Tests.Evidence;

public sealed class ReportTests : IDisposable
{
    private readonly PluginHarness _plugin = new();

    public void Dispose() => _plugin.Dispose();

    [Theory]
    [InlineData("markdown", "report.md")]
    [InlineData("html", "report.html")]
    [InlineData("json", "report.json")]
    public async Task A_report_holds_all_that_is_recorded(string format, string file)
    {
        PutStory();
        (await _plugin.RunAsync("report", "inc-4711", "-o", format)).Should().Be(0, _plugin.Error);
        Golden.Check(_plugin.Out.Replace($"breakglass {ThisVersion.Text.Split('+')[0]} ", "breakglass VERSION ", StringComparison.Ordinal), file);
    }

    [Theory]
    [InlineData("markdown")]
    [InlineData("html")]
    public async Task What_somebody_writes_into_a_grant_stays_text(string format)
    {
        PutStory("<script>alert(1)</script> | **x** [a](javascript:x)\n# not a heading");
        await _plugin.RunAsync("report", "inc-4711", "-o", format);
        _plugin.Out.Should().NotContain("<script").And.Contain("&lt;script&gt;").And.NotContain("\n# not");
        if (format == "markdown") _plugin.Out.Should().Contain(@"\*\*x\*\* \[a\](javascript:x)<br>\# not a heading");
    }

    [Fact]
    public async Task The_credential_is_not_part_of_the_evidence()
    {
        PutStory();
        _plugin.SetStatus("inc-4711", g => g.Status with { CredentialJwe = "aaaa.bbbb.cccc.dddd.eeee" });
        foreach (var format in new[] { "markdown", "html", "json" }) await _plugin.RunAsync("report", "inc-4711", "-o", format);
        _plugin.Out.Should().NotContain("bbbb");
    }

    [Fact]
    public async Task Whoever_may_not_read_all_of_it_gets_the_rest_and_is_told()
    {
        PutStory();
        _plugin.User = new FakeUser("alice", "payments-oncall");
        _plugin.Server.Put(
            new V1ClusterRole { Metadata = new() { Name = "breakglass-requester" }, Rules = [A.Rule("breakglass.dev", "breakglassgrants", "get")] });
        _plugin.Server.Put(new V1ClusterRoleBinding { Metadata = new() { Name = "x" }, RoleRef = new() { Kind = "ClusterRole", Name = "breakglass-requester" },
            Subjects = [Bound.Group("payments-oncall")] });
        (await _plugin.RunAsync("report", "inc-4711", "-o", "json")).Should().Be(0, _plugin.Error);
        JsonNode.Parse(_plugin.Out)!["notRead"]!.AsArray().Select(n => n!.GetValue<string>()).Should()
            .Equal("approvals", "reviews", "events", "the session", "the policy");
        _plugin.Error.Should().Contain("breakglass-auditor");

        await _plugin.RunAsync("report", "inc-4711");
        _plugin.Out.Should().Contain("is not allowed to read events").And.NotContain("None; the API server", "that nobody looked is another thing");
        _plugin.Out.Should().Contain("is not allowed to read the session").And.NotContain("has no record of this grant's requests");
    }

    [Theory]
    [InlineData("markdown")]
    [InlineData("html")]
    public async Task A_grant_without_a_record_of_its_requests_is_told_apart_from_one_that_must_not_be_read(string format)
    {
        PutStory();
        _plugin.Server.Delete<BreakGlassSession>("inc-4711");
        await _plugin.RunAsync("report", "inc-4711", "-o", format);
        _plugin.Out.Should().Contain("The operator has no record of this grant").And.Contain("system:serviceaccount:breakglass-grants:inc-4711-abc");
        _plugin.Error.Should().BeEmpty();
    }

    [Fact]
    public async Task Requests_that_are_not_listed_and_requests_that_are_attributed_by_name_are_marked()
    {
        PutStory();
        _plugin.SetStatus("inc-4711", g => g.Status with { Credential = CredentialKind.BindRequester });
        _plugin.Server.Modify<BreakGlassSession>("inc-4711", null, s => s with { Status = s.Status with { Actions = [.. s.Status.Actions,
            new() { Observer = "a", Verb = "*", Name = "*", Count = 77, FirstAt = A.Start, LastAt = A.Start }] } });
        await _plugin.RunAsync("report", "inc-4711");
        _plugin.Out.Should().Contain("77 requests are counted but not listed").And.Contain("By the requester's user name");
        await _plugin.RunAsync("get", "inc-4711");
        _plugin.Error.Should().Contain("Used for 41 request(s): 3 write(s), 0 refused");
    }

    [Theory]
    [InlineData("markdown", @"evil\\u{202E}")]
    [InlineData("html", @"evil\u{202E}")]
    public async Task What_a_client_sends_stays_text(string format, string shown)
    {
        PutStory();
        _plugin.Server.Modify<BreakGlassSession>("inc-4711", null, s => s with { Status = s.Status with { Actions = [
            new() { Observer = "a", Verb = "get", Resource = "<b>|pods", Name = "evil\u202E", AsUser = "**x**\n# y", Command = "sh -c <script>",
                Count = 1 }] } });
        await _plugin.RunAsync("report", "inc-4711", "-o", format);
        _plugin.Out.Should().NotContain("<script").And.NotContain("<b>").And.NotContain("\n# y").And.Contain(shown);
    }

    private void PutStory(string justification = "checkout returns 5xx since the 01:00 deploy, need to roll back")
    {
        _plugin.Server.Put(A.Policy(p => p with { Mode = PolicyMode.JustInTime, Approval = new() { Approvers = [A.Group("commanders")] },
            Review = new() { Reviewers = [A.Group("security")] } }));
        var grant = A.Grant(
            g => g with { Justification = justification, Duration = "30m", Requester = g.Requester! with
            {
                Uid = "u-1", Extra = new Dictionary<string, IReadOnlyList<string>> { ["example.com/amr"] = ["mfa"] },
            }, Revoke = new() { Reason = "done", By = A.Caller("alice") } });
        _plugin.Server.Put(grant with
        {
            Status = new()
            {
                Phase = GrantPhase.Revoked, ActivatedAt = A.Start.AddMinutes(2), ExpiresAt = A.Start.AddMinutes(32), EndedAt = A.Start.AddMinutes(14),
                EndReason = EndReason.RevokedByUser,
                ServiceAccount = "breakglass-grants/inc-4711-abc",
                Bindings = [new() { Kind = "RoleBinding", Namespace = "payments", Name = "breakglass-inc-4711-def", Role = "ClusterRole/edit" }],
                Approvals = [new() { Approver = "carol", Decision = "Approve", At = A.Start.AddMinutes(2) }],
                Session = new() { Requests = 41, Writes = 3, LastActivityAt = A.Start.AddMinutes(12) },
                Residue = ["Deployment payments/debug"],
                Transitions =
                [
                    new() { At = A.Start, To = GrantPhase.AwaitingApproval, Actor = "alice", Reason = "ApprovalRequired" },
                    new() { At = A.Start.AddMinutes(2), From = GrantPhase.AwaitingApproval, To = GrantPhase.Active, Actor = "alice", Reason = "PolicyAllows" },
                    new() { At = A.Start.AddMinutes(14), From = GrantPhase.Active, To = GrantPhase.Revoked, Actor = "alice", Reason = "RevokedByUser" },
                ],
                Conditions =
                [
                    new() { Type = "Approved", Status = "True", Reason = "Approved", Message = "Approved by carol.",
                        LastTransitionTime = A.Start.AddMinutes(2) },
                    new() { Type = "Revoked", Status = "True", Reason = "Proven", Message = "SubjectAccessReview finds no access through this "
                        + "grant.", LastTransitionTime = A.Start.AddMinutes(15) },
                    new() { Type = "Reviewed", Status = "True", Reason = "Justified", Message = "Reviewed by sue.", LastTransitionTime = A.Start.AddHours(3) },
                ],
            },
        });
        _plugin.Server.Put(new BreakGlassSession
        {
            Metadata = new() { Name = "inc-4711" },
            Status = new()
            {
                GrantUid = "grant-1", Policy = "payments-oncall", Requester = "alice",
                Parts =
                [
                    new() { Observer = "a", Totals = new() { Requests = 40, Writes = 3, Denied = 1, Exec = 1, LastActivityAt = A.Start.AddMinutes(11),
                        SourceIps = ["192.0.2.7"], UserAgents = ["kubectl/v1.36.2"] } },
                    new() { Observer = "b", Totals = new() { Requests = 1, LastActivityAt = A.Start.AddMinutes(12), SourceIps = ["192.0.2.7", "192.0.2.8"] } },
                ],
                Actions =
                [
                    new() { Observer = "a", Verb = "patch", ApiGroup = "apps", Resource = "deployments", Namespace = "payments", Name = "checkout",
                        Count = 3, FirstAt = A.Start.AddMinutes(4), LastAt = A.Start.AddMinutes(11) },
                    new() { Observer = "a", Verb = "list", Resource = "pods", Namespace = "payments", Count = 35, FirstAt = A.Start.AddMinutes(3),
                        LastAt = A.Start.AddMinutes(10) },
                    new() { Observer = "b", Verb = "list", Resource = "pods", Namespace = "payments", Count = 1, FirstAt = A.Start.AddMinutes(12),
                        LastAt = A.Start.AddMinutes(12) },
                    new() { Observer = "a", Verb = "delete", Resource = "nodes", Name = "node-1", Result = ActionResult.Denied, Count = 1,
                        FirstAt = A.Start.AddMinutes(5), LastAt = A.Start.AddMinutes(5) },
                    new() { Observer = "a", Verb = "create", Resource = "pods", Subresource = "exec", Namespace = "payments", Name = "checkout-1",
                        Command = "cat /etc/hosts", Count = 1, FirstAt = A.Start.AddMinutes(6), LastAt = A.Start.AddMinutes(6) },
                ],
            },
        });
        _plugin.Server.Put(A.Approval(grant, A.Caller("carol", "commanders"), at: A.Start.AddMinutes(2))
            with { Spec = new() { Grant = "inc-4711", GrantUid = "grant-1", Decision = "Approve", Comment = "go", Approver = A.Caller("carol") } });
        _plugin.Server.Put(A.Approval(grant, A.Caller("mallory"), at: A.Start.AddMinutes(1), name: "approval-2"));
        _plugin.Server.Put(A.Approval(grant with { Metadata = grant.Metadata with { Uid = "namesake" } }, A.Caller("dave"), name: "approval-3"));
        _plugin.Server.Put(A.Review(grant, A.Caller("sue", "security"), at: A.Start.AddHours(3))
            with { Spec = new() { Grant = "inc-4711", GrantUid = "grant-1",
            Outcome = "Justified", Comment = "rolled back as said", FollowUp = "OPS-99", Reviewer = A.Caller("sue") } });
        _plugin.Server.Put(new Eventsv1Event
        {
            Metadata = new() { Name = "inc-4711.1", NamespaceProperty = "default" }, EventTime = A.Start.AddMinutes(2).UtcDateTime, Type = "Normal",
            Reason = "GrantActivated", Action = "Activate", Note = "alice has access.",
            Regarding = new() { Kind = "BreakGlassGrant", Name = "inc-4711", Uid = "grant-1" }, ReportingController = "breakglass.dev/operator",
            ReportingInstance = "x",
        });
    }
}
