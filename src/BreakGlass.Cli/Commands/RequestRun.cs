using System.Security.Cryptography;
using BreakGlass.Core.Credentials;

namespace BreakGlass.Cli.Commands;

internal sealed class RequestRun(CliHost host, ConnectedCluster cluster, RequestSettings settings, CredentialHandoff handoff)
{
    private readonly GrantRequester _requester = new(cluster, host);

    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        Check();
        var bound = await _requester.CredentialOfAsync(settings.Draft.Policy, cancellationToken) is CredentialKind.BindRequester;
        CheckStart();

        // Without waiting, no process would be there to open it, so the credential goes into a Secret that the requester alone can read. With a voucher it is
        // encrypted to the key that the voucher names, which is not repeated in the request.
        using var key = settings.Voucher is { } held ? held.ForDecryption()
            : bound || !settings.Wait ? null : ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        var wanted = settings.Draft.ToGrant(key is null || settings.Voucher is not null ? null : RecipientKey.PublicJwk(key, keyId: null));
        wanted = settings.Voucher?.Present(wanted, cluster.Client.Now(host.Time)) ?? wanted;
        if (settings.DryRun is not DryRun.None) return await RehearseAsync(wanted, cancellationToken);

        CredentialFiles.Sweep(host);
        var grant = await _requester.CreateAsync(wanted);
        if (!settings.Wait)
        {
            await handoff.ShowAsync(grant, $"{OutputFormat.NameOf(grant)} created");
            await host.SayAsync($"To use it when it gives access: kubectl breakglass use {grant.Metadata.Name}");
            return ExitCodes.Ok;
        }

        var ending = "the request was cancelled";
        var keep = false;
        try
        {
            var active = await _requester.UntilActiveAsync(grant, settings.Timeout, cancellationToken);
            grant = active;
            if (settings.ChildWords.Count > 0)
            {
                ending = "its command did not run";
                var code = await RunChildAsync(active, key, cancellationToken);
                ending = $"its command ended with exit code {code.ToString(CultureInfo.InvariantCulture)}";
                return code;
            }

            await handoff.GiveAsync(active, key is null ? null : DeliveredCredential.Of(active, key), cancellationToken);
            keep = true;
            if (settings.Voucher is { } used)
            {
                await host.SayAsync($"{used} is used. After the incident, replace the keys of authority {used.Voucher.Claims.Authority}, or at least the "
                    + "courier.");
            }

            return ExitCodes.Ok;
        }
        finally
        {
            // Only this process has the private key, so the grant would be useless.
            if (!keep) await _requester.EndAsync(grant, ending);
        }
    }

    private void Check()
    {
        if (settings.ChildWords.Count > 0 && !settings.Wait)
            throw CliException.Usage("--wait=false cannot run a command, because there is no access yet. Remove one of them.");
        if (settings.Voucher is not null && !settings.Wait)
            throw CliException.Usage("--wait=false cannot be used with --voucher: only this command can decrypt the credential. Remove one of them.");
        if (settings.ChildWords.Count > 0 && handoff.File is not null)
            throw CliException.Usage("-- COMMAND and --output-kubeconfig exclude each other: the command gets a kubeconfig that is deleted after it ends.");
        handoff.Check();
    }

    private void CheckStart()
    {
        if (settings is { Wait: true, DryRun: DryRun.None, Draft.Start: { } start } && start > cluster.Client.Now(host.Time) + settings.Timeout)
        {
            throw CliException.Usage(
                $"access starts at {Timestamp.Text(start)}, but this command waits only {GoDuration.Format(settings.Timeout)} and would revoke the grant "
                    + "before it starts. Request it with --wait=false and use it later with 'kubectl breakglass use', or wait longer with --timeout.");
        }
    }

    private async Task<int> RehearseAsync(BreakGlassGrant wanted, CancellationToken cancellationToken)
    {
        var judged = wanted;
        if (settings.DryRun is DryRun.Server)
        {
            using var rehearsal = cluster.Client.Rehearsing();
            judged = await rehearsal.CreateAsync(wanted, cancellationToken);
        }

        await handoff.ShowAsync(judged, $"{OutputFormat.NameOf(judged)} created ({(settings.DryRun is DryRun.Server ? "server " : "")}dry run)");
        return ExitCodes.Ok;
    }

    private async Task<int> RunChildAsync(BreakGlassGrant grant, ECDiffieHellman? key, CancellationToken cancellationToken)
    {
        var path = key is null ? null : CredentialFiles.KubeconfigOf(host, $"{grant.Metadata.Name}-{grant.Metadata.Uid}");
        using var over = new CancellationTokenSource();
        var watching = TellWhenOverAsync(grant, over.Token);
        try
        {
            if (path is not null) await CredentialFiles.WriteAsync(path, handoff.Kubeconfig(DeliveredCredential.Of(grant, key!)), cancellationToken);
            return await host.RunChild(new(settings.ChildWords, path), cancellationToken);
        }
        finally
        {
            if (path is not null) CredentialFiles.Forget(path);
            await over.CancelAsync();
            await watching;
        }
    }

    /// <summary>Reports the end of access while the command runs, because all its requests are then refused.</summary>
    private async Task TellWhenOverAsync(BreakGlassGrant grant, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var now in new Follower<BreakGlassGrant>(cluster.Client, host.Time).FollowAsync(grant, cancellationToken))
            {
                if (now.Status.Phase is GrantPhase.Active) continue;
                await host.SayAsync($"{now.Metadata.Name}: access is over. {GrantWords.Line(now)}");
                return;
            }
        }
        catch (Exception e) when (e is OperationCanceledException || Errors.Describe(e) is not null)
        {
            // the command goes on and sees for itself
        }
    }
}
