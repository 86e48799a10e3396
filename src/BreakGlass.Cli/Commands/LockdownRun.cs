namespace BreakGlass.Cli.Commands;

internal sealed class LockdownRun(CliHost host, KubeClient client, DryRun dryRun, string? format)
{
    public async Task<int> EngageAsync(BreakGlassLockdown lockdown, TimeSpan? wait, CancellationToken cancellationToken)
    {
        if (LockdownRules.Check(lockdown) is { Field: "spec.reason" })
            throw CliException.Usage("--reason is missing: explain why access is locked down, people who lose access will read it.");
        // Not given up halfway: it would not be known whether everything is shut.
        BreakGlassLockdown made;
        try
        {
            made = await dryRun.WriteAsync(client, lockdown, to => to.CreateAsync(lockdown, CancellationToken.None));
        }
        catch (KubeApiException e) when (ManualRevocation.IsCalledFor(e) && dryRun is DryRun.None)
        {
            // The webhook configuration is one that lets no lockdown through: older than this plugin, or changed.
            throw await new ManualRevocation(client).CutAsync("the lockdown cannot be written", await CoveredAsync(lockdown, cancellationToken),
                cancellationToken);
        }

        if (dryRun is DryRun.None && Core.Sealing.Seal.Of(made) is null)
        {
            await host.SayAsync("No replica of the operator answered, so the record of this lockdown does not name its author. It takes effect anyway, "
                + "as soon as the operator runs. Check its pods: kubectl get pods -n breakglass-system");
        }

        if (dryRun is DryRun.None && wait is { } limit) made = await UntilCompleteAsync(made, limit, cancellationToken);
        await ShowAsync(made, $"engaged{dryRun.Suffix()}{(made.Status.Revoked is { } revoked ? $", {revoked} grant(s) revoked" : "")}");
        return ExitCodes.Ok;
    }

    private async Task<IEnumerable<BreakGlassGrant>> CoveredAsync(BreakGlassLockdown lockdown, CancellationToken cancellationToken)
    {
        var policies = (await client.ListAsync<BreakGlassPolicy>(new(), cancellationToken)).Items.ToDictionary(p => p.Metadata.Name);
        return (await client.ListAsync<BreakGlassGrant>(new(), cancellationToken)).Items
            .Where(g => LockdownRules.Covers(lockdown, policies.GetValueOrDefault(g.Spec.Policy)));
    }

    public async Task<int> LiftAsync(string? name, CancellationToken cancellationToken)
    {
        BreakGlassLockdown lockdown;
        if (name is not null)
        {
            lockdown = await client.GetAsync<BreakGlassLockdown>(name, null, cancellationToken);
        }
        else
        {
            var all = (await client.ListAsync<BreakGlassLockdown>(new(), cancellationToken)).Items;
            if (all.Count == 0)
            {
                await host.SayAsync("no lockdown to lift");
                return ExitCodes.Ok;
            }

            lockdown = all.Count == 1 ? all[0] : throw CliException.Usage(
                $"there are {all.Count} lockdowns; name the one to "
                    + $"lift: {string.Join(", ", all.Select(l => $"{l.Metadata.Name} ({LockdownRules.Reason(l)}, by {Callers.Shown(l.Spec.By)})"))}.");
        }

        await dryRun.WriteAsync(client, false,
            from => from.DeleteAsync<BreakGlassLockdown>(lockdown.Metadata.Name, null, new() { Uid = lockdown.Metadata.Uid }, cancellationToken));
        await ShowAsync(lockdown, $"lifted{dryRun.Suffix()}");
        return ExitCodes.Ok;
    }

    private async Task<BreakGlassLockdown> UntilCompleteAsync(BreakGlassLockdown lockdown, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(timeout, host.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var last = lockdown;
        try
        {
            return await Progress.RunAsync(host, $"{lockdown.Metadata.Name}: engaged; ending active access", async report =>
            {
                await foreach (var now in new Follower<BreakGlassLockdown>(client, host.Time).FollowAsync(lockdown, both.Token))
                {
                    last = now;
                    if (Conditions.IsTrue(now.Status.Conditions, LockdownConditions.Complete)) return now;
                    if (Conditions.Find(now.Status.Conditions, LockdownConditions.Complete) is { Message.Length: > 0 } so)
                        report($"{now.Metadata.Name}: {so.Message}");
                }

                throw new CliException(ExitCodes.Error, $"lockdown '{lockdown.Metadata.Name}' was lifted before it was complete, "
                    + "so some access may still exist. The API server's audit log shows who lifted it; list what is left: kubectl breakglass list --live");
            });
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await SayEngagedAsync(last);
            throw;
        }
        catch (OperationCanceledException e) when (limit.IsCancellationRequested)
        {
            throw new CliException(ExitCodes.TimedOut,
                $"lockdown '{lockdown.Metadata.Name}' is engaged, but the end of all access was not verified within {GoDuration.Format(timeout)}. List what "
                    + "is left: kubectl breakglass list --live; check the operator: kubectl get pods -n breakglass-system", e);
        }
    }

    private Task SayEngagedAsync(BreakGlassLockdown lockdown) => host
        .SayAsync($"lockdown '{lockdown.Metadata.Name}' stays engaged; this command no longer waits for the end of all access. Show it: "
            + $"kubectl breakglass get lockdowns {lockdown.Metadata.Name}; to lift it: kubectl breakglass lockdown {lockdown.Metadata.Name} --lift");

    private Task ShowAsync(BreakGlassLockdown lockdown, string words) => format is not null
        ? OutputFormat.WriteAsync(host, format, lockdown)
        : host.Out.WriteLineAsync(
            $"breakglasslockdown.breakglass.dev/{(lockdown.Metadata.Name is { Length: > 0 } name ? name : lockdown.Metadata.GenerateName)} {words}");
}
