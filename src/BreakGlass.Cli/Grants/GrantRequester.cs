namespace BreakGlass.Cli.Grants;

internal sealed class GrantRequester(ConnectedCluster cluster, CliHost host)
{
    /// <summary>The operator answers within moments; after this a person is told where to look.</summary>
    private static readonly TimeSpan LongSilence = TimeSpan.FromSeconds(15);

    /// <summary>Ending access must not block a shell forever; access expires anyway.</summary>
    private static readonly TimeSpan RevokeTime = TimeSpan.FromSeconds(15);

    /// <summary>How the credential comes: for a policy that binds the requester there is nothing to encrypt.</summary>
    /// <exception cref="CliException">There is no such policy.</exception>
    public async Task<CredentialKind> CredentialOfAsync(string policy, CancellationToken cancellationToken)
    {
        try
        {
            if (await cluster.Client.TryGetAsync<BreakGlassPolicy>(policy, null, cancellationToken) is { } found) return found.Spec.Credential;
            var names = (await cluster.Client.ListAsync<BreakGlassPolicy>(new(), cancellationToken)).Items.Select(p => p.Metadata.Name)
                .Order(StringComparer.Ordinal).ToList();
            throw new CliException(ExitCodes.NotFound, names.Count == 0
                ? $"policy '{policy}' does not exist, and this cluster has no other policy. Use another --context, or ask the platform team."
                : $"policy '{policy}' does not exist. Existing policies: {string.Join(", ", names)}. 'kubectl breakglass policies' lists those that "
                    + "you can use.");
        }
        catch (KubeApiException e) when (e.IsForbidden)
        {
            // Requesters need no right to read policies; admission checks the request anyway.
            return CredentialKind.ServiceAccountToken;
        }
    }

    /// <summary>Creates the grant. Ctrl-C does not cancel it, because the person could not know whether a grant exists.</summary>
    public async Task<BreakGlassGrant> CreateAsync(BreakGlassGrant grant)
    {
        try
        {
            return await cluster.Client.CreateAsync(grant, CancellationToken.None);
        }
        catch (KubeConnectionException e) when (e.MayHaveHappened)
        {
            var there = await cluster.Client.TryGetAsync<BreakGlassGrant>(grant.Metadata.Name, null, CancellationToken.None);
            if (there is not null && IsThis(there.Spec, grant.Spec)) return there;
            throw;
        }
    }

    /// <summary>Whether it is the grant that this command sent: only that has its key, or else the same requester and request.</summary>
    private static bool IsThis(GrantSpec there, GrantSpec sent) =>
        there.Voucher == sent.Voucher && there.VoucherProof == sent.VoucherProof
            && (sent.Voucher is not null || there.RecipientKey == sent.RecipientKey) && there.Policy == sent.Policy
            && there.Justification == sent.Justification && there.Ticket == sent.Ticket && there.Duration == sent.Duration;

    /// <summary>Waits until access works.</summary>
    /// <exception cref="CliException">It was denied, it failed, it is over, or it did not come in time.</exception>
    public async Task<BreakGlassGrant> UntilActiveAsync(BreakGlassGrant grant, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(timeout, host.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var last = grant;
        try
        {
            return await Progress.RunAsync(host, $"{grant.Metadata.Name}: {GrantWords.Line(grant)}", async report =>
            {
                await using var silence = host.Time.CreateTimer(
                    _ => Hint(last, report), null, LongSilence, Timeout.InfiniteTimeSpan);
                await foreach (var now in new Follower<BreakGlassGrant>(cluster.Client, host.Time).FollowAsync(grant, both.Token))
                {
                    last = now;
                    report($"{now.Metadata.Name}: {GrantWords.Line(now)}");
                    if (now.Status.Phase is GrantPhase.Active) return now;
                    if (now.Status.IsTerminal) throw Over(now);
                }

                throw new CliException(ExitCodes.Refused,
                    $"grant '{grant.Metadata.Name}' was deleted while it waited. The API server's audit log shows who deleted it; create a new request.");
            });
        }
        catch (OperationCanceledException e) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new CliException(ExitCodes.TimedOut, $"grant '{grant.Metadata.Name}' gave no access "
                + $"within {GoDuration.Format(timeout)} ({GrantWords.Line(last)}). Wait longer with --timeout, or make sure that approvers are available.", e);
        }
    }

    /// <summary>Revokes a grant, even if the caller was cancelled, and prints a warning if that fails.</summary>
    public async Task EndAsync(BreakGlassGrant grant, string reason)
    {
        using var limit = new CancellationTokenSource(RevokeTime, host.Time);
        try
        {
            var now = await cluster.Client.TryGetAsync<BreakGlassGrant>(grant.Metadata.Name, null, limit.Token);
            if (now is null || now.Metadata.Uid != grant.Metadata.Uid || now.Spec.Revoke is not null || now.Status.IsTerminal) return;
            await RevokeAsync(cluster.Client, grant.Metadata.Name, reason, null, limit.Token);
            await host.SayAsync($"{grant.Metadata.Name}: revoked ({reason})");
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException or KubeConfigException or OperationCanceledException)
        {
            var ends = grant.Status.ExpiresAt is { } at ? $"it ends automatically at {Timestamp.Text(at)}" : "it may still become active";
            await host.SayAsync($"warning: grant '{grant.Metadata.Name}' could not be revoked "
                + $"({Errors.Describe(e)?.Text ?? "no answer in time"}); {ends}. Try again: kubectl breakglass revoke {grant.Metadata.Name}");
        }
    }

    public static Task<BreakGlassGrant> RevokeAsync(KubeClient client, string name, string? reason, string? by, CancellationToken cancellationToken)
    {
        var revoke = new JsonObject { ["reason"] = string.IsNullOrWhiteSpace(reason) ? "revoked with kubectl breakglass" : reason };
        if (by is not null) revoke["by"] = new JsonObject { ["username"] = by };
        return client.MergePatchAsync<BreakGlassGrant>(name, null, new JsonObject { ["spec"] = new JsonObject { ["revoke"] = revoke } }, cancellationToken);
    }

    private static void Hint(BreakGlassGrant grant, Action<string> report)
    {
        if (grant.Status.Phase is null)
        {
            report($"{grant.Metadata.Name}: the operator has not processed it yet; check its pods: kubectl get pods -n breakglass-system");
        }
    }

    private static CliException Over(BreakGlassGrant grant) => new(
        grant.Status.Phase is GrantPhase.Failed ? ExitCodes.Error : ExitCodes.Refused,
        $"grant '{grant.Metadata.Name}' gives no access. {grant.Status.Phase} ({GrantWords.Reason(grant)}): {GrantWords.Why(grant)}");
}
