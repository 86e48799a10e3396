namespace BreakGlass.Operator.Jobs;

/// <summary>
/// Ends every grant, for an uninstall. First by the operator, which then also writes down how each ended: <c>spec.revoke</c> is set and the end waited
/// for. Then whatever is left of access is removed, so that an operator that is dead already keeps nobody's access alive.
/// </summary>
internal sealed class Revoker(KubeClient client, CoreSettings settings, SteadyClock time, ILogger logger)
{
    /// <summary>How long the operator has: a token may be taken for 10 s after its end, and the end is on record once that is over.</summary>
    public static readonly TimeSpan OperatorTimeout = TimeSpan.FromSeconds(60);

    public static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly HashSet<string> _refused = [];

    /// <summary>Ends all.</summary>
    /// <returns>How many objects the operator had left and are gone now, how many could not be removed, and how many grants' records are not
    /// complete.</returns>
    public async Task<(int Removed, int Failed, int Open)> RevokeAllAsync(CancellationToken cancellationToken)
    {
        var open = await ByOperatorAsync(cancellationToken);
        var (removed, failed) = await new Reaper(client, settings, time, logger, everything: true).ReapAsync(cancellationToken);
        return (removed, failed, open);
    }

    private async Task<int> ByOperatorAsync(CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        using var timer = new PeriodicTimer(Period, time);
        int open;
        while ((open = await AskAsync(cancellationToken)) > 0 && time.GetElapsedTime(started) < OperatorTimeout)
        {
            await timer.WaitForNextTickAsync(cancellationToken);
        }

        return open;
    }

    /// <summary>Asks for the end of what is not over, and gives how many grants have not ended on record.</summary>
    private async Task<int> AskAsync(CancellationToken cancellationToken)
    {
        try
        {
            var grants = await client.ListAsync<BreakGlassGrant>(new(), cancellationToken);
            var open = grants.Items.Where(g => !g.Status.IsTerminal || g.FinalizersOrEmpty.Contains(BreakGlassApi.RevokeFinalizer)).ToList();
            foreach (var grant in open.Where(g => !g.Status.IsTerminal && g.Spec.Revoke is null)) await AskAsync(grant.Metadata.Name, cancellationToken);
            return open.Count;
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException)
        {
            if (await client.AreUninstalledAsync(e, cancellationToken)) return 0;
            logger.RevokeListFailed(e);
            return 1;
        }
    }

    private async Task AskAsync(string grant, CancellationToken cancellationToken)
    {
        try
        {
            var patch = new JsonObject { ["spec"] = new JsonObject { ["revoke"] = new JsonObject { ["reason"] = "BreakGlass is being uninstalled" } } };
            await client.MergePatchAsync<BreakGlassGrant>(grant, null, patch, cancellationToken);
            logger.RevokeAsked(grant);
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException)
        {
            // Where no webhook answers this fails every time; it is said once.
            if (_refused.Add(grant)) logger.RevokeRefused(grant, e);
        }
    }
}
