using BreakGlass.Core.Api;
using BreakGlass.Core.Journal;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;
using BreakGlass.Core.Sealing;
using BreakGlass.Core.Tests.Lifecycle.Model;
using FluentAssertions;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Lifecycle;

/// <summary>What a grant's status says of the journal, and access that waits for it.</summary>
public sealed class GrantJournalTests
{
    private static readonly CoreSettings WithJournal = A.Settings with { HasJournal = true };

    [Fact]
    public void Indices_and_the_condition_ride_on_writes_that_happen_anyway()
    {
        var plain = new ModelWorld();
        plain.Run().RunFor(TimeSpan.FromHours(1));
        var world = new ModelWorld { Settings = WithJournal };
        world.Run();
        world.RunFor(TimeSpan.FromHours(1));

        Writes(world).Should().Be(Writes(plain), "the journal costs no write");
        world.Status.Transitions.SkipLast(1).Should().OnlyContain(t => t.JournalIndex != null);
        world.Status.Transitions.Select(t => t.JournalIndex).OfType<long>().Should().Equal(Enumerable.Range(0, world.Status.Transitions.Count)
            .Select(i => (long)i).Take(world.Status.Transitions.Count(t => t.JournalIndex is not null)));
        Of(world, GrantConditions.Journaled).Should().Match<Condition>(c => c.Status == "True" && c.Reason == "Journaled");
    }

    [Fact]
    public void A_backlog_alone_is_not_written_and_is_said_with_the_next_write()
    {
        var world = new ModelWorld { Settings = WithJournal, JournalIsAway = true };
        world.Run();
        world.Status.Phase.Should().Be(GrantPhase.Active, "access does not wait");
        Conditions.Find(world.Status.Conditions, GrantConditions.Journaled).Should().BeNull();
        var writes = Writes(world);
        world.RunFor(TimeSpan.FromMinutes(20));
        Writes(world).Should().Be(writes);

        world.Revoke();
        world.Run();
        Of(world, GrantConditions.Journaled).Should().Match<Condition>(c => c.Status == "False" && c.Reason == "Backlog"
            && c.Message.Contains("the storage is gone") && c.Message.Contains("AuditBacklog"));
        world.HasAccess().Should().BeFalse();
    }

    [Fact]
    public void An_operator_that_has_not_read_the_journal_yet_judges_nothing()
    {
        var world = new ModelWorld { Settings = WithJournal, JournalIsAway = true, JournalIsUnread = true };
        world.Run().RunFor(TimeSpan.FromMinutes(1));
        world.Revoke();
        world.Run();
        Conditions.Find(world.Status.Conditions, GrantConditions.Journaled).Should().BeNull();
    }

    [Fact]
    public void A_transition_is_written_when_all_required_sinks_have_it_too()
    {
        var status = new GrantStatus { Transitions = [new() { At = A.Start, To = GrantPhase.Pending }] };
        var facts = new JournalFacts([new(0, 7, A.Start, Core.Journal.GrantEntries.TypeOf(GrantPhase.Pending))], null);
        facts.IsWritten(status, 0).Should().BeTrue("no sink is required");
        (facts with { Acknowledged = 7 }).IsWritten(status, 0).Should().BeFalse("entry 7 is the next one");
        (facts with { Acknowledged = 8 }).IsWritten(status, 0).Should().BeTrue();
        facts.IsWritten(status, 1).Should().BeFalse();
    }

    [Fact]
    public void Without_a_journal_there_is_no_condition()
    {
        var world = new ModelWorld();
        world.Run();
        Conditions.Find(world.Status.Conditions, GrantConditions.Journaled).Should().BeNull();
    }

    [Fact]
    public void An_index_that_somebody_forged_opens_nothing_and_is_corrected()
    {
        var world = new ModelWorld(Required()) { Settings = WithJournal, JournalIsAway = true };
        world.Run();
        world.ForgeStatus(s => s with { Transitions = [.. s.Transitions.Select(t => t with { JournalIndex = 4711 })] });
        world.RunFor(TimeSpan.FromSeconds(10));
        world.Cluster.Objects.Should().BeEmpty();

        world.JournalIsAway = false;
        world.RunFor(TimeSpan.FromSeconds(3));
        world.Status.Transitions[0].JournalIndex.Should().Be(0);
    }

    [Fact]
    public void Required_writes_the_record_to_the_journal_before_the_first_object()
    {
        var world = new ModelWorld(Required()) { Settings = WithJournal };
        world.Run();
        world.Status.Phase.Should().Be(GrantPhase.Active);
        var steps = world.Plans.SelectMany(p => p.Steps).ToList();
        steps.FindIndex(s => s is PlanStep.WriteJournal).Should().BePositive().And.BeLessThan(steps.FindIndex(s => s is PlanStep.Create));
        steps.OfType<PlanStep.WriteJournal>().Should().ContainSingle();
        world.Status.Transitions[0].JournalIndex.Should().Be(0);
    }

    [Fact]
    public void While_the_journal_is_away_the_grant_waits_and_says_why_and_opens_when_it_is_back()
    {
        var world = new ModelWorld(Required()) { Settings = WithJournal, JournalIsAway = true };
        world.Run();
        world.Cluster.Objects.Should().BeEmpty();
        Of(world, GrantConditions.Active).Should().Match<Condition>(c => c.Status == "False" && c.Reason == "WaitsForJournal"
            && c.Message.Contains("until 2026-11-22T01:04:03") && c.Message.Contains("the storage is gone"));
        Of(world, GrantConditions.Journaled).Should().Match<Condition>(c => c.Status == "False" && c.Reason == "Backlog");
        var writes = Writes(world);
        world.RunFor(TimeSpan.FromMinutes(1));
        Writes(world).Should().Be(writes, "it is said once");

        world.JournalIsAway = false;
        world.RunFor(TimeSpan.FromSeconds(3));
        world.Status.Phase.Should().Be(GrantPhase.Active);
        world.HasAccess().Should().BeTrue();
        Of(world, GrantConditions.Journaled).Status.Should().Be("True");
    }

    [Fact]
    public void A_grant_that_waited_for_long_opens_when_the_journal_is_back()
    {
        var policy = Required(s => s with
        {
            Mode = PolicyMode.JustInTime, Approval = new() { Approvers = [A.Group("approvers")], Timeout = "15m" },
        });
        var world = new ModelWorld(policy) { Settings = WithJournal, JournalIsAway = true };
        world.Run();
        world.Decide("carol");
        world.RunFor(TimeSpan.FromMinutes(12));
        world.JournalIsAway = false;
        world.RunFor(TimeSpan.FromSeconds(3));
        world.Status.Phase.Should().Be(GrantPhase.Active);
    }

    [Theory]
    [InlineData(null, 120)]
    [InlineData("10m", 600)]
    public void The_wait_ends_with_a_denial_at_the_approval_timeout_or_after_two_minutes(string? timeout, int seconds)
    {
        var policy = timeout is null ? Required() : Required(s => s with
        {
            Mode = PolicyMode.JustInTime, Approval = new() { Approvers = [A.Group("approvers")], Timeout = timeout },
        });
        var world = new ModelWorld(policy) { Settings = WithJournal, JournalIsAway = true };
        world.Run();
        if (timeout is not null) world.Decide("carol");
        world.Run();
        var until = world.Status.ActivatedAt!.Value.AddSeconds(seconds);
        world.RunUntil(until.AddSeconds(-1));
        world.Status.Phase.Should().Be(GrantPhase.Pending);

        world.RunUntil(until.AddSeconds(2));
        world.Status.Should().Match<GrantStatus>(s => s.Phase == GrantPhase.Denied && s.EndReason == EndReason.Denied && s.EndedAt != null);
        world.Status.Transitions[^1].Reason.Should().Be(DenialReasons.JournalUnavailable);
        Of(world, GrantConditions.Authorized).Should().Match<Condition>(c => c.Status == "False" && c.Reason == DenialReasons.JournalUnavailable
            && c.Message.Contains("Check the storage of the journal"));
        Conditions.Find(world.Status.Conditions, GrantConditions.Reviewed).Should().BeNull("nothing was done that could be reviewed");
        world.Events.Select(e => e.Reason).Should().Contain(EventReasons.GrantDenied);
        world.Cluster.Objects.Should().BeEmpty();
        world.RunFor(TimeSpan.FromMinutes(1));
        world.Grant.FinalizersOrEmpty.Should().BeEmpty();
    }

    [Fact]
    public void Required_without_a_journal_waits_and_is_denied_and_the_policy_says_so()
    {
        var world = new ModelWorld(Required());
        world.Run();
        Of(world, GrantConditions.Journaled).Should().Match<Condition>(c => c.Status == "False" && c.Reason == "NoJournal"
            && c.Message.Contains("--journal-directory"));
        world.RunFor(TimeSpan.FromMinutes(3));
        world.Status.Phase.Should().Be(GrantPhase.Denied);

        Ready(Required(), A.Settings).Should().Match<Condition>(c => c.Status == "False" && c.Reason == PolicyConditions.NoJournal
            && c.Message.Contains("spec.journal is Required"));
        Ready(A.Policy(), A.Settings with { RequiresJournal = true }).Message.Should().Contain("--journal-default is Required");
        Ready(Required(), WithJournal).Status.Should().Be("True");
    }

    [Fact]
    public void A_grant_that_waits_for_the_journal_is_revoked_at_once()
    {
        var world = new ModelWorld(Required()) { Settings = WithJournal, JournalIsAway = true };
        world.Run();
        world.Revoke();
        world.Reconcile();
        world.Run().Status.Phase.Should().Be(GrantPhase.Revoked);
    }

    [Fact]
    public void An_active_grant_ends_while_the_journal_is_away()
    {
        var world = new ModelWorld(Required()) { Settings = WithJournal };
        world.Run();
        world.JournalIsAway = true;
        world.RunFor(TimeSpan.FromMinutes(1));
        world.HasAccess().Should().BeTrue("what is open stays open");
        world.Lock();
        world.Run();
        world.HasAccess().Should().BeFalse();
        world.Status.Phase.Should().Be(GrantPhase.Revoked);
    }

    [Fact]
    public void The_policy_says_more_than_the_operators_default()
    {
        var required = A.Settings with { RequiresJournal = true };
        JournalRules.IsRequired(A.Policy().Spec, A.Settings).Should().BeFalse();
        JournalRules.IsRequired(A.Policy().Spec, required).Should().BeTrue();
        JournalRules.IsRequired(A.Policy(s => s with { Journal = JournalMode.BestEffort }).Spec, required).Should().BeFalse();
        JournalRules.IsRequired(Required().Spec, A.Settings).Should().BeTrue();
    }

    [Fact]
    public void An_entry_and_a_seal_do_not_depend_on_the_index()
    {
        var grant = A.FinishedGrant(GrantPhase.Expired);
        var transitions = grant.Status.Transitions.Select((t, i) => t with { JournalIndex = i + 7 });
        var indexed = grant with { Status = grant.Status with { Transitions = [.. transitions] } };
        static IEnumerable<string> Bytes(BreakGlassGrant of) => GrantEntries.Of(of, 0).Select(e => Convert.ToHexString(e.Bytes()));
        Bytes(indexed).Should().Equal(Bytes(grant));

        var key = new SealKey("key1", A.Start, new byte[32]);
        RecordSeal.Make("uid", indexed.Status, key).Should().Be(RecordSeal.Make("uid", grant.Status, key));
    }

    private static Condition Ready(BreakGlassPolicy policy, CoreSettings settings) => Conditions.Find(PolicyLifecycle.Decide(new()
    {
        Now = A.Start, Settings = settings, Policy = policy, Seal = SealState.Valid, Grants = [], Cluster = AView.Usual(),
    }).Status.Conditions, PolicyConditions.Ready)!;

    private static int Writes(ModelWorld world) => world.Plans.Sum(p => p.Steps.Count(s => s is PlanStep.WriteStatus));

    private static Condition Of(ModelWorld world, string type) => Conditions.Find(world.Status.Conditions, type)!;

    private static BreakGlassPolicy Required(Func<PolicySpec, PolicySpec>? spec = null) =>
        A.Policy(s => (spec ?? (x => x))(s with { Journal = JournalMode.Required }));
}
