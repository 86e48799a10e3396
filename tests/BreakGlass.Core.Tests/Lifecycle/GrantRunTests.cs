using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Lifecycle;

/// <summary>What the result of a step means for the next decision.</summary>
public sealed class GrantRunTests
{
    private static readonly V1RoleBinding Binding = new()
    {
        Metadata = new() { Name = "b", NamespaceProperty = "payments", Uid = "1", Labels = A.Labels((BreakGlassApi.GrantLabel, "inc-4711")) },
        Subjects = [Bound.User("alice")],
    };

    private static readonly V1ServiceAccount Account = new() { Metadata = new() { Name = "inc-4711", NamespaceProperty = Ns, Uid = "2" } };

    private static readonly SecretMetadata Secret = new() { Metadata = new() { Name = "inc-4711", NamespaceProperty = Ns, Uid = "3" } };

    private static string Ns => A.Settings.GrantsNamespace;

    private static readonly StepResult NoAnswer = new StepResult.NoAnswer("no answer in time");

    private readonly GrantFacts _facts = new GrantFacts
    {
        Now = A.Start, Settings = A.Settings, Name = "inc-4711", Grant = A.Grant(), Policy = A.Policy(), Cluster = AView.Usual(),
    }.JudgedBy(Core.Sealing.SealCheck.Trusting);

    private GrantRun _run = GrantRun.Fresh.Of(A.Grant().Metadata.Uid);

    [Theory]
    [InlineData(403, null, "NamespaceTerminating", typeof(StepResult.NamespaceTerminating))]
    [InlineData(403, null, null, typeof(StepResult.Forbidden))]
    [InlineData(404, "namespaces", null, typeof(StepResult.NamespaceMissing))]
    [InlineData(404, "rolebindings", null, typeof(StepResult.NotFound))]
    [InlineData(409, null, null, typeof(StepResult.Conflict))]
    [InlineData(422, null, null, typeof(StepResult.Invalid))]
    [InlineData(429, null, null, typeof(StepResult.Unavailable))]
    [InlineData(500, null, null, typeof(StepResult.Unavailable))]
    [InlineData(504, null, null, typeof(StepResult.Unavailable))]
    [InlineData(400, null, null, typeof(StepResult.Refused))]
    [InlineData(401, null, null, typeof(StepResult.Refused))]
    public void Every_answer_of_the_API_server_has_one_name(int code, string? kind, string? cause, Type name) =>
        Refusal(code, kind, cause).Should().BeOfType(name);

    /// <summary>
    /// A step that is refused by somebody else than the API server is tried again. Nothing is taken for gone, replaced or taken by somebody else.
    /// </summary>
    [Theory]
    [InlineData(404)]
    [InlineData(409)]
    public void An_answer_of_a_proxy_says_nothing_about_an_object(int code)
    {
        var bare = StepResult.Of(code, new() { Code = code, Message = "404 page not found" });
        bare.Should().BeOfType<StepResult.Unavailable>();
        bare.SaysGone(Binding).Should().BeFalse();
        After(new PlanStep.DropFinalizer(), bare).BreaksOff.Should().BeTrue("the finalizer is there as long as nobody else says so");
        After(new PlanStep.Repair(Binding, "1"), bare).BreaksOff.Should().BeFalse();
        Known.Histories.Should().ContainSingle(h => h.Rests(A.Start), "the repair is tried again");
    }

    [Theory]
    [InlineData(403, "Forbidden")]
    [InlineData(409, "ServerBusy")]
    [InlineData(422, "Invalid")]
    [InlineData(500, "ServerError")]
    public void What_the_API_server_refuses_to_create_rests_and_the_run_goes_on(int code, string reason)
    {
        After(new PlanStep.Create(Binding, IsRepair: false), Refusal(code)).BreaksOff.Should().BeFalse();
        Known.Histories.Should().ContainSingle(h => h.Answer!.Reason == reason && h.Rests(A.Start));
        Known.Histories.Single().Place.Should().BeOfType<V1RoleBinding>().Which.SubjectsOrEmpty.Should().BeEmpty("nothing is kept of an object but its place");
    }

    [Fact]
    public void A_step_of_which_no_answer_came_is_tried_again_in_another_run()
    {
        PlanStep[] steps =
        [
            new PlanStep.WriteStatus(new()), new PlanStep.Reserve(A.Policy(), new()), new PlanStep.AddFinalizer(), new PlanStep.DropFinalizer(),
            new PlanStep.Refresh(), new PlanStep.ReadSiblings(["other"], "1"), new PlanStep.Create(Binding, false), new PlanStep.Repair(Binding, "1"),
            new PlanStep.IssueToken(Account, Secret, TimeSpan.FromMinutes(10)), new PlanStep.Deliver(Secret, "2"),
            new PlanStep.CheckAccess(new(), Waits: false), new PlanStep.LookForLeftovers(), new PlanStep.DeleteGrant(),
        ];
        foreach (var step in steps)
        {
            After(step, NoAnswer).BreaksOff.Should().BeTrue($"{step}");
            _run.Should().Be(GrantRun.Fresh.Of(_facts.Grant!.Metadata.Uid), $"nothing is known of {step}");
        }
    }

    [Fact]
    public void A_proof_that_fails_is_remembered_and_what_is_left_is_tidied_up()
    {
        After(new PlanStep.Prove([], []), NoAnswer).BreaksOff.Should().BeFalse();
        _run.Findings.ProofFailed.Should().BeTrue();
        After(new PlanStep.Prove([], []), Refusal(500)).BreaksOff.Should().BeFalse();
    }

    [Fact]
    public void The_death_of_a_credential_waits_for_no_second_look_at_it()
    {
        After(new PlanStep.HoldCredential(Secret), NoAnswer).BreaksOff.Should().BeFalse();
        _run.Findings.CredentialHeld.Should().BeTrue();
    }

    [Fact]
    public void An_operator_that_may_not_ask_says_nothing_against_the_access()
    {
        After(new PlanStep.CheckAccess(new(), Waits: true), Refusal(403)).BreaksOff.Should().BeFalse();
        _run.Findings.AccessDenied.Should().BeFalse();
        After(new PlanStep.CheckAccess(new(), Waits: true), Refusal(500)).BreaksOff.Should().BeTrue();
    }

    [Fact]
    public void A_place_that_another_one_took_is_decided_on_the_policy_as_it_is()
    {
        foreach (var code in new[] { 404, 409 })
        {
            After(new PlanStep.Reserve(_facts.Policy!, new()), Refusal(code))
                .Should().Match<RunUpdate>(a => !a.BreaksOff && ReferenceEquals(a.Outdated, _facts.Policy));
        }
    }

    [Theory]
    [InlineData(403, true)]
    [InlineData(500, true)]
    [InlineData(404, false)]
    [InlineData(409, false)]
    public void A_credential_that_is_refused_rests_and_one_that_somebody_changed_is_looked_at_again(int code, bool rests)
    {
        foreach (var step in new PlanStep[] { new PlanStep.IssueToken(Account, Secret, TimeSpan.FromMinutes(10)), new PlanStep.Deliver(Secret, "2") })
        {
            After(step, Refusal(code)).BreaksOff.Should().Be(!rests);
            Known.Histories.Count.Should().Be(rests ? 1 : 0);
        }
    }

    [Theory]
    [InlineData(Removal.Revocation, false)]
    [InlineData(Removal.NoLongerWanted, true)]
    [InlineData(Removal.Tampered, true)]
    [InlineData(Removal.Orphan, true)]
    public void A_removal_that_is_refused_holds_up_no_other_cut_of_the_grant_and_breaks_off_everything_else(Removal why, bool breaksOff)
    {
        var emptied = Binding with { Subjects = [] };
        After(new PlanStep.Remove(Binding, why), new StepResult.Obstructed(emptied, Refusal(403))).BreaksOff.Should().Be(breaksOff);
        _run.Findings.Obstructions.Should().HaveCount(breaksOff ? 0 : 1);
        if (!breaksOff) _run.Findings.Obstructions.Single().Should().Match<Obstruction>(o => o.Uid == "1" && o.Emptied);
    }

    [Fact]
    public void An_obstruction_that_the_record_names_already_is_not_new()
    {
        var step = new PlanStep.Remove(Binding, Removal.Revocation);
        var result = new StepResult.Obstructed(Binding, Refusal(403));
        var obstruction = After(step, result).NewObstruction;
        obstruction.Should().NotBeNull();
        var condition = new Condition { Type = GrantConditions.Obstructed, Status = "True", Message = $"Not removed: {obstruction}." };
        var told = A.Grant() with { Status = new() { Conditions = [condition] } };
        _run.After(_facts with { Grant = told }, step, result, A.Start).NewObstruction.Should().BeNull();
    }

    [Fact]
    public void What_stands_in_the_place_of_an_object_is_seen_by_the_next_decision()
    {
        var other = Binding with { Metadata = Binding.Metadata with { Uid = "9", Labels = A.Labels() } };
        After(new PlanStep.Create(Binding, IsRepair: false), new StepResult.Occupied(other));
        Known.Objects.Should().Equal(other);
        After(new PlanStep.Remove(other, Removal.Revocation), new StepResult.Done());
        Known.Objects.Should().BeEmpty();
        After(new PlanStep.Remove(Binding, Removal.Revocation), new StepResult.Occupied(other));
        Known.Objects.Should().Equal(other);
    }

    [Fact]
    public void What_lost_its_label_on_the_way_is_seen_though_no_cache_shows_it()
    {
        var stripped = Binding with { Metadata = Binding.Metadata with { Labels = A.Labels() } };
        After(new PlanStep.Create(Binding, IsRepair: false), new StepResult.Written(stripped));
        Known.Objects.Should().Equal(stripped);
        After(new PlanStep.Repair(Binding, "1"), new StepResult.Written(Binding));
        Known.Objects.Should().BeEmpty("the caches show it");
    }

    [Fact]
    public void A_binding_that_cannot_be_repaired_because_its_role_is_gone_is_not_taken_for_gone()
    {
        After(new PlanStep.Repair(Binding, "1"), Refusal(404, "clusterroles")).BreaksOff.Should().BeFalse();
        Known.Histories.Should().ContainSingle(h => h.Answer!.Reason == "RoleNotFound" && h.GaveOther);
        _run = GrantRun.Fresh;
        After(new PlanStep.Repair(Binding, "1"), Refusal(404, "rolebindings")).BreaksOff.Should().BeFalse();
        Known.Histories.Should().BeEmpty();
    }

    [Fact]
    public void The_readers_Role_that_is_gone_when_it_is_to_be_repaired_is_made_again_and_is_nobodys_missing_role()
    {
        var role = new V1Role { Metadata = new() { Name = GrantNames.Reader(_facts.Grant!), NamespaceProperty = Ns, Uid = "4" } };
        After(new PlanStep.Repair(role, "4"), Refusal(404, "roles")).BreaksOff.Should().BeFalse();
        Known.Histories.Should().BeEmpty();
    }

    [Fact]
    public void The_API_server_gets_twenty_moments_to_know_our_own_Role()
    {
        var binding = new V1RoleBinding { Metadata = new() { Name = GrantNames.Reader(_facts.Grant!), NamespaceProperty = A.Settings.GrantsNamespace } };
        var reader = new PlanStep.Create(binding, IsRepair: false);
        for (var i = 0; i < 20; i++)
        {
            After(reader, Refusal(404, "roles")).Run.Wait.Should().Be(TimeSpan.FromMilliseconds(10));
            Known.Histories.Should().BeEmpty();
        }

        After(reader, Refusal(404, "roles"));
        Known.Histories.Should().ContainSingle(h => h.Answer!.Reason == "RoleNotFound");
    }

    [Fact]
    public void Without_the_namespace_of_the_identities_the_grant_cannot_be_made_and_another_namespace_only_closes_a_place()
    {
        foreach (var refusal in new[] { Refusal(404, "namespaces"), Refusal(403, cause: "NamespaceTerminating") })
        {
            _run = GrantRun.Fresh;
            After(new PlanStep.Create(Account, IsRepair: false), refusal).Outdated.Should().BeNull();
            _run.Findings.Refusal!.Message.Should().Contain("kubectl apply -k config/rbac");

            _run = GrantRun.Fresh;
            var outdated = After(new PlanStep.Create(Binding, IsRepair: false), refusal).Outdated;
            outdated.Should().BeOfType<V1Namespace>().Which.Metadata.Name.Should().Be("payments");
            _run.Findings.Refusal.Should().BeNull();
        }
    }

    [Fact]
    public void A_repair_is_told_once_it_is_done_and_of_an_active_grant_only()
    {
        var note = After(new PlanStep.Create(Binding, IsRepair: true), new StepResult.Written(Binding)).Event!;
        note.Text.Should().Be("RoleBinding payments/b was deleted; the operator created it again. Find out who did it.");
        After(new PlanStep.Create(Binding, IsRepair: false), new StepResult.Written(Binding)).Event.Should().BeNull();
        After(new PlanStep.Repair(Binding, "1"), new StepResult.Written(Binding)).Event.Should().BeNull("the grant is being opened");
        After(new PlanStep.Remove(Binding, Removal.Orphan), new StepResult.Done()).Event!.Reason.Should().Be(EventReasons.OrphanRemoved);
        After(new PlanStep.Remove(Binding, Removal.Orphan), new StepResult.Kept()).Event.Should().BeNull();
    }

    [Fact]
    public void A_run_gives_way_after_a_cut_and_goes_on_with_all_that_it_knows()
    {
        After(new PlanStep.Refresh(), new StepResult.Done());
        var cut = new GrantPlan { Steps = [new PlanStep.Remove(Binding, Removal.Revocation)], Cuts = true };
        After(cut.Steps[0], new StepResult.Done());
        _run = _run.AfterRound(_facts, cut);
        _run.Pause.Should().Be(RunPause.AfterCut);
        var next = _run.Again(A.Start)!;
        next.Pause.Should().Be(RunPause.None);
        next.Findings.Should().Match<RunFindings>(a => a.Cut && a.Refreshed);
        next.DueSince.Should().Be(A.Start);
    }

    [Fact]
    public void A_run_gives_way_to_nobody_while_a_cut_is_refused_or_a_place_cannot_be_read()
    {
        var cut = new GrantPlan { Steps = [new PlanStep.Remove(Binding, Removal.Revocation), new PlanStep.Find([Account])], Cuts = true };
        After(cut.Steps[0], new StepResult.Obstructed(Binding, Refusal(500)));
        _run.AfterRound(_facts, cut).Should().Match<GrantRun>(r => r.Pause == RunPause.None && r.Findings.Cut);

        _run = GrantRun.Fresh;
        After(cut.Steps[1], new StepResult.Found([], [Account]));
        _run.AfterRound(_facts, cut).Should().Match<GrantRun>(r => r.Pause == RunPause.None && r.Findings.Unread.Count == 1);
    }

    [Fact]
    public void A_run_gives_way_after_the_proof() =>
        _run.AfterRound(_facts, new() { Steps = [new PlanStep.WriteStatus(new())], Proves = true }).Pause.Should().Be(RunPause.AfterProof);

    /// <summary>Taken for a cut of the grant's own access, it would keep the run from looking for bindings that lost their labels.</summary>
    [Fact]
    public void The_removal_of_a_namesakes_leftovers_is_not_taken_for_a_cut_of_the_grant()
    {
        var orphans = new GrantPlan { Steps = [new PlanStep.Remove(Binding, Removal.Orphan)], Cuts = true };
        _run.AfterRound(_facts, orphans).Should().Match<GrantRun>(r => !r.Findings.Cut && r.DueSince == null && r.Pause == RunPause.AfterCut);
    }

    [Fact]
    public void A_run_that_came_to_its_end_leaves_refusals_and_announcements_to_the_next_and_nothing_else()
    {
        _run.Again(A.Start).Should().BeNull("there is nothing to remember");
        After(new PlanStep.Refresh(), new StepResult.Done());
        After(new PlanStep.Announce(new(false, "GrantExpiring", "Warn", "It ends.")), new StepResult.Done());
        After(new PlanStep.Create(Binding, IsRepair: false), Refusal(403));
        _run = _run.Again(A.Start)!;
        _run.Findings.Should().Match<RunFindings>(a => a.ExpiryAnnounced && !a.Refreshed);
        Known.Histories.Should().ContainSingle();
    }

    /// <summary>A paused run that met a namesake would take that grant for one that was cut, or proven, already.</summary>
    [Fact]
    public void What_is_known_of_a_grant_says_nothing_about_a_namesake()
    {
        After(new PlanStep.Prove([], []), new StepResult.Proven(new(AccessGone: true, TokenDead: true, Elsewhere: [])));
        After(new PlanStep.Create(Binding, IsRepair: false), Refusal(403));
        _run = _run.AfterRound(_facts, new() { Steps = [new PlanStep.WriteStatus(new())], Proves = true }).Again(A.Start)!;
        _run.Of(null).Findings.Proof.Should().NotBeNull("the grant is only out of sight");
        _run.Of("another").Should().Be(GrantRun.Fresh.Of("another"));
    }

    private GrantFacts Known => _run.Known(_facts);

    private RunUpdate After(PlanStep step, StepResult result)
    {
        var after = _run.After(_facts, step, result, A.Start);
        _run = after.Run;
        return after;
    }

    private static StepResult.Refusal Refusal(int code, string? kind = null, string? cause = null) =>
        StepResult.Of(code,
            new() { Code = code, Message = "no", Reason = "No", Details = new() { Kind = kind, Causes = cause is null ? [] : [new() { Reason = cause }] } });
}
