using System.Text.Json.Nodes;
using BreakGlass.Cli.Tests.Support;
using BreakGlass.Core.Api;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Cli.Tests.Commands;

/// <summary>What the plugin shows: tables for people, trees and names for programs.</summary>
public sealed class LookTests : IDisposable
{
    private readonly PluginHarness _plugin = new();

    public LookTests()
    {
        var asked = 0;
        _plugin.Server.CreateNamespace("payments", ("team", "payments"));
        _plugin.Server.Resources.Register(new("authentication.k8s.io", "v1", "SelfSubjectReview", "selfsubjectreviews", false)
        {
            Default = o =>
            {
                o["metadata"] = new JsonObject { ["name"] = $"me-{asked++}" };
                o["status"] = JsonNode.Parse("""{"userInfo":{"username":"alice","groups":["payments-oncall","system:authenticated"]}}""");
            },
        });
    }

    public void Dispose() => _plugin.Dispose();

    [Fact]
    public async Task Grants_are_listed_as_kubectl_lists_them()
    {
        PutGrants();
        (await _plugin.RunAsync("list")).Should().Be(0, _plugin.Error);
        Golden.Check(_plugin.Out, "list.txt");
        _plugin.Clear();
        await _plugin.RunAsync("list", "--output", "wide");
        Golden.Check(_plugin.Out, "list-wide.txt");
        _plugin.Clear();
        await _plugin.RunAsync("list", "--live", "-o", "name");
        _plugin.Out.Should().Be("breakglassgrant.breakglass.dev/inc-1\n");
        _plugin.Clear();
        await _plugin.RunAsync("list", "bgg", "--phase", "expired", "-o", "json");
        JsonNode.Parse(_plugin.Out)!["items"]!.AsArray().Should().ContainSingle();
    }

    [Fact]
    public async Task One_grant_is_shown_with_what_its_conditions_say()
    {
        PutGrants();
        (await _plugin.RunAsync("get", "inc-1")).Should().Be(0, _plugin.Error);
        _plugin.Error.Should().Contain("Active=True (AccessGiven): Access works.");
        _plugin.Clear();
        (await _plugin.RunAsync("get", "bgp", "no-such")).Should().Be(4);
        (await _plugin.RunAsync("get", "pods", "x")).Should().Be(2);
    }

    [Fact]
    public async Task Times_are_the_API_servers_where_the_clock_of_this_machine_is_wrong()
    {
        PutGrants();
        _plugin.Server.DateSkew = TimeSpan.FromHours(2);
        (await _plugin.RunAsync("watch", "inc-0")).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().StartWith("2026-11-22T03:02:0");
    }

    [Fact]
    public async Task Watching_one_grant_ends_with_it()
    {
        PutGrants();
        var run = _plugin.RunAsync("watch", "inc-1");
        await _plugin.Server.Until(() => _plugin.Server.Watches.Open.Count > 0, "a watch").WaitAsync(Eventually.Limit);
        _plugin.SetStatus("inc-1", g => g.Status with { Phase = GrantPhase.Revoked,
            Conditions = [new() { Type = "Active", Status = "False", Reason = "RevokedByUser", Message = "alice revoked it." }] });
        (await run).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().Be("2026-11-22T01:02:03.000Z  inc-1  alice  active until 2026-11-22T02:02:03.000Z\n2026-11-22T01:02:03.000Z  inc-1  alice  "
            + "Revoked: alice revoked it.\n");
    }

    [Fact]
    public async Task Watching_all_goes_on_where_the_connection_breaks_or_too_much_was_missed()
    {
        PutGrants();
        using var enough = new CancellationTokenSource();
        var run = _plugin.RunAsync(enough.Token, "watch", "-o", "name");
        await WatchesAsync(1);
        _plugin.Server.Watches.Break();
        await _plugin.Clock.WhenTimerArmed(TimeSpan.FromSeconds(1)).WaitAsync(Eventually.Limit);
        _plugin.Clock.Advance(TimeSpan.FromSeconds(1));
        await WatchesAsync(2);
        _plugin.Server.Put(A.Grant() with { Metadata = new() { Name = "after-the-break" } });
        _plugin.Server.Watches.Expire();
        await WatchesAsync(3);
        _plugin.Out.Should().EndWith("/after-the-break\n");
        _plugin.Server.Put(A.Grant() with { Metadata = new() { Name = "after-too-much" } });
        _plugin.Server.Watches.Close();
        await WatchesAsync(4);
        _plugin.Out.Should().EndWith("/after-too-much\n");

        await enough.CancelAsync();
        (await run).Should().Be(130);
        _plugin.Error.Should().Be("some changes were missed; continuing from now\n");
    }

    [Fact]
    public async Task Policies_say_whether_I_may_use_them_now_and_why_not_the_others()
    {
        PutPolicies();
        (await _plugin.RunAsync("policies")).Should().Be(0, _plugin.Error);
        Golden.Check(_plugin.Out, "policies.txt");
        _plugin.Error.Should().Be("You are alice (payments-oncall, system:authenticated).\n");
        _plugin.Clear();
        await _plugin.RunAsync("policies", "-o", "name");
        _plugin.Out.Should().Be(
            "breakglasspolicy.breakglass.dev/after-approval\nbreakglasspolicy.breakglass.dev/at-once\nbreakglasspolicy.breakglass.dev/at-weekends\n");
        _plugin.Clear();
        await _plugin.RunAsync("policies", "-o", "yaml");
        Golden.Check(_plugin.Out, "policies.yaml");
    }

    [Fact]
    public async Task A_server_that_cannot_say_who_I_am_is_no_reason_to_fail()
    {
        _plugin.Server.Resources.Unregister("authentication.k8s.io", "v1", "selfsubjectreviews");
        PutPolicies();
        (await _plugin.RunAsync("policies")).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().Contain("perhaps");
        _plugin.Error.Should().Contain("cannot tell who you are");
    }

    [Fact]
    public async Task A_plan_says_as_whom_a_grant_could_act_in_the_places_that_are_asked_for()
    {
        _plugin.Server.CreateNamespace("kube-system");
        _plugin.Server.CreateNamespace("shop");
        _plugin.Server.Put(A.ClusterRole("debugger", A.Rule("", "pods/exec", "create")));
        var policy = A.Policy(s => s with { Access = [A.Entry("all", "debugger", "kube-system", "shop")] }, "acting");
        _plugin.Server.Put(policy with
        {
            Status = new()
            {
                Roles =
                [
                    new() { Name = "all", ActsThrough = ["exec"], ActorsAsked = 20, ActorsNotAsked = 7,
                        Actors = [new() { ServiceAccount = "kube-system/namespace-controller", Can = ["everything"] }] },
                ],
            },
        });
        (await _plugin.RunAsync("plan", "acting")).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().Contain("Identities that a grant could act as").And.Contain("kube-system/namespace-controller").And.Contain("everything").And
            .Contain("(20 checked, 7 more not checked)");
        _plugin.Clear();
        (await _plugin.RunAsync("plan", "acting", "-n", "shop")).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().NotContain("namespace-controller").And.Contain("exec");
    }

    [Fact]
    public async Task A_plan_shows_each_rule_where_it_holds_and_its_risk()
    {
        PutPolicies();
        (await _plugin.RunAsync("plan", "at-once")).Should().Be(0, _plugin.Error);
        Golden.Check(_plugin.Out, "plan.txt");
        _plugin.Clear();
        await _plugin.RunAsync("plan", "at-once", "--access", "view", "-o", "json");
        Golden.Check(_plugin.Out, "plan.json");
        (await _plugin.RunAsync("plan", "at-once", "--access", "nothing")).Should().Be(4);
        (await _plugin.RunAsync("plan", "at-once", "-n", "kube-system")).Should().Be(4);
    }

    [Fact]
    public async Task Whoever_may_not_read_roles_gets_the_operators_summary()
    {
        PutPolicies();
        _plugin.User = new FakeUser("alice", "payments-oncall");
        _plugin.Server.Put(new V1ClusterRole { Metadata = new() { Name = "breakglass-requester" },
            Rules = [A.Rule("breakglass.dev", "breakglasspolicies", "get", "list"), A.Rule("breakglass.dev", "breakglassgrants", "list")] });
        _plugin.Server.Put(new V1ClusterRoleBinding { Metadata = new() { Name = "x" }, RoleRef = new() { Kind = "ClusterRole", Name = "breakglass-requester" },
            Subjects = [Bound.Group("payments-oncall")] });
        (await _plugin.RunAsync("plan", "at-once")).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().Contain("(17 rules that you are not allowed to read)").And.Contain("reads Secrets");
        _plugin.Error.Should().Be("Note: you are not allowed to read lockdowns and namespaces and roles, so they are not checked here; "
            + "the operator checks them when you create a request.\n");
    }

    // What the watches before the last one were told has been written by then.
    private Task WatchesAsync(int count) =>
        _plugin.Server.Until(() => _plugin.Server.Requests.All.Count(r => r.Call.Verb == "watch") >= count, $"{count} watches").WaitAsync(Eventually.Limit);

    private void PutGrants()
    {
        _plugin.Server.Put(A.FinishedGrant(
            GrantPhase.Expired, "inc-0", "uid-0") with { Metadata = new() { Name = "inc-0", Uid = "uid-0", CreatedAt = A.Start.AddDays(-3) } });
        _plugin.Server.Put(A.Grant(name: "inc-1"));
        _plugin.Activate("inc-1");
    }

    private void PutPolicies()
    {
        var roles = new PolicyStatus { Roles = [new() { Name = "payments", Rules = 17, ReadsSecrets = true }] };
        _plugin.Server.Put(A.Policy(p => p with { Access = [.. p.Access, A.SelectorEntry("view", "view", A.Selector(("team", "payments")))],
            Justification = new() { MinLength = 20, TicketPattern = "^INC-[0-9]+$" } }, "at-once", "uid-1") with { Status = roles });
        _plugin.Server.Put(
            A.Policy(p => p with { Mode = PolicyMode.JustInTime, Approval = new() { Approvers = [A.Group("commanders")] } }, "after-approval", "uid-2"));
        _plugin.Server.Put(A.Policy(p => p with { Mode = PolicyMode.TimeBoxed,
            Schedule = new() { TimeZone = "Europe/Berlin", Windows = [new() { Days = ["Sat"], Start = "22:00", End = "02:00" }] } }, "at-weekends", "uid-3"));
        _plugin.Server.Put(A.Policy(p => p with { Requesters = [A.Group("dba")] }, "for-others", "uid-4"));
        _plugin.Server.Put(A.Policy(p => p with { Suspended = true }, "suspended", "uid-5"));
        _plugin.Server.Put(A.Policy(p => p with { Access = [A.Entry("all", "no-such-role", "payments")] }, "without-role", "uid-6"));
    }
}
