using BreakGlass.Core.Messages;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;

namespace BreakGlass.Core.Lifecycle;

/// <summary>What follows from the results of the steps that write or remove an object, or look for some.</summary>
public sealed partial record GrantRun
{
    /// <summary>The API server's cache learns of our own Role within milliseconds.</summary>
    private const int MostRoleTries = 20;

    private static readonly TimeSpan RoleRetry = TimeSpan.FromMilliseconds(10);

    private RunUpdate AfterCreate(GrantFacts facts, PlanStep.Create create, StepResult result, DateTimeOffset now)
    {
        var o = create.Object;
        switch (result)
        {
            case StepResult.Written written:
                var made = Shown(written.Object).Noting(o, now, h => h.Made(create.IsRepair, now));
                return new(made) { Event = create.IsRepair ? Drifted(o, AccessMessages.Deleted) : null };

            // Ours from a run that died, or somebody else's: the next decision tells them apart.
            case StepResult.Occupied occupied:
                return new(occupied.There is { } there ? With(there) : this);

            // The one who makes a binding must hold what it gives, and the API server's cache does not know our own Role yet.
            case StepResult.NotFound { IsOfRole: true } when GrantNames.IsReader(facts.Grant!, o) && RoleTries < MostRoleTries:
                return new(this with { RoleTries = RoleTries + 1, Wait = RoleRetry });
            case StepResult.NamespaceMissing or StepResult.NamespaceTerminating when o.Metadata.NamespaceProperty == facts.Settings.GrantsNamespace:
                return Knowing(a => a with { Refusal = WithoutNamespace(o, (StepResult.Refusal)result, facts.Settings) });
            case StepResult.Refusal refusal:
                return AfterRefusal(o, refusal, now);
            default:
                return new(this) { BreaksOff = true };
        }
    }

    private RunUpdate AfterRepair(GrantFacts facts, PlanStep.Repair repair, StepResult result, DateTimeOffset now)
    {
        var o = repair.Desired;
        switch (result)
        {
            case StepResult.Written written:
                var repaired = Shown(written.Object).Noting(o, now, h => h.Gives(repair.Drift).Repaired(now) with { With = written.OtherWriter });
                return new(repaired) { Event = facts.Grant!.Status.Phase is GrantPhase.Active ? Drifted(o, AccessMessages.Changed) : null };
            case StepResult.Refusal when result.SaysGone(o):
                return new(Without(o));
            case StepResult.Refusal refusal and not StepResult.Conflict:
                return AfterRefusal(o, refusal, now, repair.Drift);
            default:
                return new(this) { BreaksOff = true };
        }
    }

    private RunUpdate AfterRemove(GrantFacts facts, PlanStep.Remove remove, StepResult result, DateTimeOffset now)
    {
        var o = remove.Object;
        switch (result)
        {
            case StepResult.Kept:
                return new(this);
            case StepResult.Success:
                return AfterRemoval(facts, remove, now);

            // Another object has taken the place; whose it is, is for the next decision.
            case StepResult.Occupied occupied:
                return new(occupied.There is { } there ? With(there) : this);

            // What ends a grant goes on to the other cuts; everything else is tried again.
            case StepResult.Obstructed obstructed:
                var run = Found.Exists(f => GrantObjects.SamePlace(f, obstructed.Object)) ? With(obstructed.Object) : this;
                if (remove.Why is not Removal.Revocation) return new(run) { BreaksOff = true };
                var refusal = obstructed.Why as StepResult.Refusal;
                var obstruction = Obstruction.Of(obstructed.Object, refusal?.Status.Code, refusal?.Status.Message);
                return new(run.Knows(a => a with { Obstructions = [.. a.Obstructions, obstruction] }))
                {
                    NewObstruction = IsRecorded(facts.Grant, obstruction) ? null : obstruction,
                };
            default:
                return new(this) { BreaksOff = true };
        }
    }

    private RunUpdate AfterFind(StepResult.Found found)
    {
        var run = found.Objects.Aggregate(this, (known, o) => known.With(o));
        return new(run.Knows(a => a with { Searched = true, Unread = [.. a.Unread, .. found.Unread] }));
    }

    private RunUpdate AfterRemoval(GrantFacts facts, PlanStep.Remove remove, DateTimeOffset now)
    {
        var (o, gone) = (remove.Object, Without(remove.Object));
        return remove.Why switch
        {
            Removal.Orphan => new(gone)
            {
                Event = new(true, EventReasons.OrphanRemoved, EventActions.Remove, RevocationMessages.OrphanRemoved(o, facts.Name)) { Object = o },
            },
            Removal.Tampered => new(gone.Noting(o, now, h => h.Gives(o is SecretMetadata ? Drift.Marks : Drift.Replace)))
            {
                Event = Drifted(o, AccessMessages.Replaced),
            },
            _ => new(gone),
        };
    }

    private RunUpdate AfterCredential(IKubernetesObject<V1ObjectMeta> secret, StepResult result, DateTimeOffset now) => result switch
    {
        StepResult.Success => new(this),

        // Nothing was sent anywhere; it is tried again like what the API server refuses for a while.
        StepResult.NotReady no => new(Noting(secret, now, h => h.Refused(ServerAnswer.GatewayNotReady(no.Message), now))),
        StepResult.Refusal refusal and not (StepResult.Conflict or StepResult.NotFound or StepResult.NamespaceMissing) => AfterRefusal(secret, refusal, now),
        _ => new(this) { BreaksOff = true },
    };

    /// <summary>Whether a refusal is final, is tried again or is gone past, is for the next decision.</summary>
    private RunUpdate AfterRefusal(IKubernetesObject<V1ObjectMeta> o, StepResult.Refusal refusal, DateTimeOffset now, Drift drift = Drift.None)
    {
        var answer = ServerAnswer.Of(refusal.Code, refusal.Status);
        var isClosed = answer.Reason is FailureReasons.NamespaceTerminating or FailureReasons.NamespaceMissing;
        return new(Noting(o, now, h => h.Gives(drift).Refused(answer, now)))
        {
            Outdated = isClosed && o.Metadata.NamespaceProperty is { } ns ? new V1Namespace { Metadata = new() { Name = ns } } : null,
        };
    }

    /// <summary>Without its namespace the identity is gone, and nothing is kept up that cannot be used.</summary>
    private static Problem WithoutNamespace(IKubernetesObject<V1ObjectMeta> o, StepResult.Refusal refusal, CoreSettings settings) =>
        new(FailureReasons.NamespaceMissing, $"{o.KindName} {o.Key}", EndMessages.WithoutNamespace(settings.GrantsNamespace, refusal.Status.Message));

    private static GrantEvent Drifted(IKubernetesObject<V1ObjectMeta> o, string what) =>
        new(true, EventReasons.DriftRepaired, EventActions.Repair, AccessMessages.Drifted(o, what)) { Object = o, Distinct = $"{o.KindName} {o.Key}" };

    private static bool IsRecorded(BreakGlassGrant? grant, Obstruction obstruction) => grant is not null
        && Conditions.Find(grant.Status.Conditions, GrantConditions.Obstructed)?.Message.Contains(obstruction.ToString(), StringComparison.Ordinal) is true;
}
