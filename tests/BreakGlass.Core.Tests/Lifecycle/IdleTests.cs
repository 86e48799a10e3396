using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Core.Sessions;
using BreakGlass.Core.Tests.Lifecycle.Model;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Lifecycle;

/// <summary>What follows from what is done with a grant: it ends if nobody uses it, and unusual use is reported.</summary>
public sealed class IdleTests
{
    private static readonly CoreSettings Recording = A.Settings with { RecordsSessions = true };

    [Fact]
    public void A_grant_that_nobody_uses_ends_when_an_event_later_than_its_timeout_has_arrived()
    {
        var world = World("10m").RunFor(TimeSpan.FromMinutes(4));
        world.Cluster.LastUse = A.Start.AddMinutes(4);
        world.RunUntil(A.Start.AddMinutes(14).AddMilliseconds(-1)).HasAccess().Should().BeTrue("it was used less than ten minutes ago");
        Conditions.Find(world.Status.Conditions, "Observed")!.Reason.Should().Be("EventsArrive");
        world.RunUntil(A.Start.AddMinutes(14).AddSeconds(1));
        world.Cluster.Objects.Should().BeEmpty();
        world.Status.Should().Match<GrantStatus>(s => s.Phase == GrantPhase.Revoked && s.EndReason == EndReason.Idle);
        world.Status.ExpiresAt.Should().Be(A.Start.AddMinutes(30), "the record is not rewritten");
        Conditions.Find(world.Status.Conditions, "Active")!.Message.Should().Contain("not used for 10m").And.Contain("2026-11-22T01:06:03.000Z");
        world.Events.Should().ContainSingle(e => e.Reason == "GrantRevoked" && e.Text.Contains("(Idle)"));
    }

    [Fact]
    public void A_silent_pipeline_ends_nobodys_access_and_says_so()
    {
        var world = World("5m").RunFor(TimeSpan.FromMinutes(1));
        world.Cluster.LastEvent = world.Now;
        world.RunUntil(A.Start.AddMinutes(29)).HasAccess().Should().BeTrue();
        Conditions.Find(world.Status.Conditions, "Observed").Should().Match<Condition>(c => c.Status == "False" && c.Reason == "NoEvents");
        world.Cluster.LastEvent = null;
        world.RunFor(TimeSpan.FromSeconds(10)).Status.EndReason.Should().Be(EndReason.Idle, "now it is known that nobody used it");
    }

    [Fact]
    public void A_stream_that_is_open_is_in_use()
    {
        var world = World("5m").RunFor(TimeSpan.FromMinutes(1));
        world.ForgeStatus(s => s with { Session = new() { OpenStreams = 1, LastActivityAt = A.Start } });
        world.RunUntil(A.Start.AddMinutes(20)).HasAccess().Should().BeTrue();
        world.ForgeStatus(s => s with { Session = new() { LastActivityAt = A.Start.AddMinutes(20) } });
        world.RunUntil(A.Start.AddMinutes(26)).Status.EndReason.Should().Be(EndReason.Idle);
    }

    [Fact]
    public void Through_the_gateway_a_stream_that_only_stays_open_is_no_use_and_needs_no_audit_events()
    {
        var world = Gateway(RecordingMode.Requests).RunFor(TimeSpan.FromMinutes(1));
        world.HasAccess().Should().BeTrue();
        world.ForgeStatus(s => s with { Session = new() { OpenStreams = 1, LastActivityAt = A.Start.AddMinutes(1) } });
        world.RunUntil(A.Start.AddMinutes(6).AddSeconds(-1)).HasAccess().Should().BeTrue();
        world.RunUntil(A.Start.AddMinutes(6).AddSeconds(2)).Status.EndReason.Should().Be(EndReason.Idle);
    }

    [Fact]
    public void Through_the_gateway_a_shell_that_is_used_stays()
    {
        var world = Gateway(RecordingMode.Requests);
        for (var minute = 1; minute < 20; minute++)
        {
            world.RunUntil(A.Start.AddMinutes(minute));
            world.Cluster.LastUse = A.Start.AddMinutes(minute);
        }

        world.HasAccess().Should().BeTrue();
        world.RunUntil(A.Start.AddMinutes(24).AddSeconds(2)).Status.EndReason.Should().Be(EndReason.Idle);
    }

    [Fact]
    public void A_gateway_that_reports_nothing_ends_nobodys_access()
    {
        var world = Gateway(RecordingMode.Requests).RunFor(TimeSpan.FromMinutes(1));
        world.Cluster.LastEvent = world.Now;
        world.RunUntil(A.Start.AddMinutes(29)).HasAccess().Should().BeTrue();
    }

    private static ModelWorld Gateway(RecordingMode record) =>
        new(A.Policy(s => s with { IdleTimeout = "5m", Session = new() { Path = SessionPath.Gateway, Record = record } }))
        {
            Settings = A.Settings with { HasGateway = true },
        };

    [Fact]
    public void Without_audit_events_no_policy_asks_for_it_and_nothing_is_looked_at()
    {
        var world = new ModelWorld().RunFor(TimeSpan.FromMinutes(1));
        Conditions.Find(world.Status.Conditions, "Observed").Should().BeNull();
        world.RunUntil(A.Start.AddMinutes(30)).Status.EndReason.Should().Be(EndReason.Expired);
    }

    [Fact]
    public void Access_never_lasts_longer_because_of_it_and_ends_only_if_nobody_used_it()
    {
        var ended = 0;
        var lives = from idle in Gen.Choose(1, 12) from gaps in Gen.Choose(10, 900).ListOf() from silence in Gen.Choose(0, 3)
                    from at in Gen.Choose(0, 1500) select (idle, Gaps: gaps.Take(8).ToList(), silence, at);
        Prop.ForAll(lives.ToArbitrary(), life =>
        {
            var (with, without) = (World($"{life.idle}m"), World(null));
            var uses = new List<DateTimeOffset>();
            foreach (var world in new[] { with, without })
            {
                var now = A.Start;
                foreach (var gap in life.Gaps)
                {
                    if (life.silence > 0 && now <= A.Start.AddSeconds(life.at) && now.AddSeconds(gap) > A.Start.AddSeconds(life.at))
                        world.Cluster.LastEvent = world.RunUntil(A.Start.AddSeconds(life.at)).Now;
                    now = now.AddSeconds(gap);
                    world.RunUntil(now);
                    if (life.silence == 1) world.Cluster.LastEvent = null;
                    if (world.Status.IsTerminal) continue;
                    world.Cluster.LastUse = now;
                    if (world == with) uses.Add(now);
                }

                if (A.Start.AddMinutes(31) > now) world.RunUntil(A.Start.AddMinutes(31));
            }

            with.Status.ExpiresAt.Should().Be(without.Status.ExpiresAt);
            with.Status.EndedAt.Should().BeOnOrBefore(without.Status.EndedAt!.Value);
            if (with.Status.EndReason is not EndReason.Idle) return with.Status.EndedAt == without.Status.EndedAt;
            ended++;
            var last = uses.Where(u => u <= with.Status.EndedAt).DefaultIfEmpty(A.Start).Max();
            return with.Status.EndedAt >= last.AddMinutes(life.idle);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(200).WithReplay(4711, 4713));
        ended.Should().BeGreaterThan(20);
    }

    [Fact]
    public void Unusual_use_is_reported_once_for_each_kind_also_after_a_restart()
    {
        var world = World(null).RunFor(TimeSpan.FromMinutes(1));
        world.Cluster.Unusual = [new(AnomalyKind.Denied, 21, 20, [])];
        world.RunFor(TimeSpan.FromSeconds(2));
        world.Crash();
        world.Cluster.Unusual = [new(AnomalyKind.Denied, 50, 20, []), new(AnomalyKind.FirstExec, 1, 0, ["payments/web\u202E"])];
        world.RunFor(TimeSpan.FromMinutes(1));
        world.HasAccess().Should().BeTrue("the policy only reports it");
        world.Status.Anomalies.Should().Equal(AnomalyKind.Denied, AnomalyKind.FirstExec);
        var told = world.Events.Where(e => e.Reason == "AnomalousActivity").ToList();
        told.Select(e => e.Anomaly).Should().Equal(AnomalyKind.Denied, AnomalyKind.FirstExec);
        told.Should().OnlyContain(e => e.Warning && e.Distinct == $"{e.Anomaly}");
        told[0].Text.Should().Contain("21 requests were refused; the policy's limit is 20.").And.Contain("breakglass report inc-4711");
        told[1].Text.Should().Contain(@"payments/web\u{202E}");

        world.RunUntil(A.Start.AddMinutes(31));
        Conditions.Find(world.Status.Conditions, "Reviewed")!.Message.Should().Contain("Unusual use was reported: Denied, FirstExec.");
    }

    [Fact]
    public void Unusual_use_ends_the_grant_if_its_policy_says_so()
    {
        var world = World(null, new() { OnAnomaly = AnomalyHandling.Revoke }).RunFor(TimeSpan.FromMinutes(1));
        world.Cluster.Unusual = [new(AnomalyKind.SecretsRead, 21, 20, [])];
        world.RunFor(TimeSpan.FromSeconds(1));
        world.Cluster.Objects.Should().BeEmpty();
        world.Status.Should().Match<GrantStatus>(s => s.Phase == GrantPhase.Revoked && s.EndReason == EndReason.Anomaly);
        world.Status.Anomalies.Should().Equal(AnomalyKind.SecretsRead);
        world.Events.Select(e => e.Reason).Should().Contain(["GrantRevoked", "AnomalousActivity"]);
        Conditions.Find(world.Status.Conditions, "Active")!.Message.Should().Contain("21 requests read Secrets");
        world.RunFor(TimeSpan.FromMinutes(1));
        world.Events.Where(e => e.Reason == "AnomalousActivity").Should().ContainSingle();
    }

    [Fact]
    public void What_events_say_after_the_end_is_reported_too()
    {
        var world = World(null).RunUntil(A.Start.AddMinutes(31));
        world.Cluster.Unusual = [new(AnomalyKind.LateWorkload, 1, 0, ["pods payments/miner"])];
        world.RunFor(TimeSpan.FromMinutes(1));
        world.Status.Anomalies.Should().Equal(AnomalyKind.LateWorkload);
        world.Status.EndReason.Should().Be(EndReason.Expired);
        world.Events.Should().ContainSingle(e => e.Reason == "AnomalousActivity" && e.Text.Contains("pods payments/miner"));
        Conditions.Find(world.Status.Conditions, "Reviewed")!.Message.Should().Contain("LateWorkload");
    }

    private static ModelWorld World(string? idle, SessionTerms? terms = null) =>
        new(A.Policy(s => s with { IdleTimeout = idle, Session = terms })) { Settings = Recording };
}
