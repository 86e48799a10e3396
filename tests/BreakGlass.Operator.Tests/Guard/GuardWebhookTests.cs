using System.Diagnostics.Metrics;
using BreakGlass.Core.Api;
using BreakGlass.Core.Guard;
using BreakGlass.Core.Lifecycle;
using FluentAssertions;
using Kube.Model;
using Simulation;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.Guard;

public sealed class GuardWebhookTests
{
    [Fact]
    public Task An_attempt_is_refused_and_stands_in_the_grant_in_an_event_and_in_the_log() => With((world, desk) =>
    {
        var answer = desk.Ask(GuardDesk.CreateRole(desk.Identity));
        answer.Allowed.Should().BeFalse();
        answer.Code.Should().Be(403);
        answer.Message.Should().Contain("'rbac'").And.Contain("payments-oncall").And.Contain("clusterroles.rbac.authorization.k8s.io mine");
        Residue(world).Should().Equal("refused rbac: create clusterroles.rbac.authorization.k8s.io mine");
        world.Events().Where(e => e.Reason == "PersistenceAttempt").Should().HaveCount(2).And.OnlyContain(e => e.Type == "Warning" && e.Note!.Contains("clusterroles", StringComparison.Ordinal));
        world.Logs.Lines.Should().Contain(l => l.Contains("persistence guard refused", StringComparison.Ordinal));
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active, "an attempt that failed ends nothing");
    });

    [Fact]
    public Task Each_attempt_counts_and_the_same_one_stands_there_once() => With((world, desk) =>
    {
        var counted = 0L;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Name.EndsWith("persistence_attempts_total", StringComparison.Ordinal)) l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, by, tags, _) => counted += tags[0].Value is "payments-oncall" ? by : 0);
        listener.Start();
        for (var i = 0; i < 3; i++) desk.Ask(GuardDesk.CreateRole(desk.Identity));
        counted.Should().Be(3);
        Residue(world).Should().ContainSingle();
    });

    [Fact]
    public Task Attempts_that_differ_are_events_of_their_own() => With((world, desk) =>
    {
        foreach (var name in (string[])["mine", "yours", "mine"]) desk.Ask(GuardDesk.CreateRole(desk.Identity, name));
        world.Events().Where(e => e.Reason == "PersistenceAttempt" && e.Regarding!.Kind == nameof(BreakGlassGrant)).Select(e => e.Note!)
            .Should().HaveCount(2).And.Contain(n => n.Contains(" mine;", StringComparison.Ordinal)).And.Contain(n => n.Contains(" yours;", StringComparison.Ordinal));
    });

    [Fact]
    public Task Whoever_hammers_at_it_fills_a_list_that_ends() => With((world, desk) =>
    {
        for (var i = 0; i < 80; i++) desk.Ask(GuardDesk.CreateRole(desk.Identity, $"mine-{i}")).Allowed.Should().BeFalse();
        Residue(world).Should().HaveCount(PersistenceGuard.MostResidue);
    });

    [Fact]
    public Task What_a_policy_allows_passes_and_is_written_down() => With(
        (world, desk) =>
        {
            desk.Ask(GuardDesk.CreateRole(desk.Identity)).Allowed.Should().BeTrue();
            desk.Ask(GuardDesk.Create(desk.Identity, "", "secrets", "payments", "token", """{"type":"kubernetes.io/service-account-token"}""")).Allowed.Should().BeFalse();
            desk.Ask(GuardDesk.CreateRole(desk.Identity, "gone") with { Operation = "DELETE" }).Allowed.Should().BeTrue();
            Residue(world).Should().BeEquivalentTo("allowed rbac: create clusterroles.rbac.authorization.k8s.io mine", "refused tokens: create secrets payments/token");
        }, p => p with { AllowPersistence = ["rbac"] });

    [Fact]
    public Task Nobody_else_is_looked_at() => With((world, desk) =>
    {
        foreach (var user in (string[])["alice", "system:serviceaccount:breakglass-system:breakglass-operator", "system:serviceaccount:payments:default", ""])
        {
            desk.Ask(GuardDesk.CreateRole(user)).Allowed.Should().BeTrue();
        }

        desk.Ask(GuardDesk.Create(desk.Identity, "", "configmaps", "payments", "x")).Allowed.Should().BeTrue();
        desk.Ask(new() { Uid = "1" }).Allowed.Should().BeTrue("there is nothing in it to refuse");
        Residue(world).Should().BeEmpty();
    });

    [Fact]
    public Task A_dry_run_is_answered_alike_and_leaves_no_trace() => With((world, desk) =>
    {
        desk.Ask(GuardDesk.CreateRole(desk.Identity) with { DryRun = true }).Allowed.Should().BeFalse();
        Residue(world).Should().BeEmpty();
        world.Events().Should().NotContain(e => e.Reason == "PersistenceAttempt");
    });

    [Theory]
    [InlineData("default")]
    [InlineData("inc-4711-0000000000")]
    [InlineData("other-0000000000")]
    public Task An_identity_of_no_grant_is_refused(string serviceAccount) => With((_, desk) =>
        desk.Ask(GuardDesk.CreateRole(GuardDesk.User(serviceAccount))).Message.Should().Contain("no grant is known"));

    [Fact]
    public Task A_grant_that_no_cache_shows_yet_is_read_from_the_server() => With((world, desk) =>
    {
        using var hold = world.Server.Watches.HoldBack("breakglassgrants");
        var grant = world.Server.Put(Sample.Grant(name: "inc-new"));
        desk.Ask(GuardDesk.CreateRole(GuardDesk.User(GrantNames.Identity(grant)))).Message.Should().Contain("payments-oncall");
        world.Advance(TimeSpan.FromSeconds(1));
        world.Grant("inc-new")!.Status.Residue.Should().ContainSingle();
    });

    [Fact]
    public Task An_entry_is_added_to_what_stands_there_by_now_and_not_to_what_a_cache_remembers() => With((world, desk) =>
    {
        using (world.Server.Watches.HoldBack("breakglassgrants"))
        {
            world.Server.Modify<BreakGlassGrant>("inc-4711", null, g => g with { Status = g.Status with { Residue = ["refused csr: by another replica"] } });
            desk.Ask(GuardDesk.CreateRole(desk.Identity));
            world.Advance(TimeSpan.FromSeconds(1));
            Residue(world).Should().Equal("refused csr: by another replica", "refused rbac: create clusterroles.rbac.authorization.k8s.io mine");
        }
    });

    [Fact]
    public Task What_cannot_be_written_is_tried_again_and_given_up_with_a_word_in_the_log() => With((world, desk) =>
    {
        using (world.Server.Faults.Inject(Fault.InternalError, "update", "breakglassgrants/status", times: 2))
        {
            desk.Ask(GuardDesk.CreateRole(desk.Identity, "first"));
            world.Advance(TimeSpan.FromSeconds(5));
        }

        Residue(world).Should().ContainSingle().Which.Should().EndWith("first");
        using (world.Server.Faults.Inject(Fault.InternalError, "update", "breakglassgrants/status", times: null))
        {
            desk.Ask(GuardDesk.CreateRole(desk.Identity, "second")).Allowed.Should().BeFalse();
            world.Advance(TimeSpan.FromSeconds(5));
        }

        Residue(world).Should().ContainSingle();
        world.Logs.Lines.Should().Contain(l => l.Contains("could not be written", StringComparison.Ordinal) && l.Contains("second", StringComparison.Ordinal));
        desk.Ask(GuardDesk.CreateRole(desk.Identity, "third"));
        Residue(world).Should().HaveCount(2, "one that was given up does not stop the next");
    });

    [Fact]
    public Task The_grant_lives_and_ends_with_its_residue() => With((world, desk) =>
    {
        desk.Ask(GuardDesk.CreateRole(desk.Identity));
        world.Advance(TimeSpan.FromMinutes(3));
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Expired);
        Residue(world).Should().ContainSingle();
    });

    [Fact]
    public Task Of_a_secret_nothing_but_its_type_is_ever_told() => With((world, desk) =>
    {
        desk.Ask(GuardDesk.Create(desk.Identity, "", "secrets", "payments", "token", """{"type":"kubernetes.io/service-account-token","data":{"token":"c2VjcmV0"},"stringData":{"a":"hunter2"}}"""))
            .Message.Should().NotContain("hunter2");
        desk.Ask(GuardDesk.Create(desk.Identity, "", "secrets", "payments", "odd", """{"type":{"hunter2":1}}""")).Allowed.Should().BeTrue("the server will refuse it");
        desk.Ask(GuardDesk.Create(desk.Identity, "", "secrets", "payments", "odd", "[]")).Allowed.Should().BeTrue();
        string[] told = [.. world.Logs.Lines, .. world.Events().Select(e => e.Note ?? ""), .. Residue(world)];
        told.Should().NotContain(t => t.Contains("hunter2", StringComparison.Ordinal) || t.Contains("c2VjcmV0", StringComparison.Ordinal));
    });

    private static IReadOnlyList<string> Residue(World world) => world.Grant()!.Status.Residue;

    /// <summary>An active grant, and the guard.</summary>
    private static Task With(Action<World, GuardDesk> test, Func<PolicySpec, PolicySpec>? policy = null) => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy(policy));
        var replica = world.Start();
        world.Server.Put(Sample.Grant());
        world.Settle();
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
        test(world, new GuardDesk(world, replica));
    });
}
