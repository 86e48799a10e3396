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

/// <summary><c>drill run --chaos</c> breaks something while a drill runs, and compares what comes with what it expects. The tests are the operator.</summary>
public sealed class ChaosTests : IDisposable
{
    private const string Ns = "breakglass-system";
    private const string GrantName = "drill-weekly-20261122-010203";
    private const string Leader = "breakglass-operator-1";

    private static readonly TimeSpan Limit = Eventually.Limit;

    private readonly PluginHarness _plugin = new();

    public ChaosTests()
    {
        _plugin.Server.Resources.Register(new("", "v1", "Pod", "pods", true));
        foreach (var ns in new[] { Ns, "payments" }) _plugin.Server.CreateNamespace(ns);
        _plugin.Server.Put(A.Drill());
        _plugin.Server.PutJson(new JsonObject
        {
            ["apiVersion"] = "v1", ["kind"] = "Pod", ["metadata"] = new JsonObject { ["name"] = Leader, ["namespace"] = Ns },
        });
        Lead($"{Leader}_0123456789abcdef", 3);
        _plugin.Server.Put(new V1MutatingWebhookConfiguration
        {
            Metadata = new() { Name = "breakglass-operator", Labels = A.Labels(("team", "platform")) },
            Webhooks = [new() { Name = "mutate.breakglass.dev", ClientConfig = To("/mutate-1"), SideEffects = "None", AdmissionReviewVersions = ["v1"] }],
        });
        _plugin.Server.Put(new V1ValidatingWebhookConfiguration
        {
            Metadata = new() { Name = "breakglass-operator" },
            Webhooks = [new() { Name = "validate.breakglass.dev", ClientConfig = To("/validate-1"), SideEffects = "None", AdmissionReviewVersions = ["v1"] }],
        });
        _plugin.Server.Put(new V1MutatingWebhookConfiguration { Metadata = new() { Name = "breakglass-operator-guard" } });
    }

    public void Dispose() => _plugin.Dispose();

    [Fact]
    public async Task It_says_what_it_will_do_and_where_before_it_does_anything()
    {
        _plugin.Input = "weekly\n";
        var run = _plugin.RunAsync("drill", "run", "weekly", "--chaos", "no-webhooks");
        await RequestedAsync();
        _plugin.Error.Should().Contain("drill 'weekly' --chaos no-webhooks on https://api.example.test:6443").And.Contain("staging cluster only")
            .And.Contain("What it does:").And.Contain("- Its grant never becomes active").And.Contain("How to undo it:").And.Contain("Type the drill's name");
        Denied();
        (await run).Should().Be(0, _plugin.Error);
    }

    [Theory]
    [InlineData("kill-leader", "", 2, "--yes")]
    [InlineData("no-webhooks", "", 2, "--yes")]
    [InlineData("no-webhooks", "yes\n", 3, "'yes' is not the name of the drill")]
    [InlineData("journal-storage", "", 2, "--yes")]
    [InlineData("clock", "", 2, "--yes")]
    public async Task Without_a_confirmation_nothing_is_touched(string variant, string input, int code, string words)
    {
        _plugin.Input = input;
        (await _plugin.RunAsync("drill", "run", "weekly", "--chaos", variant)).Should().Be(code);
        _plugin.Error.Should().Contain(words).And.Contain("Nothing was changed");
        _plugin.Server.Requests.Writes.Should().BeEmpty();
    }

    [Theory]
    [InlineData("drill run weekly --yes", 2, "--yes requires --chaos")]
    [InlineData("drill run weekly --chaos fire --yes", 2, "fire")]
    [InlineData("drill run other --chaos clock --yes", 4, "other")]
    [InlineData("drill run weekly --chaos kill-leader --yes --operator-namespace elsewhere", 4, "Lease elsewhere/breakglass-operator does not exist")]
    public async Task A_wrong_command_line_is_explained_and_nothing_is_touched(string words, int code, string error)
    {
        (await _plugin.RunAsync(words.Split(' '))).Should().Be(code);
        _plugin.Error.Should().Contain(error);
        _plugin.Server.Requests.Writes.Should().BeEmpty();
    }

    [Theory]
    [InlineData("kill-leader")]
    [InlineData("no-webhooks")]
    [InlineData("clock")]
    public async Task A_run_that_goes_on_is_left_alone(string variant)
    {
        Set(Run(DrillResult.Running, "Approval"));
        (await _plugin.RunAsync("drill", "run", "weekly", "--chaos", variant, "--yes")).Should().Be(3);
        _plugin.Error.Should().Contain("has not ended").And.Contain("Nothing was changed");
        Request().Should().BeNull();
        (Mutating(), Pod()).Should().NotBe((null, null));
    }

    [Theory]
    [InlineData("kill-leader", "pods", "delete pods in namespace breakglass-system")]
    [InlineData("kill-leader", "leases", "get leases.coordination.k8s.io in namespace breakglass-system")]
    [InlineData("no-webhooks", "validatingwebhookconfigurations", "delete validatingwebhookconfigurations.admissionregistration.k8s.io")]
    [InlineData("clock", "clusterrolebindings", "list clusterrolebindings.rbac.authorization.k8s.io")]
    public async Task A_right_that_is_missing_is_named_before_anything_is_touched(string variant, string missing, string words)
    {
        string[] all =
        [
            "pods", "leases", "mutatingwebhookconfigurations", "validatingwebhookconfigurations", "rolebindings", "clusterrolebindings", "breakglassdrills",
            "breakglassgrants", "breakglasspolicies",
        ];
        _plugin.Server.Put(new V1ClusterRole
        {
            Metadata = new() { Name = "staging" },
            Rules = [new() { ApiGroups = ["*"], Resources = [.. all.Where(r => r != missing)], Verbs = ["*"] }],
        });
        _plugin.Server.Put(new V1ClusterRoleBinding
        {
            Metadata = new() { Name = "staging" }, RoleRef = new() { Kind = "ClusterRole", Name = "staging" },
            Subjects = [new() { Kind = "User", ApiGroup = V1Role.KubeGroup, Name = "alice" }],
        });
        _plugin.User = new("alice");
        (await _plugin.RunAsync("drill", "run", "weekly", "--chaos", variant, "--yes")).Should().Be(3, _plugin.Error);
        _plugin.Error.Should().Contain(words).And.Contain("Nothing was changed").And.NotContain("breakglassgrants");
        _plugin.Server.Requests.Writes.Should().BeEmpty();
    }

    [Theory]
    [InlineData("kill-leader")]
    [InlineData("no-webhooks")]
    [InlineData("journal-storage")]
    public async Task Rights_on_the_objects_that_it_uses_are_enough(string variant)
    {
        _plugin.Server.Put(A.Policy());
        LimitAlice("weekly", "breakglass-operator", "payments-oncall");
        _plugin.Input = "\n";
        var run = _plugin.RunAsync("drill", "run", "weekly", "--chaos", variant, "--yes");
        await RequestedAsync();
        Denied();
        (await run).Should().NotBe(3, _plugin.Error);
    }

    [Theory]
    [InlineData("kill-leader", "get leases.coordination.k8s.io in namespace breakglass-system (name breakglass-operator)")]
    [InlineData("no-webhooks", "delete mutatingwebhookconfigurations.admissionregistration.k8s.io (name breakglass-operator)")]
    [InlineData("journal-storage", "get breakglasspolicies.breakglass.dev (name payments-oncall)")]
    public async Task A_right_on_other_objects_only_is_missing_and_the_object_is_named(string variant, string words)
    {
        LimitAlice("weekly", "another");
        (await _plugin.RunAsync("drill", "run", "weekly", "--chaos", variant, "--yes")).Should().Be(3, _plugin.Error);
        _plugin.Error.Should().Contain(words).And.Contain("Nothing was changed").And.NotContain("(name weekly)");
        _plugin.Server.Requests.Writes.Should().BeEmpty();
    }

    [Fact]
    public async Task Kill_leader_deletes_the_leaders_pod_while_access_is_open_and_passes_if_the_next_one_ends_everything()
    {
        var run = await KillAsync();
        Lead("breakglass-operator-2_fedcba9876543210", 4);
        await StepAsync(run);
        Set(Failed("Interrupted", "Hold"));
        Revoked();
        (await EndAsync(run)).Should().Be(0, _plugin.Error);
        Answers().Should().Equal("yes", "yes", "yes", "yes");
        _plugin.Out.Should().Contain("breakglass-operator-2_fedcba9876543210 after").And.Contain("(Interrupted)")
            .And.MatchRegex("access was open for [0-9.]+s after");
        _plugin.Error.Should().Contain($"Deleted Pod {Ns}/{Leader}");
    }

    [Fact]
    public async Task Kill_leader_takes_a_replacement_with_the_same_identity_for_the_next_leader()
    {
        var run = await KillAsync();
        Lead($"{Leader}_0123456789abcdef", 4);
        Set(Failed("Interrupted", "Hold"));
        Revoked();
        (await EndAsync(run)).Should().Be(0, _plugin.Error);
    }

    [Theory]
    [InlineData("no leader", "no yes yes yes", "still holds the Lease")]
    [InlineData("not interrupted", "yes no yes yes", "the run passed")]
    [InlineData("not revoked", "yes yes no no", "access is still open; phase Active")]
    [InlineData("not proven", "yes yes no yes", "the end is not proven")]
    public async Task Kill_leader_fails_if_an_expectation_is_not_met_in_time(string what, string answers, string words)
    {
        var run = await KillAsync();
        if (what != "no leader") Lead("breakglass-operator-2_fedcba9876543210", 4);
        Set(what == "not interrupted" ? Run(DrillResult.Passed, "Hold") : Failed("Interrupted", "Hold"));
        if (what != "not revoked") Revoked(isProven: what != "not proven");
        (await EndAsync(run)).Should().Be(1, _plugin.Error);
        Answers().Should().Equal(answers.Split(' '));
        _plugin.Out.Should().Contain(words);
    }

    [Fact]
    public async Task Kill_leader_deletes_nothing_if_the_run_does_not_come_so_far()
    {
        var run = _plugin.RunAsync("drill", "run", "weekly", "--chaos", "kill-leader", "--yes");
        await RequestedAsync();
        Set(Failed("NotActive", "Access"));
        (await run).Should().Be(1);
        _plugin.Error.Should().Contain("nothing was deleted");
        Pod().Should().NotBeNull();
    }

    [Theory]
    [InlineData("denied", 0, "yes yes yes yes")]
    [InlineData("active", 1, "no no yes yes")]
    [InlineData("binding left", 1, "yes yes no yes")]
    public async Task No_webhooks_takes_both_configurations_away_for_one_run_and_puts_them_back(string what, int code, string answers)
    {
        var before = (Mutating()!, Validating()!);
        var run = _plugin.RunAsync("drill", "run", "weekly", "--chaos", "no-webhooks", "--yes");
        await RequestedAsync();
        (Mutating(), Validating()).Should().Be((null, null));
        _plugin.Server.Get<V1MutatingWebhookConfiguration>("breakglass-operator-guard").Should().NotBeNull();
        Files().Should().ContainSingle();

        if (what == "active")
        {
            PutGrant(GrantPhase.Revoked, GrantPhase.Active, GrantPhase.Revoked);
            Set(Run(DrillResult.Passed, "Use"));
        }
        else
        {
            if (what == "binding left") PutBinding();
            Denied();
        }

        (await run).Should().Be(code, _plugin.Error);
        Answers().Should().Equal(answers.Split(' '));
        AreBack(before);
        Files().Should().BeEmpty();
        _plugin.Error.Should().Contain("exist again").And.Contain("kubectl breakglass drill run weekly");
    }

    [Fact]
    public async Task No_webhooks_puts_them_back_if_the_run_does_not_end_in_time()
    {
        var before = (Mutating()!, Validating()!);
        var run = _plugin.RunAsync("drill", "run", "weekly", "--chaos", "no-webhooks", "--yes", "--timeout", "10s");
        await RequestedAsync();
        await _plugin.Server.Watches.WhenOpen("breakglassdrills").WaitAsync(Limit, TimeProvider.System); // the limit was set before
        _plugin.Clock.Advance(TimeSpan.FromSeconds(10));
        (await run).Should().Be(5);
        _plugin.Error.Should().Contain("did not end within 10s");
        AreBack(before);
    }

    [Fact]
    public async Task No_webhooks_puts_them_back_after_Ctrl_C()
    {
        var before = (Mutating()!, Validating()!);
        using var interrupt = new CancellationTokenSource();
        var run = _plugin.RunAsync(interrupt.Token, "drill", "run", "weekly", "--chaos", "no-webhooks", "--yes");
        await RequestedAsync();
        await interrupt.CancelAsync();
        (await run).Should().Be(130);
        AreBack(before);
        Files().Should().BeEmpty();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task No_webhooks_puts_them_back_although_it_is_interrupted_again_meanwhile(bool hasRunEnded)
    {
        var before = (Mutating()!, Validating()!);
        var slow = TimeSpan.FromSeconds(7);
        _plugin.Server.Faults.Inject(Fault.Latency(slow), "create", "mutatingwebhookconfigurations");
        var run = _plugin.RunAsync(_plugin.Interruptions.Stop, "drill", "run", "weekly", "--chaos", "no-webhooks", "--yes");
        await RequestedAsync();
        if (hasRunEnded) Denied();
        else _plugin.Interruptions.Take().Should().BeTrue();
        await _plugin.Clock.WhenTimerArmed(slow).WaitAsync(Limit, TimeProvider.System);

        for (var i = 0; i < 3; i++) _plugin.Interruptions.Take().Should().BeTrue("the process goes on");
        await HurriedAsync();
        await Eventually.Holds(() => Said() > 0, () => Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System), "the sentence about the interruption");
        _plugin.Clock.Advance(slow);

        (await run).Should().Be(130, _plugin.Error);
        AreBack(before);
        Files().Should().BeEmpty();
        Said().Should().Be(1, "it is said once");
        _plugin.Interruptions.Take().Should().BeFalse("nothing is left to put back");

        int Said() => _plugin.Error.Split("first it puts the webhook configurations back").Length - 1;
    }

    [Fact]
    public async Task No_webhooks_gives_up_some_time_after_a_second_interruption_and_says_how_to_put_them_back()
    {
        _plugin.Server.Faults.Inject(Fault.Hang, "create", "mutatingwebhookconfigurations", times: null);
        var run = _plugin.RunAsync(_plugin.Interruptions.Stop, "drill", "run", "weekly", "--chaos", "no-webhooks", "--yes");
        await RequestedAsync();
        _plugin.Interruptions.Take().Should().BeTrue();
        await _plugin.Server.Until(() => Validating() is not null, "the other configuration").WaitAsync(Limit, TimeProvider.System);
        _plugin.Interruptions.Take().Should().BeTrue();
        await HurriedAsync();
        _plugin.Clock.Advance(TimeSpan.FromSeconds(10));

        (await run).Should().Be(130, _plugin.Error);
        Mutating().Should().BeNull();
        var file = Files().Should().ContainSingle().Subject;
        _plugin.Error.Should().Contain("could not be created again").And.Contain($"kubectl apply -f {file}");
    }

    [Fact]
    public async Task No_webhooks_puts_them_back_although_the_terminal_is_gone()
    {
        var before = (Mutating()!, Validating()!);
        var run = _plugin.RunAsync(_plugin.Interruptions.Stop, "drill", "run", "weekly", "--chaos", "no-webhooks", "--yes");
        await RequestedAsync();
        _plugin.IsTerminalGone = true;
        _plugin.Interruptions.Take().Should().BeTrue();
        (await run).Should().Be(130);
        AreBack(before);
    }

    [Fact]
    public async Task No_webhooks_puts_the_first_back_if_the_second_cannot_be_deleted()
    {
        var before = (Mutating()!, Validating()!);
        _plugin.Server.Faults.Inject(Fault.Forbidden, "delete", "validatingwebhookconfigurations");
        (await _plugin.RunAsync("drill", "run", "weekly", "--chaos", "no-webhooks", "--yes")).Should().Be(3);
        AreBack(before);
        Files().Should().BeEmpty();
    }

    [Fact]
    public async Task No_webhooks_keeps_the_file_if_a_delete_had_no_answer_and_may_come_late()
    {
        _plugin.Server.Faults.Inject(Fault.DroppedBeforeWrite, "delete", "validatingwebhookconfigurations");
        (await _plugin.RunAsync("drill", "run", "weekly", "--chaos", "no-webhooks", "--yes")).Should().NotBe(0);
        Request().Should().BeNull();
        Mutating().Should().NotBeNull();
        var file = Files().Should().ContainSingle().Subject;
        _plugin.Error.Should().Contain("may still be carried out").And.Contain($"kubectl apply -f {file}");
    }

    [Fact]
    public async Task No_webhooks_deletes_no_configuration_that_was_changed_since_it_was_saved()
    {
        _plugin.Server.Faults.Inject(Fault.Conflict, "delete", "mutatingwebhookconfigurations");
        var before = (Mutating()!, Validating()!);
        (await _plugin.RunAsync("drill", "run", "weekly", "--chaos", "no-webhooks", "--yes")).Should().NotBe(0);
        AreBack(before);
        Request().Should().BeNull();
    }

    [Fact]
    public async Task No_webhooks_takes_a_lost_answer_for_no_failure_when_it_puts_them_back()
    {
        var before = (Mutating()!, Validating()!);
        _plugin.Server.Faults.Inject(Fault.LostAnswer, "create", "mutatingwebhookconfigurations");
        var run = _plugin.RunAsync("drill", "run", "weekly", "--chaos", "no-webhooks", "--yes");
        await RequestedAsync();
        Denied();
        (await EndAsync(run)).Should().Be(0, _plugin.Error);
        AreBack(before);
    }

    [Fact]
    public async Task No_webhooks_names_the_file_and_the_command_if_one_cannot_be_put_back()
    {
        _plugin.Server.Faults.Inject(Fault.Forbidden, "create", "mutatingwebhookconfigurations", times: null);
        var run = _plugin.RunAsync("drill", "run", "weekly", "--chaos", "no-webhooks", "--yes");
        await RequestedAsync();
        Denied();
        (await run).Should().Be(1);
        Answers().Should().Equal("yes", "yes", "yes", "no");
        Validating().Should().NotBeNull("the other one is put back");

        var file = Files().Should().ContainSingle().Subject;
        _plugin.Error.Should().Contain("could not be created again").And.Contain($"kubectl apply -f {file}");
        File.GetUnixFileMode(file).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var items = (JsonArray)JsonNode.Parse(await File.ReadAllTextAsync(file))!["items"]!;
        items.Select(i => (string?)i!["kind"]).Should().Equal("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration");
        foreach (var item in items)
        {
            var metadata = (JsonObject)item!["metadata"]!;
            metadata.Select(m => m.Key).Should().NotContain(["uid", "resourceVersion", "creationTimestamp", "generation", "managedFields"]);
        }

        items[0]!["webhooks"]![0]!["clientConfig"]!["service"]!["path"]!.GetValue<string>().Should().Be("/mutate-1");
    }

    [Fact]
    public async Task No_webhooks_needs_webhooks()
    {
        _plugin.Server.Remove<V1MutatingWebhookConfiguration>("breakglass-operator");
        _plugin.Server.Remove<V1ValidatingWebhookConfiguration>("breakglass-operator");
        (await _plugin.RunAsync("drill", "run", "weekly", "--chaos", "no-webhooks", "--yes")).Should().Be(4);
        _plugin.Error.Should().Contain("do not exist").And.Contain("kubectl apply -f");
        Request().Should().BeNull();
    }

    [Theory]
    [InlineData("journal-storage", "Required", "denied", 0)]
    [InlineData("journal-storage", "Required", "only Journal", 1)]
    [InlineData("journal-storage", "BestEffort", "only Journal", 0)]
    [InlineData("journal-storage", "BestEffort", "denied", 1)]
    [InlineData("journal-storage", "", "denied", 0)]
    [InlineData("journal-storage", "", "only Journal", 0)]
    [InlineData("journal-storage", "", "passed", 1)]
    [InlineData("journal-storage", "", "Journal and Events", 1)]
    [InlineData("clock", "", "denied", 0)]
    [InlineData("clock", "", "passed", 0)]
    [InlineData("clock", "", "only Journal", 1)]
    public async Task What_a_person_breaks_by_hand_is_judged_by_the_run_after_that(string variant, string journal, string what, int code)
    {
        _plugin.Server.Put(A.Policy(s => s with { Journal = journal.Length == 0 ? null : Enum.Parse<JournalMode>(journal) }));
        _plugin.Input = "\n";
        var run = _plugin.RunAsync("drill", "run", "weekly", "--chaos", variant, "--yes");
        await RequestedAsync();
        if (what == "denied")
        {
            Denied();
        }
        else
        {
            PutGrant(GrantPhase.Revoked, GrantPhase.Active, GrantPhase.Revoked);
            var failed = what switch { "only Journal" => ["Journal"], "Journal and Events" => new[] { "Journal", "Events" }, _ => [] };
            var ended = failed.Length == 0 ? Run(DrillResult.Passed, "Use", "Journal") : Failed("NotInJournal", failed);
            Set(ended with { Phases = [Phase("Use", DrillResult.Passed), .. ended.Phases.Where(p => p.Name != "Use")] });
        }

        (await run).Should().Be(code, $"{_plugin.Out}{_plugin.Error}");
        Answers().Should().Equal(code == 0 ? "yes" : "no", "yes");
        _plugin.Error.Should().Contain("Then press Enter").And.Contain("To undo it:");
    }

    [Theory]
    [InlineData("journal-storage")]
    [InlineData("clock")]
    public async Task What_a_person_breaks_by_hand_needs_the_person(string variant)
    {
        (await _plugin.RunAsync("drill", "run", "weekly", "--chaos", variant, "--yes")).Should().Be(2);
        _plugin.Error.Should().Contain("No run was requested");
        _plugin.Server.Requests.Writes.Should().BeEmpty();
    }

    /// <summary>Gives Alice the rights for all variants, as far as possible only on the objects with these names.</summary>
    private void LimitAlice(params string[] names)
    {
        _plugin.Server.Put(new V1ClusterRole
        {
            Metadata = new() { Name = "staging" },
            Rules =
            [
                new()
                {
                    ApiGroups = ["*"], Verbs = ["get", "patch", "delete"], ResourceNames = names,
                    Resources = ["breakglassdrills", "breakglasspolicies", "leases", "mutatingwebhookconfigurations", "validatingwebhookconfigurations"],
                },
                new() { ApiGroups = ["*"], Verbs = ["create"], Resources = ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"] },
                new() { ApiGroups = ["*"], Verbs = ["list", "watch"], Resources = ["breakglassdrills", "rolebindings", "clusterrolebindings"] },
                new() { ApiGroups = ["*"], Verbs = ["get"], Resources = ["breakglassgrants"] },
                new() { ApiGroups = ["*"], Verbs = ["delete"], Resources = ["pods"] },
            ],
        });
        _plugin.Server.Put(new V1ClusterRoleBinding
        {
            Metadata = new() { Name = "staging" }, RoleRef = new() { Kind = "ClusterRole", Name = "staging" },
            Subjects = [new() { Kind = "User", ApiGroup = V1Role.KubeGroup, Name = "alice" }],
        });
        _plugin.User = new("alice");
    }

    /// <summary>Completes when the time to put the configurations back was shortened from 30 s to 10 s.</summary>
    private Task HurriedAsync() => _plugin.Clock.WhenTimersArmed(timers => !timers.Contains(TimeSpan.FromSeconds(30)), "a shorter time to put them back")
        .WaitAsync(Limit, TimeProvider.System);

    /// <summary>Starts the test and lets the run come so far that access is open; comes back when the leader's Pod is gone.</summary>
    private async Task<Task<int>> KillAsync()
    {
        var run = _plugin.RunAsync("drill", "run", "weekly", "--chaos", "kill-leader", "--yes");
        await RequestedAsync();
        Request().Should().EndWith(" hold=1m");
        PutGrant(GrantPhase.Active, GrantPhase.Active);
        PutBinding();
        Pod().Should().NotBeNull();
        Set(Run(DrillResult.Running, "Use") with { Phases = [Phase("Use", DrillResult.Passed), Phase("Hold", DrillResult.Running)] });
        await _plugin.Server.Until(() => Pod() is null, "the end of the leader's Pod").WaitAsync(Limit, TimeProvider.System);
        return run;
    }

    private async Task<int> EndAsync(Task<int> run)
    {
        while (!run.IsCompleted) await StepAsync(run);
        return await run;
    }

    /// <summary>Lets the command look once more, unless it is over.</summary>
    private async Task StepAsync(Task run)
    {
        var armed = _plugin.Clock.WhenTimerArmed(TimeSpan.FromSeconds(1));
        await Task.WhenAny(run, armed).WaitAsync(Limit, TimeProvider.System);
        if (armed.IsCompleted) _plugin.Clock.Advance(TimeSpan.FromSeconds(1));
    }

    private Task RequestedAsync() => _plugin.Server.Until(() => Request() is not null, "a request for a run").WaitAsync(Limit, TimeProvider.System);

    private string? Request() =>
        _plugin.Server.Get<BreakGlassDrill>("weekly")!.AnnotationsOrEmpty.GetValueOrDefault(BreakGlassApi.RunDrillAnnotation);

    private void Set(DrillRun run) => _plugin.Server.Modify<BreakGlassDrill>("weekly", null, d => d with
    {
        Status = d.Status with { LastRequest = Request(), Runs = [run] },
    });

    private void Lead(string holder, int transitions) => _plugin.Server.Put(new V1Lease
    {
        Metadata = new() { Name = "breakglass-operator", NamespaceProperty = Ns },
        Spec = new() { HolderIdentity = holder, LeaseTransitions = transitions, LeaseDurationSeconds = 15 },
    });

    private void Denied()
    {
        PutGrant(GrantPhase.Denied, GrantPhase.Denied);
        Set(Failed("GrantDenied", "Access"));
    }

    private void Revoked(bool isProven = true)
    {
        _plugin.Server.Remove<V1RoleBinding>(GrantName, "payments");
        PutGrant(GrantPhase.Revoked, GrantPhase.Active, GrantPhase.Revoked);
        if (!isProven) return;
        _plugin.SetStatus(GrantName, g => g.Status with
        {
            Conditions = [new() { Type = "Revoked", Status = "True", Reason = "Proven", Message = "Access is gone." }],
        });
    }

    private void PutGrant(GrantPhase phase, params GrantPhase[] transitions) => _plugin.Server.Put(A.DrillGrant(name: GrantName) with
    {
        Status = new() { Phase = phase, Transitions = [.. transitions.Select(t => new TransitionRecord { To = t, At = A.Start })] },
    });

    private void PutBinding() => _plugin.Server.Put(new V1RoleBinding
    {
        Metadata = new() { Name = GrantName, NamespaceProperty = "payments", Labels = A.Labels((BreakGlassApi.GrantLabel, GrantName)) },
        RoleRef = new() { Kind = "ClusterRole", Name = "edit" },
    });

    private JsonObject? Pod() => _plugin.Server.GetJson("", "v1", "pods", Leader, Ns);

    private V1MutatingWebhookConfiguration? Mutating() => _plugin.Server.Get<V1MutatingWebhookConfiguration>("breakglass-operator");

    private V1ValidatingWebhookConfiguration? Validating() => _plugin.Server.Get<V1ValidatingWebhookConfiguration>("breakglass-operator");

    private void AreBack((V1MutatingWebhookConfiguration Mutating, V1ValidatingWebhookConfiguration Validating) before)
    {
        Mutating()!.Webhooks.Should().BeEquivalentTo(before.Mutating.Webhooks);
        Mutating()!.LabelsOrEmpty.Should().Equal(before.Mutating.LabelsOrEmpty);
        Validating()!.Webhooks.Should().BeEquivalentTo(before.Validating.Webhooks);
    }

    private string[] Files() => Directory.GetFiles(_plugin.Directory, "breakglass-webhooks-*.json");

    /// <summary>Whether each expectation was met.</summary>
    private IEnumerable<string> Answers() => _plugin.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => line.Split(' ')[0]);

    private static Admissionregistrationv1WebhookClientConfig To(string path) =>
        new() { Service = new() { Name = "breakglass-operator-webhook", NamespaceProperty = Ns, Path = path } };

    private static DrillRun Failed(string reason, params string[] phases) => Run(DrillResult.Failed, phases) with
    {
        Reason = reason, Failures = [$"{phases[0]}: it failed."],
    };

    private static DrillPhase Phase(string name, DrillResult result) => new() { Name = name, StartedAt = A.Start, Result = result };

    private static DrillRun Run(DrillResult result, params string[] phases) => new()
    {
        Id = "20261122-010203", StartedAt = A.Start, Trigger = DrillTrigger.Manual, Result = result, Grant = GrantName, Policy = "payments-oncall",
        Phases = [.. phases.Select(p => Phase(p, result))], FinishedAt = result is DrillResult.Running ? null : A.Start.AddMinutes(1),
    };
}
