using BreakGlass.Core.Model;
using System.Collections.Immutable;

namespace BreakGlass.Core.Lifecycle;

/// <summary>
/// One run of the reconciler over one grant: rounds of a plan and the results of its steps, until there is nothing left to do. It holds what the run came to
/// know beside the caches, and decides what each result means for the next plan. A crash loses it, and the next run finds it out again.
/// </summary>
public sealed partial record GrantRun
{
    /// <summary>A run that knows nothing yet.</summary>
    public static GrantRun Fresh { get; } = new();

    /// <summary>The UID of the grant that the run is about; null as long as there is none.</summary>
    public string? Uid { get; init; }

    /// <summary>What the decisions know of the run.</summary>
    public RunFindings Findings { get; init; } = RunFindings.Fresh;

    /// <summary>Objects read by name that no cache shows.</summary>
    public ImmutableList<IKubernetesObject<V1ObjectMeta>> Found { get; init; } = [];

    /// <summary>When the end of the grant was due, once it is being ended.</summary>
    public DateTimeOffset? DueSince { get; init; }

    /// <summary>How long to wait before the next decision; zero if there is nothing to wait for.</summary>
    public TimeSpan Wait { get; init; }

    /// <summary>Whether the run gives way to others now.</summary>
    public RunPause Pause { get; init; }

    /// <summary>What happened lately to objects of the grant, by place. It outlasts the run.</summary>
    private ImmutableDictionary<string, PlaceHistory> Histories { get; init; } = ImmutableDictionary<string, PlaceHistory>.Empty;

    private int RoleTries { get; init; }

    /// <summary>This run if it is about a grant, else a fresh one: what is known of a grant says nothing about a namesake.</summary>
    /// <param name="uid">The grant's UID; null if there is no grant.</param>
    public GrantRun Of(string? uid) => uid is null || uid == Uid ? this : Uid is null ? this with { Uid = uid } : Fresh with { Uid = uid };

    /// <summary>What was seen, together with what the run knows.</summary>
    public GrantFacts Known(GrantFacts seen) => seen with
    {
        Objects = Found.IsEmpty ? seen.Objects : [.. seen.Objects, .. Found.Where(f => !seen.Objects.Any(o => GrantObjects.SamePlace(o, f)))],
        Histories = [.. Histories.Values.Where(h => !h.IsPast(seen.Now))],
        Findings = Findings,
    };

    /// <summary>What to do next.</summary>
    public GrantPlan Next(GrantFacts facts)
    {
        var known = Known(facts);
        return JournalNotes.Taken(GrantLifecycle.Decide(known), known);
    }

    /// <summary>The run that carries out a plan. Once access is being taken away, the grant ends.</summary>
    public GrantRun Begin(GrantPlan plan) => plan.Ending is { } ending && Findings.Ending is null ? Knows(a => a with { Ending = ending }) : this;

    /// <summary>What follows from the result of a step. The steps of a plan are carried out side by side, so the results come in any order.</summary>
    /// <param name="facts">What the step was decided on.</param>
    /// <param name="step">The step.</param>
    /// <param name="result">What came of it.</param>
    /// <param name="now">When.</param>
    public RunUpdate After(GrantFacts facts, PlanStep step, StepResult result, DateTimeOffset now) => (step, result) switch
    {
        (PlanStep.Create create, _) => AfterCreate(facts, create, result, now),
        (PlanStep.Repair repair, _) => AfterRepair(facts, repair, result, now),
        (PlanStep.Remove remove, _) => AfterRemove(facts, remove, result, now),
        (PlanStep.Reserve reserve, StepResult.Conflict or StepResult.NotFound) => new(this) { Outdated = reserve.Policy },
        (PlanStep.Redeem redeem, StepResult.Conflict or StepResult.NotFound) => new(this) { Outdated = redeem.Authority },
        (PlanStep.DropFinalizer, StepResult.NotFound) => new(this),
        (PlanStep.IssueToken or PlanStep.IssueCertificate, StepResult.Issued issued) => Knowing(a => a with { Token = issued.Token }),
        (PlanStep.IssueToken issue, _) => AfterCredential(issue.Secret, result, now),
        (PlanStep.IssueCertificate issue, _) => AfterCredential(issue.Secret, result, now),
        (PlanStep.Deliver deliver, _) => AfterCredential(deliver.Secret, result, now),

        // A proof is not worth a delay: without the token it rests on the objects that the token is bound to.
        (PlanStep.HoldCredential, _) => Knowing(a => a with { CredentialHeld = true }),
        (PlanStep.CheckAccess, StepResult.Checked check) => Knowing(a => a with { AccessDenied = check.IsDenied }),

        // An operator that may not ask says nothing against the access.
        (PlanStep.CheckAccess, StepResult.Forbidden) => Knowing(a => a with { AccessDenied = false }),
        (PlanStep.Prove, StepResult.Proven proven) => Knowing(a => a with { Proof = proven.Proof }),
        (PlanStep.Prove, StepResult.Refusal or StepResult.NoAnswer) => Knowing(a => a with { ProofFailed = true }),
        (PlanStep.Refresh look, StepResult.Success) =>
            Knowing(a => a with { Refreshed = true, LockdownsRead = a.LockdownsRead || look.WithLockdowns }),
        (PlanStep.ReadSiblings look, StepResult.Success) => Knowing(a => a with { SiblingsAsOf = look.PolicyVersion }),
        (PlanStep.Find, StepResult.Found found) => AfterFind(found),
        (PlanStep.Announce, StepResult.Success) => Knowing(a => a with { ExpiryAnnounced = true }),
        (PlanStep.WriteJournal, StepResult.Success) => Knowing(a => a with { Journaled = true }),

        // The next decision says what access waits for. That the journal is away ends no other step.
        (PlanStep.WriteJournal, StepResult.NoAnswer no) => Knowing(a => a with { JournalProblem = no.Message }),
        (PlanStep.WriteJournal, StepResult.Refusal no) => Knowing(a => a with { JournalProblem = no.Status.Message ?? "" }),
        (PlanStep.LookForLeftovers, StepResult.Listed listed) => Knowing(a => a with { Leftovers = listed.Leftovers }),
        (_, StepResult.Success) => new(this),
        _ => new(this) { BreaksOff = true },
    };

    /// <summary>The run after all steps of a plan were carried out and none of them broke it off.</summary>
    public GrantRun AfterRound(GrantFacts facts, GrantPlan plan)
    {
        var run = this with { Pause = RunPause.None, Wait = TimeSpan.Zero };
        if (plan.Revokes)
        {
            run = run.Knows(a => a with { Cut = true });
            var due = facts.Due?.At <= facts.Now ? facts.Due.At : facts.Now;
            if (facts.Grant is { Status.IsTerminal: false }) run = run with { DueSince = DueSince ?? due };
        }

        // If a cut was refused, the other cuts are made at once.
        if (plan.Cuts) return run.Findings is { Obstructions.Count: 0, Unread.Count: 0 } ? run with { Pause = RunPause.AfterCut } : run;
        return plan.Proves ? run with { Pause = RunPause.AfterProof } : run;
    }

    /// <summary>The run when there is nothing left to do: of a grant that is over, or gone, nothing is remembered.</summary>
    public GrantRun AtRest(GrantFacts facts) => facts.Grant is null || facts.Grant.Status.IsTerminal ? Fresh : this;

    /// <summary>The run after this one: one that paused goes on with all that it knows, any other starts with what outlasts a run. Null for nothing.</summary>
    public GrantRun? Again(DateTimeOffset now)
    {
        if (Pause is not RunPause.None) return this with { Pause = RunPause.None };
        var histories = Histories.RemoveRange(Histories.Where(h => h.Value.IsPast(now)).Select(h => h.Key));
        if (histories.IsEmpty && Findings is { ExpiryAnnounced: false, Ending: null }) return null;
        return new() { Uid = Uid, Histories = histories, Findings = new() { ExpiryAnnounced = Findings.ExpiryAnnounced, Ending = Findings.Ending } };
    }

    private RunUpdate Knowing(Func<RunFindings, RunFindings> change) => new(Knows(change));

    private GrantRun Knows(Func<RunFindings, RunFindings> change) => this with { Findings = change(Findings) };

    /// <summary>A history that is past says nothing about what happens now: the refusals of an hour ago do not count with the one of this minute.</summary>
    private GrantRun Noting(IKubernetesObject<V1ObjectMeta> o, DateTimeOffset now, Func<PlaceHistory, PlaceHistory> change)
    {
        var key = $"{o.KindName} {o.Key}";
        var history = Histories.GetValueOrDefault(key) is { } known && !known.IsPast(now) ? known : new(GrantObjects.StandIn(o, ""));
        return this with { Histories = Histories.SetItem(key, change(history)) };
    }

    /// <summary>Has the next decision see what was written, also if somebody took the label off on the way by which the caches select.</summary>
    private GrantRun Shown(IKubernetesObject<V1ObjectMeta> written) => GrantObjects.IsWatched(written) ? Without(written) : With(written);

    private GrantRun With(IKubernetesObject<V1ObjectMeta> found) => this with { Found = Found.RemoveAll(o => GrantObjects.SamePlace(o, found)).Add(found) };

    private GrantRun Without(IKubernetesObject<V1ObjectMeta> gone) =>
        Found.IsEmpty ? this : this with { Found = Found.RemoveAll(o => GrantObjects.SamePlace(o, gone)) };
}
