using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text.Json;
using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using BreakGlass.Operator.Guard;
using FluentAssertions;
using Kube.Runtime;
using Simulation;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.Guard;

public sealed class GuardWebhookTests
{
    [Fact]
    public Task An_attempt_is_refused_and_stands_in_the_grant_in_an_event_and_in_the_log() => With((world, guard) =>
    {
        var answer = guard.Ask(GuardHarness.CreateRole(guard.Identity));
        answer.Allowed.Should().BeFalse();
        answer.Code.Should().Be(403);
        answer.Message.Should().Contain("'rbac'").And.Contain("payments-oncall").And.Contain("clusterroles.rbac.authorization.k8s.io mine");
        Residue(world).Should().Equal("refused rbac: create clusterroles.rbac.authorization.k8s.io mine");
        world.Events().Where(e => e.Reason == "PersistenceAttempt")
            .Should().HaveCount(2).And.OnlyContain(e => e.Type == "Warning" && e.Note!.Contains("clusterroles", StringComparison.Ordinal));
        world.Logs.Lines.Should().Contain(l => l.Contains("persistence guard refused", StringComparison.Ordinal));
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active, "an attempt that failed ends nothing");
    });

    [Fact]
    public Task Each_attempt_counts_and_the_same_one_stands_there_once() => With((world, guard) =>
    {
        using var attempts = new Count("persistence_attempts_total");
        for (var i = 0; i < 3; i++) guard.Ask(GuardHarness.CreateRole(guard.Identity));
        attempts.Sum.Should().Be(3);
        world.Advance(ResidueWriter.Between);
        Residue(world).Should().ContainSingle();
    });

    [Fact]
    public Task Attempts_that_differ_are_events_of_their_own() => With((world, guard) =>
    {
        foreach (var name in (string[])["mine", "yours", "mine"]) guard.Ask(GuardHarness.CreateRole(guard.Identity, name));
        world.Events().Where(e => e.Reason == "PersistenceAttempt" && e.Regarding!.Kind == nameof(BreakGlassGrant)).Select(e => e.Note!)
            .Should().HaveCount(2).And.Contain(n => n.Contains(" mine;", StringComparison.Ordinal)).And
            .Contain(n => n.Contains(" yours;", StringComparison.Ordinal));
    });

    [Fact]
    public Task Whoever_hammers_at_it_fills_a_list_that_ends_in_few_writes_and_few_events() => With((world, guard) =>
    {
        var version = long.Parse(world.Grant()!.Metadata.ResourceVersion!, CultureInfo.InvariantCulture);
        for (var i = 0; i < 300; i++) guard.Ask(GuardHarness.CreateRole(guard.Identity, $"mine-{i}")).Allowed.Should().BeFalse();
        world.Advance(ResidueWriter.Between * 2);
        Residue(world).Should().HaveCount(Core.Guard.Residue.MostRefused + 1);
        Residue(world).Should().ContainSingle(
            e => e == $"refused rbac: create clusterroles.rbac.authorization.k8s.io, {300 - Core.Guard.Residue.MostRefused} more");
        world.Events().Count(e => e.Reason == "PersistenceAttempt" && e.Regarding!.Kind == nameof(BreakGlassGrant)).Should().BeLessThan(60);
        (long.Parse(world.Grant()!.Metadata.ResourceVersion!, CultureInfo.InvariantCulture) - version).Should().BeLessThan(300);
    });

    [Fact]
    public Task What_is_allowed_after_any_number_of_refused_attempts_is_on_record_before_it_happens() => With(
        (world, guard) =>
        {
            for (var i = 0; i < 80; i++)
                guard.Ask(GuardHarness.Create(guard.Identity, "", "serviceaccounts", "breakglass-grants", $"mine-{i}")).Allowed.Should().BeFalse();
            using var allowed = new Count("persistence_allowed_total");
            guard.Ask(GuardHarness.CreateRole(guard.Identity)).Allowed.Should().BeTrue();
            Residue(world).Should().Contain("allowed rbac: create clusterroles.rbac.authorization.k8s.io mine");
            allowed.Sum.Should().Be(1);
            world.Logs.Lines.Should().Contain(
                l => l.Contains("may outlive the grant", StringComparison.Ordinal) && l.Contains("clusterroles", StringComparison.Ordinal));
        }, p => p with { AllowPersistence = ["rbac"] });

    [Fact]
    public Task What_is_allowed_and_cannot_be_recorded_does_not_happen() => With(
        (world, guard) =>
        {
            using (world.Server.Faults.Inject(Fault.InternalError, "update", "breakglassgrants/status", times: null))
            {
                AdmissionAnswer? answer = null;
                guard.Begin(GuardHarness.CreateRole(guard.Identity), a => answer = a);
                world.Advance(ResidueWriter.Deadline);
                answer!.Allowed.Should().BeFalse();
                answer.Code.Should().Be(503);
                answer.Message.Should().Contain("could not be recorded").And.Contain("Try again");
            }

            guard.Ask(GuardHarness.CreateRole(guard.Identity)).Allowed.Should().BeTrue();
        }, p => p with { AllowPersistence = ["rbac"] });

    [Fact]
    public Task A_refusal_said_that_it_was_recorded_also_where_it_was_not() => With((_, guard) =>
        guard.Ask(GuardHarness.CreateRole(guard.Identity)).Message.Should().NotContain("recorded").And.Contain("logged and counted"));

    [Fact]
    public Task What_a_policy_allows_passes_and_is_written_down() => With(
        (world, guard) =>
        {
            guard.Ask(GuardHarness.CreateRole(guard.Identity)).Allowed.Should().BeTrue();
            guard.Ask(GuardHarness.Create(guard.Identity, "", "secrets", "payments", "token", """{"type":"kubernetes.io/service-account-token"}""")).Allowed
                .Should().BeFalse();
            guard.Ask(GuardHarness.CreateRole(guard.Identity, "gone") with { Operation = "DELETE" }).Allowed.Should().BeTrue();
            Residue(world).Should().BeEquivalentTo(
                "allowed rbac: create clusterroles.rbac.authorization.k8s.io mine", "refused tokens: create secrets payments/token");
        }, p => p with { AllowPersistence = ["rbac"] });

    [Fact]
    public Task Nobody_else_is_looked_at() => With((world, guard) =>
    {
        foreach (var user in (string[])["alice", "system:serviceaccount:breakglass-system:breakglass-operator", "system:serviceaccount:payments:default", ""])
        {
            guard.Ask(GuardHarness.CreateRole(user)).Allowed.Should().BeTrue();
        }

        guard.Ask(GuardHarness.Create(guard.Identity, "", "configmaps", "payments", "x")).Allowed.Should().BeTrue();
        guard.Ask(new() { Uid = "1" }).Allowed.Should().BeTrue("there is nothing in it to refuse");
        Residue(world).Should().BeEmpty();
    });

    [Fact]
    public Task A_dry_run_is_answered_alike_logged_and_counted_and_leaves_no_trace_in_the_cluster() => With(
        (world, guard) =>
        {
            using var attempts = new Count("persistence_attempts_total");
            using var allowed = new Count("persistence_allowed_total");
            guard.Ask(GuardHarness.Create(guard.Identity, "", "serviceaccounts", "breakglass-grants", "mine") with { DryRun = true }).Allowed
                .Should().BeFalse();
            guard.Ask(GuardHarness.CreateRole(guard.Identity) with { DryRun = true }).Allowed.Should().BeTrue();
            world.Advance(ResidueWriter.Between);
            Residue(world).Should().BeEmpty();
            world.Events().Should().NotContain(e => e.Reason == "PersistenceAttempt");
            attempts.Sum.Should().Be(1);
            allowed.Sum.Should().Be(0, "nothing was made");
            world.Logs.Lines.Count(l => l.Contains("persistence guard", StringComparison.Ordinal) && l.Contains("True", StringComparison.OrdinalIgnoreCase))
                .Should().Be(2);
        }, p => p with { AllowPersistence = ["rbac"] });

    [Theory]
    [InlineData("default")]
    [InlineData("inc-4711-0000000000")]
    [InlineData("other-0000000000")]
    public Task An_identity_of_no_grant_is_refused(string serviceAccount) => With((_, guard) =>
        guard.Ask(GuardHarness.CreateRole(GuardHarness.User(serviceAccount))).Message.Should().Contain("does not belong to a known grant"));

    [Fact]
    public Task A_grant_that_no_cache_shows_yet_is_read_from_the_server() => With((world, guard) =>
    {
        using var hold = world.Server.Watches.HoldBack("breakglassgrants");
        var grant = world.Server.Put(Sample.Grant(name: "inc-new"));
        guard.Ask(GuardHarness.CreateRole(GuardHarness.User(GrantNames.Identity(grant)))).Message.Should().Contain("payments-oncall");
        world.Advance(TimeSpan.FromSeconds(1));
        world.Grant("inc-new")!.Status.Residue.Should().ContainSingle();
    });

    [Fact]
    public Task An_entry_is_added_to_what_stands_there_by_now_and_not_to_what_a_cache_remembers() => With((world, guard) =>
    {
        using (world.Server.Watches.HoldBack("breakglassgrants"))
        {
            world.Server.Modify<BreakGlassGrant>("inc-4711", null, g => g with { Status = g.Status with { Residue = ["refused csr: by another replica"] } });
            guard.Ask(GuardHarness.CreateRole(guard.Identity));
            world.Advance(TimeSpan.FromSeconds(1));
            Residue(world).Should().Equal("refused csr: by another replica", "refused rbac: create clusterroles.rbac.authorization.k8s.io mine");
        }
    });

    [Fact]
    public Task What_cannot_be_written_is_tried_again_and_given_up_with_a_word_in_the_log() => With((world, guard) =>
    {
        using (world.Server.Faults.Inject(Fault.InternalError, "update", "breakglassgrants/status", times: 2))
        {
            guard.Ask(GuardHarness.CreateRole(guard.Identity, "first"));
            world.Advance(TimeSpan.FromSeconds(5));
        }

        Residue(world).Should().ContainSingle().Which.Should().EndWith("first");
        using (world.Server.Faults.Inject(Fault.InternalError, "update", "breakglassgrants/status", times: null))
        {
            guard.Ask(GuardHarness.CreateRole(guard.Identity, "second")).Allowed.Should().BeFalse();
            world.Advance(TimeSpan.FromSeconds(8));
        }

        Residue(world).Should().ContainSingle();
        world.Logs.Lines.Should().Contain(
            l => l.Contains("failed to write status.residue", StringComparison.Ordinal) && l.Contains("second", StringComparison.Ordinal));
        guard.Ask(GuardHarness.CreateRole(guard.Identity, "third"));
        world.Advance(ResidueWriter.Between);
        Residue(world).Should().HaveCount(2, "one that was given up does not stop the next");
    });

    [Fact]
    public Task The_grant_lives_and_ends_with_its_residue() => With((world, guard) =>
    {
        guard.Ask(GuardHarness.CreateRole(guard.Identity));
        world.Advance(TimeSpan.FromMinutes(3));
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Expired);
        Residue(world).Should().ContainSingle();
    });

    [Fact]
    public Task Of_a_secret_nothing_but_its_type_is_ever_told() => With((world, guard) =>
    {
        guard.Ask(GuardHarness.Create(guard.Identity, "", "secrets", "payments", "token",
            """{"type":"kubernetes.io/service-account-token","data":{"token":"c2VjcmV0"},"stringData":{"a":"hunter2"}}"""))
            .Message.Should().NotContain("hunter2");
        guard.Ask(GuardHarness.Create(guard.Identity, "", "secrets", "payments", "odd", """{"type":{"hunter2":1}}""")).Allowed
            .Should().BeTrue("the server will refuse it");
        guard.Ask(GuardHarness.Create(guard.Identity, "", "secrets", "payments", "odd", "[]")).Allowed.Should().BeTrue();
        string[] told = [.. world.Logs.Lines, .. world.Events().Select(e => e.Note ?? ""), .. Residue(world)];
        told.Should().NotContain(t => t.Contains("hunter2", StringComparison.Ordinal) || t.Contains("c2VjcmV0", StringComparison.Ordinal));
    });

    [Fact]
    public Task An_update_of_a_token_that_stands_already_is_refused_whether_or_not_it_names_its_type() => With((_, guard) =>
    {
        var old = JsonDocument.Parse("""{"type":"kubernetes.io/service-account-token"}""").RootElement;
        foreach (var now in (string[])["""{"metadata":{}}""", """{"type":"kubernetes.io/service-account-token"}"""])
        {
            guard.Ask(GuardHarness.Create(guard.Identity, "", "secrets", "payments", "token", now) with { Operation = "UPDATE", OldObject = old }).Message
                .Should().Contain("'tokens'");
        }
    });

    [Fact]
    public Task A_definition_with_a_conversion_webhook_is_refused() => With((_, guard) =>
        guard.Ask(GuardHarness.Create(guard.Identity, "apiextensions.k8s.io", "customresourcedefinitions", null, "things.example.com",
            """{"spec":{"conversion":{"strategy":"Webhook"}}}"""))
            .Message.Should().Contain("'webhooks'"));

    private static IReadOnlyList<string> Residue(World world) => world.Grant()!.Status.Residue;

    /// <summary>What a counter counts for the policy of these tests.</summary>
    private sealed class Count : IDisposable
    {
        private readonly MeterListener _listener = new();
        private long _sum;

        public Count(string name)
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name.EndsWith(name, StringComparison.Ordinal)) listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<long>((_, by, tags, _) => _sum += tags[0].Value is "payments-oncall" ? by : 0);
            _listener.Start();
        }

        public long Sum
        {
            get
            {
                _sum = 0;
                _listener.RecordObservableInstruments();
                return _sum;
            }
        }

        public void Dispose() => _listener.Dispose();
    }

    /// <summary>An active grant, and the guard.</summary>
    private static Task With(Action<World, GuardHarness> test, Func<PolicySpec, PolicySpec>? policy = null) => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy(policy));
        var replica = world.Start();
        world.Server.Put(Sample.Grant());
        world.Settle();
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
        test(world, new GuardHarness(world, replica));
    });
}
