using System.Diagnostics.Metrics;
using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Operator.Tests.Metrics;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Simulation;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.Reconciling;

/// <summary>What metrics and statuses say of a grant is what happened: no more, no less, and no oftener.</summary>
public class TrueRecordTests
{
    [Fact]
    public Task A_grant_whose_access_was_open_and_ends_by_a_failure_counts_as_revoked_and_not_as_denied() => With((world, replica) =>
    {
        world.Server.Put(Sample.Grant());
        world.Settle();
        using var counted = new Counted(replica.Engine.Metrics);
        world.Server.Modify<BreakGlassGrant>("inc-4711", null, g => g with { Spec = g.Spec with { Duration = "1h" } });
        world.Advance(TimeSpan.FromSeconds(30));
        var grant = world.Grant()!;
        (grant.Status.Phase, grant.Status.EndReason).Should().Be((GrantPhase.Failed, EndReason.Failed));
        counted.Sum("revocations_total", "reason", "Failed").Should().Be(1);
        counted.Sum("denials_total", "policy", "payments-oncall").Should().Be(0);
    });

    [Fact]
    public Task A_grant_that_failed_while_it_was_made_counts_as_denied_and_not_as_revoked() => With((world, replica) =>
    {
        using var counted = new Counted(replica.Engine.Metrics);
        using var fault = world.Server.Faults.Inject(Fault.Forbidden, "create", "rolebindings", times: null);
        world.Server.Put(Sample.Grant());
        world.Advance(TimeSpan.FromSeconds(30));
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Failed);
        counted.Sum("denials_total", "reason", "Forbidden").Should().Be(1);
        counted.Sum("revocations_total", "policy", "payments-oncall").Should().Be(0);
    });

    /// <summary>The condition is there to show policies that do not work before they are needed.</summary>
    [Fact]
    public Task A_policy_whose_only_grant_failed_before_access_opened_was_never_exercised() => With((world, replica) =>
    {
        using var fault = world.Server.Faults.Inject(Fault.Forbidden, "create", "rolebindings", times: null);
        world.Server.Put(Sample.Grant());
        world.Advance(TimeSpan.FromSeconds(30));
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Failed);
        var status = world.Policy()!.Status;
        (status.ActivationsInWindow, status.LastActivatedAt).Should().Be((0, null));
        Conditions.Find(status.Conditions, "NeverExercised")!.Status.Should().Be("True");
    });

    /// <summary>The first status is the record, or the end; the second says that access works, or that it is proven to be over.</summary>
    [Theory]
    [InlineData("time_to_access_seconds")]
    [InlineData("revocation_verified_seconds")]
    public Task What_took_its_time_is_measured_once_though_its_status_is_written_at_the_second_try(string histogram) => With((world, replica) =>
    {
        if (histogram != "time_to_access_seconds")
        {
            world.Server.Put(Sample.Grant());
            world.Advance(Sample.Duration - TimeSpan.FromSeconds(1));
        }

        using var counted = new Counted(replica.Engine.Metrics);
        using var fault = world.Server.Faults.Inject(Fault.Conflict, "update", "breakglassgrants/status", after: 1, times: 2);
        if (histogram == "time_to_access_seconds") world.Server.Put(Sample.Grant());
        world.Advance(TimeSpan.FromSeconds(60));
        fault.Hits.Should().Be(2);
        counted.Samples(histogram).Should().Be(1);
    });

    [Fact]
    public Task What_is_left_over_of_a_namesake_is_removed_and_is_no_revocation_of_the_grant_that_is_there() => With((world, replica) =>
    {
        world.Server.Put(Sample.Grant());
        world.Settle();
        using var counted = new Counted(replica.Engine.Metrics);
        var binding = world.Server.List<V1RoleBinding>("payments").Single();
        world.Server.Put(binding with
        {
            Metadata = new()
            {
                Name = "breakglass-inc-4711-ofanother", NamespaceProperty = "payments", Labels = binding.Metadata.Labels,
                Annotations = new Dictionary<string, string>(binding.AnnotationsOrEmpty) { [BreakGlassApi.GrantUidAnnotation] = "another" },
            },
        });
        world.Settle();
        world.Server.List<V1RoleBinding>("payments").Should().ContainSingle();
        counted.Sum("orphans_removed_total", "kind", "RoleBinding").Should().Be(1);
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
        counted.Samples("revocation_lag_seconds").Should().Be(0);
    });

    [Fact]
    public Task A_grant_that_was_revoked_and_cannot_be_cut_is_lingering() => With((world, replica) =>
    {
        world.Server.Put(Sample.Grant(s => s with { Duration = "1h" }));
        world.Settle();
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active, string.Join("; ", world.Grant()!.Status.Conditions.Select(c => c.Message)));
        bool IsCut(ApiCall call) => call.Is("delete", "rolebindings") || call.Is("patch", "rolebindings") || call.Is("delete", "serviceaccounts");
        using (world.Server.Faults.Inject(Fault.Forbidden, IsCut, times: null))
        {
            world.Server.Modify<BreakGlassGrant>("inc-4711", null, g => g with { Spec = g.Spec with { Revoke = new() { Reason = "done" } } });
            world.Advance(TimeSpan.FromSeconds(30));
            world.Server.List<V1RoleBinding>("payments").Should().ContainSingle();
            Lingering(replica).Should().Be(1);
        }

        world.Advance(TimeSpan.FromSeconds(30));
        Lingering(replica).Should().Be(0);
    });

    /// <summary>Whoever deletes a policy must not silence the alert on its reviews.</summary>
    [Fact]
    public Task Reviews_that_are_awaited_count_though_their_policy_is_gone() => With((world, replica) =>
    {
        world.Server.Put(Sample.Grant());
        world.Server.Put(Sample.Grant(s => s with { Policy = "made-up" }, "inc-0"));
        world.Advance(Sample.Duration + TimeSpan.FromSeconds(30));
        Gauge(replica, "reviews_pending", "payments-oncall").Should().Be(1);
        world.Server.Delete<BreakGlassPolicy>("payments-oncall");
        world.Advance(TimeSpan.FromSeconds(2));
        world.Policy().Should().BeNull();
        Gauge(replica, "reviews_pending", "payments-oncall").Should().Be(1);
        world.Advance(TimeSpan.FromHours(25));
        (Gauge(replica, "reviews_pending", "payments-oncall"), Gauge(replica, "reviews_overdue", "payments-oncall")).Should().Be((0, 1));
        Gauge(replica, "reviews_pending", "made-up").Should().Be(double.NaN, "there never was such a policy");
    });

    [Fact]
    public Task A_status_whose_answer_was_lost_is_told_of_and_counted_all_the_same() => With((world, replica) =>
    {
        using var counted = new Counted(replica.Engine.Metrics);
        using var fault = world.Server.Faults.Inject(Fault.LostAnswer, "update", "breakglassgrants/status", times: 2);
        world.Server.Put(Sample.Grant());
        world.Advance(TimeSpan.FromSeconds(30));
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
        counted.Sum("activations_total", "policy", "payments-oncall").Should().Be(1);
        world.Events().Should().Contain(e => e.Reason == "GrantRequested").And.Contain(e => e.Reason == "GrantActivated");
    });

    [Fact]
    public Task An_activation_whose_answer_was_lost_with_every_read_after_it_is_told_of_and_counted_once_the_watch_shows_it() => With((world, replica) =>
    {
        using var counted = new Counted(replica.Engine.Metrics);
        using var fault = world.Server.Faults.Inject(Fault.LostAnswer, "update", "breakglassgrants/status", times: null);
        using var reads = world.Server.Faults.Inject(Fault.Unavailable, "get", "breakglassgrants", times: null);
        world.Server.Put(Sample.Grant());
        world.Advance(TimeSpan.FromSeconds(30));
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
        counted.Sum("activations_total", "policy", "payments-oncall").Should().Be(1);
        world.Events().Where(e => e.Reason == "GrantActivated" && e.Regarding!.Kind == nameof(BreakGlassGrant)).Should().ContainSingle();
    });

    [Fact]
    public Task A_phase_that_was_set_by_hand_ends_access_and_leaves_a_trace() => With((world, replica) =>
    {
        world.Server.Put(Sample.Grant());
        world.Settle();
        using var counted = new Counted(replica.Engine.Metrics);
        world.Server.Modify<BreakGlassGrant>("inc-4711", null, g => g with { Status = g.Status with { Phase = GrantPhase.Expired } });
        world.Advance(TimeSpan.FromSeconds(30));
        world.Owned().Should().BeEmpty();
        world.Events().Should().Contain(e => e.Reason == "GrantRevoked" || e.Reason == "GrantFailed");
    });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public Task A_grant_that_opens_since_nobody_decided_in_time_counts_as_a_bypass_and_an_approved_one_does_not(bool bypassed) => With((world, replica) =>
    {
        world.Server.Put(Sample.Policy(
            s => s with { Mode = PolicyMode.JustInTime, Approval = new() { Required = 1, Timeout = "10m",
                Approvers = [new() { Kind = "User", Name = "carol" }] }, EmergencyBypass = new() { Duration = "5m" } }, "asks-first"));
        world.Settle();
        using var counted = new Counted(replica.Engine.Metrics);
        var grant = world.Server.Put(Sample.Grant(s => s with { Policy = "asks-first" }));
        if (!bypassed)
        {
            world.Server.Put(new BreakGlassApproval
            {
                Metadata = new() { Name = "yes" },
                Spec = new() { Grant = "inc-4711", GrantUid = grant.Metadata.Uid, Decision = "Approve", Approver = new() { Username = "carol" } },
            });
        }

        world.Advance(TimeSpan.FromMinutes(10));
        world.Server.List<BreakGlassGrant>().Should().OnlyContain(g => g.Status.ActivatedAt != null);
        counted.Sum("activations_total", "mode", "JustInTime").Should().Be(1);
        counted.Sum("bypasses_total", "policy", "asks-first").Should().Be(bypassed ? 1 : 0);
    });

    private static double Lingering(Replica replica) => Gauge(replica, "lingering_grants");

    private static double Gauge(Replica replica, string name, string? policy = null)
    {
        using var listener = new MeterListener();
        var last = double.NaN;
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter == replica.Engine.Metrics.Meter && instrument.Name == $"breakglass_operator_{name}") l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((_, value, tags, _) =>
        {
            if (policy is null || tags[0].Value is string of && of == policy) last = value;
        });
        listener.Start();
        listener.RecordObservableInstruments();
        return last;
    }

    private static Task With(Action<World, Replica> test) => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        test(world, world.Start());
    });
}
