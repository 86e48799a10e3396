using System.Text.Json.Nodes;
using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Operator.Metrics;
using BreakGlass.Operator.Notifications;
using FluentAssertions;
using Simulation;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.Notifications;

public sealed class NotifierTests
{
    [Fact]
    public async Task What_the_events_tell_is_told_once_to_each_receiver_that_wants_it()
    {
        await using var receiver = await Receiver.StartAsync();
        var clock = new FakeClock();
        using var metrics = new OperatorMetrics(() => new MetricsSnapshot(), "1", [], []);
        using var notifier = new Notifier(new("file", [receiver.Settings(ReceiverType.Webhook, "a"), receiver.Settings(
            ReceiverType.Webhook, "b") with { Events = new HashSet<string> { "RoleChanged" } }]), "test", metrics, clock, new LogBook().CreateLogger("x"));
        var running = notifier.RunAsync(CancellationToken.None);
        var grant = Sample.Grant() with { Status = new() { Phase = GrantPhase.Active, ExpiresAt = clock.GetUtcNow() + TimeSpan.FromMinutes(5) } };
        notifier.Notify(grant, new(false, "GrantRequested", "Request", "not wanted"));
        notifier.Notify(grant, new(false, "GrantActivated", "Activate", "alice has access"));
        for (var i = 0; i < 100; i++) notifier.Notify(grant, new(true, "PersistenceAttempt", "RefuseRbac", "tried again"));

        // The time limit of a delivery that is under way runs on the same clock.
        await receiver.GotAsync(2);
        await clock.WhenTimersArmed(timers => timers is [], "the end of the second delivery");
        clock.Advance(Notifier.Quiet);
        notifier.Notify(grant, new(true, "PersistenceAttempt", "RefuseRbac", "and still tries"));
        notifier.Notify(new BreakGlassLockdown { Metadata = new() { Name = "stop" }, Spec = new() { Reason = "leak", By = new() { Username = "carol" } } },
            new(true, "LockdownEngaged", "Lock", "carol locked down everything"));
        notifier.Complete();
        await running.Soon("the end of a completed notifier");
        var told = receiver.All.Select(received => JsonNode.Parse(received.Body)!).ToList();
        told.Select(n => n["message"]!.GetValue<string>())
            .Should().Equal("alice has access", "tried again", "and still tries", "carol locked down everything");
        told[0]["who"]!.GetValue<string>().Should().Be("alice");
        told[0]["expiresAt"]!.GetValue<string>().Should().Be("2026-11-22T01:07:03Z");
        told[3]["object"]!["kind"]!.GetValue<string>().Should().Be("BreakGlassLockdown");
        told[3]["who"]!.GetValue<string>().Should().Be("carol");
    }

    [Fact]
    public async Task Only_the_receivers_for_drills_are_notified_of_a_drill_and_it_is_known_who_took_it()
    {
        await using var receiver = await Receiver.StartAsync();
        using var metrics = new OperatorMetrics(() => new MetricsSnapshot(), "1", [], []);
        using var notifier = new Notifier(
            new("file", [receiver.Settings(ReceiverType.Webhook, "pager"), receiver.Settings(ReceiverType.Webhook, "drills") with { Drill = true }]),
            "test", metrics, new FakeClock(), new LogBook().CreateLogger("x"));
        var running = notifier.RunAsync(CancellationToken.None);
        notifier.DrillReceivers("GrantRevoked").Should().Equal("drills");
        notifier.Notify(Sample.Grant(name: "drill-weekly-1"), new(false, "GrantActivated", "Activate", "Drill weekly: access works"), "weekly");
        notifier.Complete();
        await running.Soon("the end of a completed notifier");
        var message = JsonNode.Parse(receiver.All.Should().ContainSingle().Subject.Body)!;
        message["drill"]!.GetValue<string>().Should().Be("weekly");
        notifier.HasTaken("drills", "drill-weekly-1", "GrantRevoked").Should().BeTrue();
        notifier.HasTaken("pager", "drill-weekly-1", "GrantRevoked").Should().BeFalse();
    }

    [Fact]
    public async Task A_receiver_for_drills_must_take_all_that_it_gets_in_every_run()
    {
        await using var receiver = await Receiver.StartAsync();
        using var metrics = new OperatorMetrics(() => new MetricsSnapshot(), "1", [], []);
        ReceiverSettings Drills(string name, params string[] events) =>
            receiver.Settings(ReceiverType.Webhook, name) with { Drill = true, Events = events.ToHashSet() };
        using var notifier = new Notifier(
            new("file", [Drills("ends", "GrantRevoked"), Drills("both", "GrantActivated", "GrantRevoked"), Drills("failures", "GrantFailed")]),
            "test", metrics, new FakeClock(), new LogBook().CreateLogger("x"));
        var running = notifier.RunAsync(CancellationToken.None);
        notifier.DrillReceivers("GrantRevoked").Should().Equal("ends", "both");
        var grant = Sample.Grant(name: "drill-weekly-1");
        IEnumerable<string> Taken() =>
            notifier.DrillReceivers("GrantRevoked").Where(name => notifier.HasTaken(name, grant.Metadata.Name, "GrantRevoked"));

        notifier.Notify(grant, new(false, "GrantActivated", "Activate", "Drill weekly: access works"), "weekly");
        await receiver.GotAsync(1);
        Taken().Should().BeEmpty("the end is yet to come");

        notifier.Notify(grant, new(false, "GrantRevoked", "Revoke", "Drill weekly: access is gone"), "weekly");
        notifier.Complete();
        await running.Soon("the end of a completed notifier");
        Taken().Should().Equal("ends", "both");
    }

    [Fact]
    public async Task A_run_that_lets_its_grant_expire_waits_for_the_receivers_of_that_event()
    {
        await using var receiver = await Receiver.StartAsync();
        using var metrics = new OperatorMetrics(() => new MetricsSnapshot(), "1", [], []);
        ReceiverSettings Drills(string name, params string[] events) =>
            receiver.Settings(ReceiverType.Webhook, name) with { Drill = true, Events = events.ToHashSet() };
        using var notifier = new Notifier(
            new("file", [Drills("revoked", "GrantRevoked"), Drills("expired", "GrantExpired"), Drills("both", "GrantRevoked", "GrantExpired")]),
            "test", metrics, new FakeClock(), new LogBook().CreateLogger("x"));
        var running = notifier.RunAsync(CancellationToken.None);
        notifier.DrillReceivers("GrantExpired").Should().Equal("expired", "both");
        notifier.DrillReceivers("GrantRevoked").Should().Equal("revoked", "both");

        notifier.Notify(Sample.Grant(name: "drill-weekly-1"), new(false, "GrantExpired", "Expire", "Drill weekly: access expired"), "weekly");
        notifier.Complete();
        await running.Soon("the end of a completed notifier");
        notifier.HasTaken("expired", "drill-weekly-1", "GrantExpired").Should().BeTrue();
        notifier.HasTaken("both", "drill-weekly-1", "GrantExpired").Should().BeTrue();
        notifier.HasTaken("both", "drill-weekly-1", "GrantRevoked").Should().BeFalse();
    }

    [Fact]
    public async Task After_hundreds_of_runs_it_is_still_known_who_took_the_notifications_of_the_last_one()
    {
        await using var receiver = await Receiver.StartAsync();
        using var metrics = new OperatorMetrics(() => new MetricsSnapshot(), "1", [], []);
        string[] events = ["GrantRequested", "GrantActivated", "GrantRevoked"];
        var settings = receiver.Settings(ReceiverType.Webhook, "drills") with { Drill = true, Events = events.ToHashSet() };
        using var notifier = new Notifier(new("file", [settings]), "test", metrics, new FakeClock(), new LogBook().CreateLogger("x"));
        var running = notifier.RunAsync(CancellationToken.None);

        // A thousand notifications are remembered, and the thousandth is the first one of the last run.
        const int runs = 334;
        for (var i = 0; i < runs; i++)
        {
            foreach (var reason in events) notifier.Notify(Sample.Grant(name: $"drill-weekly-{i}"), new(false, reason, "Drill", $"run {i}"), "weekly");
            if (i % 20 == 0) await receiver.GotAsync((i + 1) * events.Length);
        }

        notifier.Complete();
        await running.Soon("the end of a completed notifier");
        notifier.HasTaken("drills", $"drill-weekly-{runs - 1}", "GrantRevoked").Should().BeTrue();
    }

    [Fact]
    public async Task A_receiver_that_does_not_take_a_notification_about_a_drill_has_not_taken_it()
    {
        await using var receiver = await Receiver.StartAsync();
        receiver.Answers((400, null));
        using var metrics = new OperatorMetrics(() => new MetricsSnapshot(), "1", [], []);
        var settings = receiver.Settings(ReceiverType.Webhook, "ends") with { Drill = true, Events = new HashSet<string> { "GrantRevoked" } };
        using var notifier = new Notifier(new("file", [settings]), "test", metrics, new FakeClock(), new LogBook().CreateLogger("x"));
        var running = notifier.RunAsync(CancellationToken.None);
        notifier.Notify(Sample.Grant(name: "drill-weekly-1"), new(false, "GrantRevoked", "Revoke", "Drill weekly: access is gone"), "weekly");
        notifier.Complete();
        await running.Soon("the end of a completed notifier");
        receiver.All.Should().ContainSingle();
        notifier.HasTaken("ends", "drill-weekly-1", "GrantRevoked").Should().BeFalse();
    }

    [Fact]
    public async Task Approvers_are_notified_of_the_request_of_an_announced_drill_where_they_are_notified_of_others()
    {
        await using var receiver = await Receiver.StartAsync();
        using var metrics = new OperatorMetrics(() => new MetricsSnapshot(), "1", [], []);
        using var notifier = new Notifier(
            new("file",
            [
                receiver.Settings(ReceiverType.Webhook, "approvers", "/approvers") with
                {
                    Events = new HashSet<string> { "GrantRequested", "GrantActivated" },
                },
                receiver.Settings(ReceiverType.Webhook, "pager", "/pager"),
            ]), "test", metrics, new FakeClock(), new LogBook().CreateLogger("x"));
        var running = notifier.RunAsync(CancellationToken.None);
        var (announced, silent) = (Sample.Grant(name: "drill-announced-1"), Sample.Grant(name: "drill-silent-1"));
        notifier.Notify(announced, new(false, "GrantRequested", "Request", "Drill announced: a request"), "announced", isAnnounced: true);
        notifier.Notify(announced, new(false, "GrantActivated", "Activate", "Drill announced: access works"), "announced", isAnnounced: true);
        notifier.Notify(silent, new(false, "GrantRequested", "Request", "Drill silent: a request"), "silent");
        notifier.Complete();
        await running.Soon("the end of a completed notifier");
        var message = receiver.All.Should().ContainSingle().Subject;
        message.Path.Should().Be("/approvers");
        JsonNode.Parse(message.Body)!["message"]!.GetValue<string>().Should().Be("Drill announced: a request");
    }

    [Fact]
    public void Of_a_grant_that_is_gone_only_the_name_is_known()
    {
        var gone = new BreakGlassGrant { Metadata = new() { Name = "inc-1", Uid = "gone" } };
        var notification = Notification.Of(gone, new(true, "OrphanRemoved", "Remove", "removed"), "test", new FakeClock().GetUtcNow());
        notification.Should().Match<Notification>(n => n.Kind == nameof(BreakGlassGrant) && n.Name == "inc-1" && n.Uid == "gone"
            && n.Policy == null && n.Who == null && n.Justification == null && n.Severity == NotificationSeverity.Warning);
    }

    [Fact]
    public async Task Without_receivers_it_is_nothing()
    {
        using var metrics = new OperatorMetrics(() => new MetricsSnapshot(), "1", [], []);
        using var notifier = new Notifier(NotificationSettings.None, "test", metrics, new FakeClock(), new LogBook().CreateLogger("x"));
        notifier.IsNeeded.Should().BeFalse();
        notifier.Notify(Sample.Grant(), new(true, "GrantDenied", "Deny", "no"));
        await notifier.RunAsync(CancellationToken.None).Soon("the end of nothing");
    }
}
