using BreakGlass.Core.Messages;
using BreakGlass.Core.Model;

namespace BreakGlass.Core.Lifecycle;

/// <summary>Keeps an active grant's access as it should be: what was tampered with is put right, namespaces are followed as they come and go.</summary>
internal static class ActiveGrant
{
    private static readonly TimeSpan DeliveryPatience = TimeSpan.FromMinutes(1);

    /// <summary>No cache shows somebody else's binding under one of our names, so that it is looked for whether it still stands in the way.</summary>
    private static readonly TimeSpan ForeignRetry = TimeSpan.FromMinutes(1);

    public static GrantPlan Decide(GrantFacts facts, BreakGlassGrant grant)
    {
        var plan = DecideByWhatIsSeen(facts, grant);
        return plan.Steps.Count == 0 || facts.Findings.Refreshed || plan.Steps.All(s => s.OnlyLooks) ? plan : GrantPlan.Do(new PlanStep.Refresh());
    }

    /// <summary>
    /// What seems to be wrong is acted on only after a look at the server itself: an operator that sees old things, and one that does not, would
    /// put right in turn what the other has done.
    /// </summary>
    private static GrantPlan DecideByWhatIsSeen(GrantFacts facts, BreakGlassGrant grant)
    {
        var desired = DesiredObjects.For(facts, grant);
        if ((desired.Foreign ?? (desired.Open == 0 || grant.Spec.RequireAll is true ? desired.ForeignBinding : null)) is { } foreign)
            return EndedGrant.Decide(facts, grant, ActivatingGrant.ForeignObject(foreign));
        if (desired.Unsafe() is { } ending) return EndedGrant.Decide(facts, grant, ending);
        if (desired.RecordFirst(grant) is { } record) return record;

        var steps = new List<PlanStep>();
        if (!GrantLifecycle.HasFinalizer(grant)) steps.Add(new PlanStep.AddFinalizer());
        steps.AddRange(desired.Mend(desired.Base, isRepair: true));
        steps.AddRange(desired.Mend(desired.Reader, isRepair: true));
        if (GrantLifecycle.HasFinalizer(grant)) steps.AddRange(desired.Mend(desired.Bindings, isRepair: true));
        steps.AddRange(NoLongerWanted(facts, grant, desired));
        if (!desired.Rests(GrantNames.CredentialPlace(grant, facts.Settings))
            && (StaleCredential(facts, desired) ?? GrantCredential.Next(facts, grant, desired)) is { } credential) steps.Add(credential);
        if (steps.Count > 0) return GrantPlan.Do([.. steps]);

        // A record is dropped only when its binding is surely gone: one whose labels were stripped is in no cache.
        var obsolete = desired.Obsolete(grant);
        List<IKubernetesObject<V1ObjectMeta>> unseen = [.. obsolete.Select(GrantNames.Place), .. desired.Unseen];
        if (unseen.Count > 0 && !facts.Findings.Searched) return GrantPlan.Do(new PlanStep.Find(unseen));

        // Also where access is back that was interrupted: that it works is said only once the API server says it.
        var isInterrupted = Conditions.Find(grant.Status.Conditions, GrantConditions.Active)?.Reason == GrantConditions.Interrupted && desired.Open > 0;
        if (isInterrupted && facts.Findings.AccessDenied is null && desired.AccessQuestion(facts, grant) is { } question)
            return GrantPlan.Do(new PlanStep.CheckAccess(question, Waits: false));
        var isDenied = isInterrupted && facts.Findings.AccessDenied is true;

        var records = desired.Records(grant);
        var status = grant.Status with
        {
            Bindings = records,
            CredentialExpiresAt = GrantCredential.End(facts, desired) ?? grant.Status.CredentialExpiresAt,
            CredentialJwe = GrantCredential.Encrypted(facts, grant),
            Gateway = GrantCredential.Gateway(facts, grant, desired),
            Conditions = IdleUse.Observed(GrantStatuses.Access(grant, desired, isDenied, facts.Now), facts, grant),
            Anomalies = UnusualUse.Noted(facts, grant).Status.Anomalies,
        };
        if (!records.SequenceEqual(grant.Status.Bindings) || !status.Conditions.SequenceEqual(grant.Status.Conditions)
            || status.CredentialExpiresAt != grant.Status.CredentialExpiresAt || status.CredentialJwe != grant.Status.CredentialJwe
            || status.Gateway != grant.Status.Gateway || !status.Anomalies.SequenceEqual(grant.Status.Anomalies))
        {
            return GrantPlan.Do(new PlanStep.WriteStatus(status, [.. Events(grant, desired), .. UnusualUse.Events(facts, grant)]));
        }

        var wait = Wait(facts, grant);
        var next = desired.NextTry ?? (desired.ForeignBinding is null ? null : facts.Now + ForeignRetry);
        if (isDenied && !(next < facts.Now + GrantStatuses.DeniedRetry)) next = facts.Now + GrantStatuses.DeniedRetry;
        if (IdleUse.LookAgainAt(facts, grant) is { } idle && !(next < idle)) next = idle;
        return wait.Steps.Count == 0 && next < wait.LookAgainAt ? GrantPlan.Wait(next) : wait;
    }

    /// <summary>A fight is announced once, when the operator stops repairing.</summary>
    private static IEnumerable<GrantEvent> Events(BreakGlassGrant grant, DesiredObjects desired)
    {
        if (desired.Contested.Count == 0) yield break;
        var fight = GrantStatuses.Fights(desired.Contested);
        if (Conditions.Find(grant.Status.Conditions, GrantConditions.Active)?.Message.Contains(fight, StringComparison.Ordinal) is not true)
            yield return new(true, EventReasons.RepairContested, EventActions.Repair, fight);
    }

    private static GrantPlan Wait(GrantFacts facts, BreakGlassGrant grant)
    {
        var due = facts.End!.At;
        var notice = due - GrantLifecycle.ExpiryNotice;
        if (facts.Findings.ExpiryAnnounced || grant.Status.ActivatedAt is not { } activated || notice <= activated) return GrantPlan.Wait(due);
        return facts.Now < notice
            ? GrantPlan.Wait(notice)
            : GrantPlan.Do(new PlanStep.Announce(
                new(false, EventReasons.GrantExpiring, EventActions.Warn, AccessMessages.Expiring(grant, due))));
    }

    /// <summary>
    /// A token of a ServiceAccount that was deleted and made again is dead, and its Secret can never hold another. A Secret that has been there for
    /// a while without a token either lost the mark that it has one, or the run that made it died: it cannot be told, so it is made again.
    /// </summary>
    public static PlanStep? StaleCredential(GrantFacts facts, DesiredObjects desired)
    {
        if (desired.Actual<V1ServiceAccount>() is not { } account || desired.Actual<SecretMetadata>() is not { } secret) return null;
        var stale = secret.AnnotationsOrEmpty.TryGetValue(GrantObjects.DeliveredAnnotation, out var uid)
            ? uid != account.Metadata.Uid
            : facts.Now - secret.Metadata.CreatedAt > DeliveryPatience;
        return stale ? new PlanStep.Remove(secret, Removal.Tampered) : null;
    }

    public static IEnumerable<PlanStep> NoLongerWanted(GrantFacts facts, BreakGlassGrant grant, DesiredObjects desired) =>
        facts.Objects
            .Where(o => OwnedKinds.IsBinding(o) && Ownership.IsOf(grant, o))
            .Where(o => !desired.Wants(o))
            .Select(o => new PlanStep.Remove(o, Removal.NoLongerWanted));
}
