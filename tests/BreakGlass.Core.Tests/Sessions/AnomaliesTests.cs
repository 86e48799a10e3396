using BreakGlass.Core.Api;
using BreakGlass.Core.Sessions;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Sessions;

/// <summary>Each rule of what is unusual, by itself.</summary>
public sealed class AnomaliesTests
{
    [Theory]
    [InlineData(20, false)]
    [InlineData(21, true)]
    public void More_reads_of_Secrets_than_the_limit_are_unusual(long reads, bool unusual) =>
        IsUnusual(Anomalies.SecretsRead, Facts() with { Session = new(new() { SecretsRead = reads }, [], 0) }).Should().Be(unusual);

    [Theory]
    [InlineData(20, false)]
    [InlineData(21, true)]
    public void More_refusals_than_the_limit_are_unusual(long refusals, bool unusual) =>
        IsUnusual(Anomalies.Denied, Facts() with { Session = new(new() { Denied = refusals }, [], 0) }).Should().Be(unusual);

    [Theory]
    [InlineData("list", "", ActionResult.Allowed, true)]
    [InlineData("watch", "", ActionResult.Allowed, true)]
    [InlineData("list", "payments", ActionResult.Allowed, false)]
    [InlineData("list", "", ActionResult.Denied, false)]
    [InlineData("create", "", ActionResult.Allowed, false)]
    public void Secrets_that_are_listed_across_namespaces_are_unusual(string verb, string ns, ActionResult result, bool unusual) =>
        IsUnusual(Anomalies.SecretsListed, Facts(Did(verb, "secrets") with { Namespace = ns, Result = result })).Should().Be(unusual);

    /// <param name="other">Seconds of the first and last request from the other address; the first address has requests from 10 to 20.</param>
    [Theory]
    [InlineData(new[] { 12, 13 }, true)]
    [InlineData(new[] { 15, 90 }, true)]
    [InlineData(new[] { 0, 30 }, true)]
    [InlineData(new[] { 20, 90 }, false)]
    [InlineData(new[] { 30, 90 }, false)]
    [InlineData(new[] { 0, 10 }, false)]
    public void Two_addresses_in_turn_are_unusual_and_a_move_from_one_to_the_other_is_not(int[] other, bool unusual)
    {
        var facts = Facts();
        facts = facts with { Session = facts.Session with { Sources =
            [Source("192.0.2.7", "kubectl", 10, 20), Source("192.0.2.8", "kubectl", other[0], other[1])] } };
        IsUnusual(Anomalies.ParallelAddresses, facts).Should().Be(unusual);
        IsUnusual(Anomalies.ParallelPrograms, facts).Should().BeFalse("the program is the same");
        if (unusual) Anomalies.ParallelAddresses(facts)!.What.Should().BeEquivalentTo("192.0.2.7", "192.0.2.8");
    }

    [Fact]
    public void Two_programs_in_turn_are_unusual()
    {
        var facts = Facts();
        facts = facts with { Session = facts.Session with { Sources = [Source("192.0.2.7", "kubectl", 10, 20), Source("192.0.2.7", "curl", 15, 15)] } };
        Anomalies.ParallelPrograms(facts)!.What.Should().Equal("kubectl", "curl");
        IsUnusual(Anomalies.ParallelAddresses, facts).Should().BeFalse();
    }

    [Fact]
    public void A_first_exec_a_first_impersonation_and_a_first_kind_are_unusual_only_if_there_were_sessions_before()
    {
        var exec = Did("create", "pods") with { Subresource = "exec", Name = "web" };
        var session = new MergedSession(new() { Exec = 1 }, [exec, Did("get", "nodes") with { AsUser = "bob" }], 0);
        var facts = Facts() with { Session = session };
        Anomalies.Of(facts with { Habits = PolicyHabits.None }).Should().BeEmpty();
        var before = new PolicyHabits(1, Exec: false, Impersonation: false, new HashSet<string> { "pods" });
        Anomalies.Of(facts with { Habits = before }).Select(a => a.Kind).Should()
            .Equal(AnomalyKind.FirstExec, AnomalyKind.FirstImpersonation, AnomalyKind.FirstKind);
        Anomalies.FirstExec(facts with { Habits = before })!.What.Should().Equal("payments/web");
        Anomalies.FirstKind(facts with { Habits = before })!.What.Should().Equal("nodes");
        var used = new PolicyHabits(1, Exec: true, Impersonation: true, new HashSet<string> { "pods", "nodes" });
        Anomalies.Of(facts with { Habits = used }).Should().BeEmpty();
    }

    [Fact]
    public void Habits_are_those_of_earlier_sessions_of_the_policy()
    {
        var now = Session("uid-1", "p", A.Start, Did("get", "pods"));
        var refused = Did("get", "nodes") with { Result = ActionResult.Denied };
        SessionStatus[] all =
        [
            now, Session("uid-0", "p", A.Start.AddDays(-1),
                Did("get", "services"), refused, Did("create", "selfsubjectaccessreviews"), Did("get", "/healthz")),
            Session("uid-2", "p", A.Start.AddMinutes(1), Did("get", "secrets")), Session("uid-3", "other", A.Start.AddDays(-1), Did("get", "jobs")),
        ];
        var habits = PolicyHabits.Before(now, all);
        habits.Should().BeEquivalentTo(new { Sessions = 1, Exec = false, Impersonation = false });
        habits.Kinds.Should().Equal("services");
        PolicyHabits.Before(now, all.Select(PolicyHabits.Shed)).Should().BeEquivalentTo(habits);
    }

    [Fact]
    public void Of_a_session_with_five_hundred_rows_few_are_kept_and_its_habits_are_the_same()
    {
        var rows = Enumerable.Range(0, 500).Select(i => Did("get", i % 2 == 0 ? "pods" : "nodes") with
        {
            Name = $"{i}", Command = new string('x', 500), AsUser = i % 100 == 0 ? $"bob-{i}" : "", FirstAt = A.Start.AddMinutes(-i),
        });
        var earlier = new SessionStatus
        {
            GrantUid = "uid-0", Policy = "p", Actions = [.. rows], Parts = [new() { Observer = "a", Totals = new() { Exec = 1 } }],
        };
        var shed = PolicyHabits.Shed(earlier);
        shed.Actions.Should().HaveCount(3);
        var now = Session("uid-1", "p", A.Start.AddMinutes(-400), Did("get", "pods"));
        PolicyHabits.Before(now, [shed]).Should().BeEquivalentTo(PolicyHabits.Before(now, [earlier]))
            .And.BeEquivalentTo(new { Sessions = 1, Exec = true, Impersonation = true });
    }

    [Theory]
    [InlineData("pods", "", 29 * 60, true)]
    [InlineData("pods", "", (29 * 60) - 1, false)]
    [InlineData("deployments", "apps", 30 * 60, true)]
    [InlineData("configmaps", "", 30 * 60, false)]
    public void A_workload_that_is_created_in_the_last_minute_is_unusual(string resource, string group, int at, bool unusual)
    {
        var made = Did("create", resource) with { ApiGroup = group, LastAt = A.Start.AddSeconds(at) };
        IsUnusual(Anomalies.LateWorkload, Facts(made)).Should().Be(unusual);
        IsUnusual(Anomalies.LateWorkload, Facts(made with { Subresource = "exec" })).Should().BeFalse();
        IsUnusual(Anomalies.LateWorkload, Facts(made with { Result = ActionResult.Failed })).Should().BeFalse();
    }

    [Fact]
    public void A_grant_of_two_minutes_has_no_last_minute()
    {
        var facts = Facts(Did("create", "pods") with { LastAt = A.Start.AddMinutes(2) });
        IsUnusual(Anomalies.LateWorkload, facts with { Grant = Grant(2) }).Should().BeFalse();
    }

    [Fact]
    public void The_parts_of_several_replicas_are_one_session()
    {
        var row = Did("list", "pods");
        var merged = MergedSession.Of(new()
        {
            Parts =
            [
                new() { Observer = "a", Totals = new() { Requests = 2, LastActivityAt = A.Start, SourceIps = ["1", "2", "3"] },
                    Sources = [Source("1", "k", 1, 5)] },
                new() { Observer = "b", Totals = new() { Requests = 3, SourceIps = ["3", "4", "5", "6"], MoreSourceIps = 1, OpenStreams = 1 },
                    Sources = [Source("1", "k", 3, 9)] },
            ],
            Actions = [row with { Observer = "a", Count = 2, FirstAt = A.Start, LastAt = A.Start.AddSeconds(1) },
                row with { Observer = "b", Count = 3, FirstAt = A.Start.AddSeconds(-1), LastAt = A.Start },
                new() { Observer = "b", Verb = "*", Name = "*", Count = 7 }],
        });
        merged.Totals.Should().BeEquivalentTo(new { Requests = 5, LastActivityAt = A.Start, MoreSourceIps = 2, OpenStreams = 1 });
        merged.Totals.SourceIps.Should().HaveCount(5);
        merged.Actions.Should().ContainSingle().Which.Should()
            .Match<SessionAction>(a => a.Count == 5 && a.FirstAt == A.Start.AddSeconds(-1) && a.LastAt == A.Start.AddSeconds(1));
        (merged.Rest, merged.IsTruncated).Should().Be((7, true));
        merged.Sources.Should().ContainSingle().Which.Should().Be(Source("1", "k", 1, 9));
    }

    private static bool IsUnusual(Func<AnomalyFacts, Anomaly?> rule, AnomalyFacts facts) => rule(facts) is not null;

    private static AnomalyFacts Facts(params SessionAction[] actions) => new()
    {
        Grant = Grant(30), Limits = new(), Session = new(new(), actions, 0), Habits = PolicyHabits.None,
    };

    private static BreakGlassGrant Grant(int minutes) =>
        A.Grant() with { Status = new() { ActivatedAt = A.Start, ExpiresAt = A.Start.AddMinutes(minutes) } };

    private static SessionAction Did(string verb, string resource) => new()
    {
        Observer = "a", Verb = verb, Resource = resource, Namespace = "payments", Count = 1, FirstAt = A.Start, LastAt = A.Start,
    };

    private static SessionSource Source(string address, string program, int first, int last) =>
        new() { Address = address, Program = program, FirstAt = A.Start.AddSeconds(first), LastAt = A.Start.AddSeconds(last) };

    private static SessionStatus Session(string uid, string policy, DateTimeOffset begin, params SessionAction[] actions) =>
        new() { GrantUid = uid, Policy = policy, Actions = [.. actions.Select(a => a with { FirstAt = begin })] };
}
