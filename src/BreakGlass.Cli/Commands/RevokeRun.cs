namespace BreakGlass.Cli.Commands;

internal sealed class RevokeRun(CliHost host, KubeClient client, string? reason, string? by, DryRun dryRun, string? format)
{
    /// <summary>Revokes all grants before it waits for any; one failure does not delay the others.</summary>
    public async Task<int> RunAsync(IReadOnlyList<string> names, TimeSpan? wait, CancellationToken cancellationToken)
    {
        var code = ExitCodes.Ok;
        var ended = new List<(BreakGlassGrant Grant, string Words)>();
        async Task TryAsync(string name, Func<Task> step)
        {
            try
            {
                await step();
            }
            catch (Exception e) when (names.Count > 1 && Errors.Describe(e) is not null)
            {
                (code, var text) = Errors.Describe(e)!.Value;
                await host.SayAsync($"error: {name}: {text}");
            }
        }

        foreach (var name in names) await TryAsync(name, async () => ended.Add(await RevokeAsync(name, cancellationToken)));
        var shown = new List<BreakGlassGrant>();
        foreach (var (grant, words) in ended)
        {
            await TryAsync(grant.Metadata.Name, async () =>
            {
                var over = wait is { } limit && dryRun is DryRun.None ? await UntilOverAsync(grant, limit, cancellationToken) : grant;
                shown.Add(over);
                if (format is null)
                    await host.Out.WriteLineAsync($"{OutputFormat.NameOf(over)} {(words.Length > 0 ? words : wait is null ? "will be revoked" : "revoked")}");
            });
        }

        if (format is not null && names.Count == 1) await OutputFormat.WriteAsync(host, format, shown[0]);
        else if (format is not null) await OutputFormat.WriteListAsync(host, format, shown);
        return code;
    }

    /// <summary>Gives the grant, and what is to be said of it where that is not that it was revoked.</summary>
    private async Task<(BreakGlassGrant Grant, string Words)> RevokeAsync(string name, CancellationToken cancellationToken)
    {
        var grant = await client.GetAsync<BreakGlassGrant>(name, null, cancellationToken);
        if (dryRun is not DryRun.None && !grant.Status.IsTerminal)
        {
            var unsent = grant with { Spec = grant.Spec with { Revoke = new() { Reason = reason } } };
            return (await dryRun.WriteAsync(client, unsent, to => GrantRequester.RevokeAsync(to, name, reason, by, cancellationToken)),
                $"revoked{dryRun.Suffix()}");
        }

        var over = grant.Status.IsTerminal;
        if (!over && grant.Spec.Revoke is null) grant = await RevokeOrCutAsync(grant, cancellationToken);
        if (dryRun is DryRun.None) CredentialFiles.Forget(CredentialFiles.KubeconfigOf(host, name));
        return (grant, over ? $"is already over: {GrantWords.Line(grant)}" : "");
    }

    private async Task<BreakGlassGrant> RevokeOrCutAsync(BreakGlassGrant grant, CancellationToken cancellationToken)
    {
        try
        {
            return await GrantRequester.RevokeAsync(client, grant.Metadata.Name, reason, by, cancellationToken);
        }
        catch (KubeApiException e) when (ManualRevocation.IsCalledFor(e))
        {
            throw await new ManualRevocation(client).CutAsync($"the revocation of '{grant.Metadata.Name}' cannot be written", [grant], cancellationToken);
        }
    }

    private async Task<BreakGlassGrant> UntilOverAsync(BreakGlassGrant grant, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(timeout, host.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        if (grant.Status.IsTerminal) return grant;
        try
        {
            await foreach (var now in new Follower<BreakGlassGrant>(client, host.Time).FollowAsync(grant, both.Token))
            {
                if (now.Status.IsTerminal) return now;
            }

            return grant;
        }
        catch (OperationCanceledException e) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            var ends = grant.Status.ExpiresAt is { } at ? $" Without the operator it ends at {Timestamp.Text(at)}." : "";
            throw new CliException(ExitCodes.TimedOut, $"the revocation of '{grant.Metadata.Name}' is recorded, "
                + $"but access did not end within {GoDuration.Format(timeout)}.{ends} Check the operator: kubectl get pods -n breakglass-system", e);
        }
    }
}
