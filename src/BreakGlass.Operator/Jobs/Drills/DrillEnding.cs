using BreakGlass.Core.Drills;

namespace BreakGlass.Operator.Jobs.Drills;

/// <summary>Ends the grant of a run, and waits for the proof of its end.</summary>
/// <param name="grant">The grant of the run.</param>
/// <param name="requester">Revokes it.</param>
/// <param name="polling">Waits.</param>
internal sealed class DrillEnding(RunGrant grant, DrillIdentity requester, Polling polling)
{
    /// <summary>Revokes the grant.</summary>
    public async Task<DrillAnswer> RevokeAsync(CancellationToken cancellationToken)
    {
        var patch = new JsonObject { ["spec"] = new JsonObject { ["revoke"] = new JsonObject { ["reason"] = "The drill has used the access." } } };
        var last = "";
        return await polling.UntilAsync(async () =>
        {
            try
            {
                var client = await requester.ClientAsync(cancellationToken);
                grant.Last = await client.MergePatchAsync<BreakGlassGrant>(grant.Name, null, patch, cancellationToken);
                return DrillAnswer.Passed("spec.revoke was set.");
            }
            catch (KubeApiException e) when (e.IsNotFound)
            {
                return DrillAnswer.Passed("There is no grant.");
            }
            catch (Exception e) when (Polling.IsOutage(e))
            {
                last = e.Message;
                return null;
            }
        }, Polling.Usual, () => DrillAnswer.Failed(DrillReasons.NotRevoked, last), cancellationToken);
    }

    /// <summary>Waits until the operator has proven that access is gone.</summary>
    public Task<DrillAnswer> ProveAsync(CancellationToken cancellationToken) => grant.WaitAsync(
        _ => grant.Has(GrantConditions.Revoked) ? DrillAnswer.Passed(grant.Message(GrantConditions.Revoked)) : null, Polling.Usual,
        () => DrillAnswer.Failed(DrillReasons.NotProven, grant.Message(GrantConditions.Revoked) ?? "The end of access was not proven in time."),
        cancellationToken);
}
