using BreakGlass.Core.Drills;

namespace BreakGlass.Operator.Jobs.Drills;

/// <summary>Has the grant of a run approved, by the drill approver or by people.</summary>
/// <param name="tools">What runs share.</param>
/// <param name="drill">The drill.</param>
/// <param name="grant">The grant of the run.</param>
/// <param name="approver">Approves the grants of silent drills.</param>
internal sealed class DrillApproval(DrillTools tools, BreakGlassDrill drill, RunGrant grant, DrillIdentity approver)
{
    /// <summary>Waits for the approval, and gives it if the drill is silent.</summary>
    public async Task<DrillAnswer> ApproveAsync(CancellationToken cancellationToken)
    {
        if (tools.Caches.Policy(drill.Spec.Policy)?.Spec.Approval is not { } terms) return DrillAnswer.Skipped("The policy requires no approval.");
        var limit = GoDuration.TryParse(terms.Timeout, out var timeout) ? timeout + Polling.Usual : Polling.Usual;
        var waits = await grant.WaitAsync(
            g => grant.Over ?? (g.Status.Phase is GrantPhase.AwaitingApproval ? DrillAnswer.Passed() : Approved()), Polling.Usual,
            () => DrillAnswer.Failed(DrillReasons.NotApproved, "The grant did not ask for approval in time."), cancellationToken);
        if (waits is not { Result: DrillResult.Passed, Message: null }) return waits;
        if (drill.Spec.Mode is DrillMode.Silent)
        {
            var approval = new BreakGlassApproval
            {
                Metadata = new() { Name = grant.Name },
                Spec = new() { Grant = grant.Name, Decision = ApprovalRules.Approve, Comment = $"Drill {drill.Metadata.Name}: approved by the operator." },
            };
            var mayExist = false;
            var given = await DrillRequest.RepeatAsync(tools.Time, async () =>
            {
                try
                {
                    await (await approver.ClientAsync(cancellationToken)).CreateAsync(approval, cancellationToken);
                }
                catch (Exception e) when (DrillRequest.MayPass(e))
                {
                    mayExist = true;
                    throw;
                }
                catch (KubeApiException e) when (e.IsAlreadyExists && mayExist)
                {
                    // The answer of an earlier attempt was lost. The approver may only create.
                    var query = new ListQuery { FieldSelector = $"metadata.name={grant.Name}" };
                    var found = (await tools.Client.ListAsync<BreakGlassApproval>(query, cancellationToken)).Items;
                    if (!found.Any(f => IsOwn(f.Spec, approval.Spec))) return DrillAnswer.Failed(DrillReasons.ServerError, e.Message);
                }

                return DrillAnswer.Passed();
            }, cancellationToken);
            if (given.Result is DrillResult.Failed) return given;
        }

        return await grant.WaitAsync(_ => grant.Over ?? Approved(), limit,
            () => DrillAnswer.Failed(DrillReasons.NotApproved, "No approver approved the grant in time."), cancellationToken);
    }

    /// <summary>Whether a decision is the one that this run gave, and not another one of its name. Admission stamps who decides, and on which grant.</summary>
    private bool IsOwn(ApprovalSpec found, ApprovalSpec given) => found with { Approver = null, GrantUid = null } == given
        && (found.GrantUid is null || found.GrantUid == grant.Last?.Metadata.Uid)
        && (found.Approver is null || (grant.Last is { } last && DrillRules.IsApproverOf(found.Approver, last)));

    private DrillAnswer? Approved() => grant.Has(GrantConditions.Approved)
        ? DrillAnswer.Passed(grant.Message(GrantConditions.Approved) ?? $"Grant {grant.Name} is approved.") : null;
}
