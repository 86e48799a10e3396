using BreakGlass.Core.Drills;

namespace BreakGlass.Operator.Jobs.Drills;

/// <summary>Ends the grant of a run, or waits until it expires, and waits for the proof of its end.</summary>
/// <param name="run">The run.</param>
/// <param name="grant">The grant of the run.</param>
/// <param name="requester">Revokes it.</param>
/// <param name="polling">Waits.</param>
/// <param name="time">Clock.</param>
internal sealed class DrillEnding(DrillRun run, RunGrant grant, DrillIdentity requester, Polling polling, TimeProvider time)
{
    /// <summary>How often it is looked whether the grant still lasts.</summary>
    private static readonly TimeSpan Glance = TimeSpan.FromSeconds(5);

    /// <summary>How long the grant still lasts.</summary>
    private TimeSpan Left => grant.Last?.Status.ExpiresAt is { } at ? at - time.GetUtcNow() : TimeSpan.Zero;

    /// <summary>Waits until the grant expires. What ends it earlier fails the run at once.</summary>
    public async Task<DrillAnswer> ExpireAsync(CancellationToken cancellationToken)
    {
        return await polling.UntilAsync(async () =>
        {
            try
            {
                await grant.ReadAsync(cancellationToken);
            }
            catch (KubeApiException e) when (e.IsNotFound)
            {
                return DrillAnswer.Failed(DrillReasons.NotExpired, "The grant did not expire; it was deleted.");
            }

            if (EndedOtherwise() is { } ended) return ended;
            var left = Left;
            if (left > Glance)
            {
                await Task.Delay(Glance, time, cancellationToken);
                return null;
            }

            // To the moment itself: from it on, the time to denial counts.
            if (left > TimeSpan.Zero) await Task.Delay(left, time, cancellationToken);
            return DrillAnswer.Passed("The time of the grant is over.") with { ExpiresAt = grant.Last?.Status.ExpiresAt };
        }, Left + Polling.Usual, () => DrillAnswer.Failed(DrillReasons.NotExpired, "The time of the grant was not over when it was expected."),
            cancellationToken);
    }

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

    /// <summary>Waits until the operator has proven that access is gone, and checks that the grant expired if it was to expire.</summary>
    public Task<DrillAnswer> ProveAsync(CancellationToken cancellationToken) => grant.WaitAsync(
        _ => !grant.Has(GrantConditions.Revoked) ? null
            : (run.End is DrillEnd.Expire ? EndedOtherwise() : null) ?? DrillAnswer.Passed(grant.Message(GrantConditions.Revoked)), Polling.Usual,
        () => DrillAnswer.Failed(DrillReasons.NotProven, grant.Message(GrantConditions.Revoked) ?? "The end of access was not proven in time."),
        cancellationToken);

    /// <summary>That the grant is over and did not expire; null if it lasts or has expired.</summary>
    private DrillAnswer? EndedOtherwise() => grant.Last is { } last && last.Status.IsTerminal && last.Status.EndReason is not EndReason.Expired
        ? DrillAnswer.Failed(DrillReasons.NotExpired, $"The grant did not expire; it ended with the reason {last.Status.EndReason}.") : null;
}
