using System.Text;
using BreakGlass.Core;
using BreakGlass.Core.Api;
using BreakGlass.Core.Drills;
using BreakGlass.Core.Model;
using BreakGlass.Operator.Metrics;
using BreakGlass.Operator.Tests.Metrics;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Kube.Runtime;
using Simulation;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Operator.Tests.Jobs;

/// <summary>Runs of drills by real operators on an API server in memory: by the clock, across crashes, with two replicas.</summary>
public sealed class DrillTests
{
    private const string Requester = "system:serviceaccount:breakglass-system:breakglass-drill";

    private static readonly TimeSpan Long = TimeSpan.FromMinutes(2);

    public static TheoryData<DrillStep> Phases => new(Enum.GetValues<DrillStep>());

    [Fact]
    public Task A_drill_runs_when_its_time_comes_and_passes() => With(world =>
    {
        using var counted = new Counted(world.Start().Engine.Metrics);
        world.Server.Put(Drill(world));
        world.Settle();
        world.Server.Get<BreakGlassDrill>("weekly")!.Status.Runs.Should().BeEmpty();
        world.Advance(TimeSpan.FromMinutes(1));
        world.Advance(Long);
        var run = Runs(world).Should().ContainSingle().Subject;
        run.Failures.Should().BeEmpty();
        run.Should().Match<DrillRun>(r => r.Result == DrillResult.Passed && r.Trigger == DrillTrigger.Schedule);
        Of(run, DrillStep.Denial).Result.Should().Be(DrillResult.Passed);
        Of(run, DrillStep.Metrics).Message.Should()
            .ContainAll("activations_total", "time_to_access_seconds", "revocation_lag_seconds", "revocation_verified_seconds");
        counted.Values("drill_time_to_access_seconds").Should().Equal(GoDuration.Parse(run.TimeToAccess!).TotalSeconds);
        counted.Values("drill_time_to_denial_seconds").Should().Equal(GoDuration.Parse(run.TimeToDenial!).TotalSeconds);
        counted.Sum("drill_failures_total", "drill", "weekly").Should().Be(0);
        NothingIsOpen(world);
        world.Events().Where(e => e.Regarding!.Kind == nameof(BreakGlassDrill)).Select(e => e.Reason).Should().Equal("DrillPassed");
        world.Events().Where(e => e.Regarding!.Name == run.Grant).Should().OnlyContain(e => e.Note!.StartsWith("Drill weekly: ", StringComparison.Ordinal));
    });

    [Fact]
    public Task With_a_journal_the_transitions_are_verified() => With(world =>
    {
        using var journal = new SimulatedJournal();
        world.Start(journal.With(World.Options));
        world.Server.Put(Drill(world));
        world.Advance(Long + Long);
        var run = Runs(world).Should().ContainSingle().Subject;
        run.Failures.Should().BeEmpty();
        Of(run, DrillStep.Journal).Message.Should().Contain("3 transition(s) are in the journal, with valid inclusion proofs");
        world.Stop();
    });

    [Fact]
    public Task A_policy_that_does_not_allow_drills_fails_the_run_with_its_sentence() => With(world =>
    {
        world.Server.Modify<BreakGlassPolicy>("payments-oncall", null, p => p with { Spec = p.Spec with { Drills = DrillPermission.Forbidden } });
        using var counted = new Counted(world.Start().Engine.Metrics);
        world.Server.Put(Drill(world));
        world.Advance(Long + Long);
        var run = Runs(world).Should().ContainSingle().Subject;
        run.Reason.Should().Be("GrantDenied");
        counted.Sum("drill_failures_total", "reason", "GrantDenied").Should().Be(1);
        counted.Sum("drill_failures_total", "drill", "weekly").Should().Be(1);
        counted.Samples("drill_time_to_access_seconds").Should().Be(0);
        run.Failures.Should().ContainSingle().Which.Should().Contain("set its spec.drills to Allowed");
    });

    [Fact]
    public Task A_drill_by_voucher_takes_one_after_the_other_and_fails_when_none_is_left() => With(world =>
    {
        world.Server.Modify<BreakGlassPolicy>("payments-oncall", null, p => p with
        {
            Spec = p.Spec with { Vouchers = AVoucher.Terms with { Holders = [A.User(Requester)] } },
        });
        world.Server.Put(new BreakGlassAuthority { Metadata = new() { Name = OfflineDesk.Name }, Spec = AVoucher.Desk.Authority().Spec });
        PutVouchers(world, ["v-1", "v-2"]);
        var replica = world.Start();
        var drill = Drill(world);
        world.Server.Put(drill with { Spec = drill.Spec with { Voucher = new() } });
        world.Advance(Long + Long);
        RunNow(world, "second");
        RunNow(world, "third");

        var runs = Runs(world);
        runs.Select(r => (r.Result, r.Voucher, r.VouchersLeft)).Should().Equal(
            (DrillResult.Failed, null, 0), (DrillResult.Passed, "v-2", 0), (DrillResult.Passed, "v-1", 1));
        runs[0].Reason.Should().Be("NoVoucher");
        runs[0].Failures.Should().ContainSingle().Which.Should().Contain("breakglass-drill-vouchers").And.Contain("voucher issue");
        runs[0].Phases.Select(p => p.Name).Should().Equal("Request");
        Of(runs[1], DrillStep.Request).Message.Should().Contain("by voucher v-2");
        var authority = world.Server.Get<BreakGlassAuthority>(OfflineDesk.Name)!;
        authority.Status.Used.Select(u => (u.Id, u.Drill)).Should().BeEquivalentTo([("v-1", "weekly"), ("v-2", "weekly")]);
        Conditions.IsTrue(authority.Status.Conditions, AuthorityConditions.RotationDue).Should().BeFalse();
        world.Events().Where(e => e.Reason == EventReasons.VoucherUsed).Should()
            .OnlyContain(e => e.Type == "Normal" && e.Note!.Contains("Drill weekly: ", StringComparison.Ordinal));
        new CacheSnapshot(replica.Engine.Caches, replica.Engine.Settings, (SteadyClock)replica.Engine.Clock).Take().Authorities.Single().LastUse
            .Should().BeNull("the alert VoucherUsed is not for drills");
        NothingIsOpen(world);
    });

    [Fact]
    public Task A_drill_by_voucher_without_a_set_says_what_is_missing() => With(world =>
    {
        world.Start();
        var drill = Drill(world);
        world.Server.Put(drill with { Spec = drill.Spec with { Voucher = new() } });
        world.Advance(Long + Long);
        Runs(world)[0].Failures.Single().Should().Contain("Secret breakglass-system/breakglass-drill-vouchers does not exist");

        PutVouchers(world, "no key", ["v-1"]);
        RunNow(world, "second");
        Runs(world)[0].Failures.Single().Should().Contain("has no holder.key with an EC P-256 private key");

        world.Server.Modify<BreakGlassDrill>("weekly", null, d => d with { Spec = d.Spec with { Voucher = new() { Secret = "other" } } });
        RunNow(world, "third");
        Runs(world)[0].Failures.Single().Should().Contain("is not allowed to read Secret breakglass-system/other");
        Runs(world).Should().OnlyContain(r => r.Reason == "NoVoucher" && r.VouchersLeft == 0);
        NothingIsOpen(world);
    });

    [Theory]
    [MemberData(nameof(Phases))]
    public Task An_operator_that_dies_in_any_phase_leaves_no_access_and_the_next_one_ends_the_run(DrillStep phase) => With(world =>
    {
        var first = world.Start();
        world.Server.Put(Drill(world, suspended: phase is DrillStep.Hold, end: phase is DrillStep.Expiry ? DrillEnd.Expire : DrillEnd.Revoke));
        if (phase is DrillStep.Hold) Request(world, "now hold=30s");
        var died = false;
        world.AtRest = () =>
        {
            if (died || !Runs(world).Any(r => r.Phases.Any(p => p.Name == phase.ToString()))) return;
            died = true;
            first.Kill();
        };
        for (var i = 0; i < 100 && !died && !IsOver(world); i++) world.Advance(TimeSpan.FromSeconds(2));
        world.AtRest = null;
        first.Kill();
        world.Start();
        world.Advance(Long);
        var run = Runs(world).Should().ContainSingle().Subject;
        run.Result.Should().NotBe(DrillResult.Running);
        if (died && run.Result is DrillResult.Failed) run.Reason.Should().Be("Interrupted");
        NothingIsOpen(world);
    });

    [Fact]
    public Task Of_two_replicas_one_runs_it_and_the_other_takes_over_if_it_dies() => With(world =>
    {
        var options = World.Options with { LeaderElect = true };
        var first = world.Start(options);
        var second = world.Start(options);
        world.Server.Put(Drill(world));
        world.Advance(Long + Long);
        Runs(world).Should().ContainSingle().Which.Result.Should().Be(DrillResult.Passed);

        Request(world, "now");
        world.Settle();
        first.Kill();
        world.Advance(Long + Long);
        second.IsDead.Should().BeFalse();
        Runs(world).Should().HaveCountGreaterThan(1).And.NotContain(r => r.Result == DrillResult.Running);
        NothingIsOpen(world);
    });

    [Fact]
    public Task A_run_that_was_asked_to_keeps_access_open_for_the_time_and_then_revokes_it() => With(world =>
    {
        world.Start();
        world.Server.Put(Drill(world, suspended: true));
        Request(world, "now hold=1m");
        world.Settle();
        HoldsWithin(world, TimeSpan.FromSeconds(30));
        world.Advance(TimeSpan.FromSeconds(50));
        IsOpen(world).Should().BeTrue();
        Of(Runs(world)[0], DrillStep.Hold).Result.Should().Be(DrillResult.Running);
        world.Advance(Long);

        var run = Runs(world).Should().ContainSingle().Subject;
        run.Failures.Should().BeEmpty();
        run.Hold.Should().Be("1m");
        var hold = Of(run, DrillStep.Hold);
        hold.Should().Match<DrillPhase>(p => p.Result == DrillResult.Passed && p.Message == "The run waited for 1m.");
        GoDuration.Parse(hold.Took!).Should().BeCloseTo(TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(1));
        GoDuration.Parse(run.TimeToAccess!).Should().BeLessThan(TimeSpan.FromMinutes(1));
        GoDuration.Parse(run.TimeToDenial!).Should().BeLessThan(TimeSpan.FromMinutes(1));
        NothingIsOpen(world);
    });

    [Fact]
    public Task Access_is_not_kept_open_longer_than_the_grant_lasts() => With(world =>
    {
        world.Start();
        var drill = Drill(world, suspended: true);
        world.Server.Put(drill with { Spec = drill.Spec with { Duration = "1m" } });
        Request(world, "now hold=5m");
        world.Settle();
        HoldsWithin(world, TimeSpan.FromSeconds(30));
        world.Advance(TimeSpan.FromMinutes(1));
        IsOpen(world).Should().BeFalse();
        world.Advance(Long);
        var run = Runs(world).Should().ContainSingle().Subject;
        run.Hold.Should().Be("1m");
        GoDuration.Parse(Of(run, DrillStep.Hold).Took!).Should().BeLessThanOrEqualTo(TimeSpan.FromMinutes(1));
        run.Result.Should().NotBe(DrillResult.Running);
        NothingIsOpen(world);
    });

    [Fact]
    public Task When_the_leader_is_killed_while_access_is_kept_open_the_next_one_revokes_it_and_ends_the_run() => With(world =>
    {
        var options = World.Options with { LeaderElect = true };
        var first = world.Start(options);
        var second = world.Start(options);
        world.Server.Put(Drill(world, suspended: true));
        Request(world, "now hold=5m");
        world.Settle();
        HoldsWithin(world, TimeSpan.FromSeconds(30));
        first.Kill();
        world.Advance(TimeSpan.FromMinutes(1));
        second.IsDead.Should().BeFalse();
        Runs(world).Should().ContainSingle().Which.Reason.Should().Be("Interrupted");
        NothingIsOpen(world);
        var grant = world.Server.Get<BreakGlassGrant>(Runs(world)[0].Grant!)!;
        grant.Status.EndReason.Should().Be(EndReason.RevokedByUser);
        Conditions.IsTrue(grant.Status.Conditions, GrantConditions.Revoked).Should().BeTrue();
    });

    [Fact]
    public Task A_drill_can_let_its_grant_expire_and_its_times_count_from_the_expiry() => With(world =>
    {
        using var journal = new SimulatedJournal();
        using var counted = new Counted(world.Start(journal.With(World.Options)).Engine.Metrics);
        world.Server.Put(Drill(world, end: DrillEnd.Expire));
        world.Advance(Long);
        IsOpen(world).Should().BeTrue("the run waits until the grant expires");
        var waiting = Of(Runs(world)[0], DrillStep.Expiry);
        waiting.Result.Should().Be(DrillResult.Running);
        waiting.Message.Should().Contain("until the grant expires at");
        world.Advance(TimeSpan.FromMinutes(6));

        var run = Runs(world).Should().ContainSingle().Subject;
        run.Failures.Should().BeEmpty();
        run.Should().Match<DrillRun>(r => r.Result == DrillResult.Passed && r.End == DrillEnd.Expire);
        run.Phases.Select(p => p.Name).Should().NotContain("Revocation").And.ContainInOrder("Use", "Expiry", "Denial", "Proof");
        var grant = world.Server.Get<BreakGlassGrant>(run.Grant!)!;
        (grant.Status.EndReason, grant.Spec.Revoke).Should().Be((EndReason.Expired, null));
        GoDuration.Parse(Of(run, DrillStep.Expiry).Took!).Should().BeCloseTo(TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(10));
        GoDuration.Parse(run.TimeToDenial!).Should().BeLessThan(TimeSpan.FromSeconds(30));
        GoDuration.Parse(run.ProofOfEnd!).Should().BeLessThan(TimeSpan.FromMinutes(1)).And.BeGreaterThanOrEqualTo(GoDuration.Parse(run.TimeToDenial!));
        Of(run, DrillStep.Journal).Message.Should().Contain("3 transition(s) are in the journal, with valid inclusion proofs");
        Of(run, DrillStep.Events).Message.Should().Be("The events GrantActivated and GrantExpired exist.");
        Of(run, DrillStep.Metrics).Result.Should().Be(DrillResult.Passed);
        counted.Values("drill_time_to_denial_seconds").Should().Equal(GoDuration.Parse(run.TimeToDenial!).TotalSeconds);
        world.Events().Where(e => e.Regarding!.Kind == nameof(BreakGlassDrill)).Select(e => e.Reason).Should().Equal("DrillPassed");
        NothingIsOpen(world);
        world.Stop();
    });

    [Fact]
    public Task A_grant_that_something_else_ends_before_it_expires_fails_the_run_at_once() => With(world =>
    {
        world.Start();
        world.Server.Put(Drill(world, end: DrillEnd.Expire));
        world.Advance(Long);
        IsOpen(world).Should().BeTrue();
        world.Server.Modify<BreakGlassPolicy>("payments-oncall", null, p => p with { Spec = p.Spec with { Suspended = true } });
        world.Advance(TimeSpan.FromSeconds(30));

        var run = Runs(world).Should().ContainSingle().Subject;
        run.Reason.Should().Be("NotExpired");
        run.Failures.Should().Equal("Expiry: The grant did not expire; it ended with the reason PolicySuspended.");
        NothingIsOpen(world);
    });

    /// <summary>A grant that did not exist any more was looked for until its time would have been over.</summary>
    [Fact]
    public Task A_grant_that_is_deleted_before_it_expires_fails_the_run_at_once() => With(world =>
    {
        world.Start();
        world.Server.Put(Drill(world, end: DrillEnd.Expire));
        world.Advance(Long);
        world.Server.Delete<BreakGlassGrant>(Runs(world)[0].Grant!);
        world.Advance(TimeSpan.FromSeconds(10));

        var run = Runs(world).Should().ContainSingle().Subject;
        run.Reason.Should().Be("NotExpired");
        run.Failures.Should().Equal("Expiry: The grant did not expire; it was deleted.");
        NothingIsOpen(world);
    });

    [Fact]
    public Task When_the_operator_dies_while_it_waits_for_the_expiry_the_next_one_revokes_the_grant() => With(world =>
    {
        var first = world.Start();
        world.Server.Put(Drill(world, end: DrillEnd.Expire));
        world.Advance(Long);
        IsOpen(world).Should().BeTrue();
        first.Kill();
        world.Start();
        world.Advance(TimeSpan.FromSeconds(30));
        Runs(world).Should().ContainSingle().Which.Reason.Should().Be("Interrupted");
        world.Server.Get<BreakGlassGrant>(Runs(world)[0].Grant!)!.Status.EndReason.Should().Be(EndReason.RevokedByUser);
        NothingIsOpen(world);
    });

    [Fact]
    public Task A_drill_that_is_deleted_in_the_middle_of_a_run_leaves_no_access() => With(world =>
    {
        world.Start();
        world.Server.Put(Drill(world));
        world.Advance(TimeSpan.FromSeconds(61));
        world.Server.Delete<BreakGlassDrill>("weekly");
        world.Advance(Long);
        NothingIsOpen(world);
    });

    private static void PutVouchers(World world, string[] ids) => PutVouchers(world, AVoucher.Desk.Holder.ExportPkcs8PrivateKeyPem(), ids);

    private static void PutVouchers(World world, string key, string[] ids)
    {
        var cluster = world.Server.Get<V1Namespace>("kube-system")!.Metadata.Uid!;
        string Issue(string id) => AVoucher.Desk.Issue(v => v with
        {
            Id = id, Person = Requester, Cluster = cluster, IssuedAt = Seconds(world), NotBefore = Seconds(world), Expires = Seconds(world).AddDays(30),
        });
        world.Server.Put(new V1Secret
        {
            Metadata = new() { Name = "breakglass-drill-vouchers", NamespaceProperty = "breakglass-system" },
            Data = ids.ToDictionary(id => $"{id}.voucher", id => Encoding.ASCII.GetBytes(Issue(id) + "\n")).Append(
                new("holder.key", Encoding.ASCII.GetBytes(key))).ToDictionary(),
        });
    }

    private static DateTimeOffset Seconds(World world) => DateTimeOffset.FromUnixTimeSeconds(world.Now.ToUnixTimeSeconds());

    private static void Request(World world, string value) => world.Server.Modify<BreakGlassDrill>("weekly", null, d => d with
    {
        Metadata = d.Metadata with { Annotations = new Dictionary<string, string> { [BreakGlassApi.RunDrillAnnotation] = value } },
    });

    private static void RunNow(World world, string value)
    {
        Request(world, value);
        world.Advance(Long);
    }

    private static void NothingIsOpen(World world)
    {
        world.Server.List<BreakGlassGrant>().Where(g => g.LabelsOrEmpty.ContainsKey(BreakGlassApi.DrillLabel) && !g.Status.IsTerminal)
            .Select(g => g.Metadata.Name).Should().BeEmpty();
        world.Server.List<V1RoleBinding>().Where(b => b.LabelsOrEmpty.ContainsKey(BreakGlassApi.GrantLabel)).Should().BeEmpty();
    }

    private static bool IsOpen(World world) =>
        world.Server.List<V1RoleBinding>("payments").Any(b => b.LabelsOrEmpty.ContainsKey(BreakGlassApi.GrantLabel));

    private static void HoldsWithin(World world, TimeSpan limit)
    {
        for (var waited = TimeSpan.Zero; waited < limit && Runs(world).All(r => r.Phases.All(p => p.Name != "Hold")); waited += TimeSpan.FromSeconds(1))
            world.Advance(TimeSpan.FromSeconds(1));
        Runs(world)[0].Phases.Should().Contain(p => p.Name == "Hold" && p.Result == DrillResult.Running);
        IsOpen(world).Should().BeTrue();
    }

    private static bool IsOver(World world) => Runs(world).Any(r => r.Result is not DrillResult.Running);

    private static IReadOnlyList<DrillRun> Runs(World world) => world.Server.Get<BreakGlassDrill>("weekly")?.Status.Runs ?? [];

    private static DrillPhase Of(DrillRun run, DrillStep step) => run.Phases.Single(p => p.Name == step.ToString());

    /// <summary>A drill whose time comes within a minute.</summary>
    private static BreakGlassDrill Drill(World world, bool suspended = false, DrillEnd end = DrillEnd.Revoke)
    {
        var at = world.Now.UtcDateTime.AddMinutes(1);
        return new()
        {
            Metadata = new() { Name = "weekly" },
            Spec = A.Drill(s => s with { Schedule = $"{at.Minute} {at.Hour} * * *", Suspended = suspended, End = end }).Spec,
        };
    }

    private static Task With(Action<World> test) => Stillness.Run(stillness =>
    {
        using var world = new World(stillness, new() { TokenCache = TimeSpan.FromSeconds(10) });
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy(p => p with { Drills = DrillPermission.Allowed }));
        test(world);
    });
}
