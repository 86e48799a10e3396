using System.Security.Cryptography;
using BreakGlass.Core.Credentials;

namespace BreakGlass.Cli.Commands;

/// <summary>The credential of the last grant that was asked for in the same way, or of a new one. One process at a time asks.</summary>
internal sealed class CredentialCache(CliHost host, ConnectedCluster cluster, GrantDraft draft, TimeSpan timeout)
{
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    private string PathOf => Path.Combine(host.CredentialDirectory, $"{Key()}.credential");

    public async Task<LiveCredential> GetAsync(CancellationToken cancellationToken)
    {
        if (draft.Policy.Length == 0) throw CliException.Usage("--policy or --grant is missing: name the policy to request access from, or the grant to use.");
        using var turn = await TurnAsync(cancellationToken);
        if (Kept() is { } kept && await WorksAsync(kept, cancellationToken)) return kept;
        return await AskAsync(cancellationToken);
    }

    private async Task<LiveCredential> AskAsync(CancellationToken cancellationToken)
    {
        var requester = new GrantRequester(cluster, host);
        if (await requester.CredentialOfAsync(draft.Policy, cancellationToken) is CredentialKind.BindRequester)
        {
            throw CliException.Usage($"policy '{draft.Policy}' binds your own user name, so there is no credential to print. Use 'kubectl breakglass request' "
                + "and then your own kubeconfig.");
        }

        using var key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        var grant = await requester.CreateAsync(draft.ToGrant(RecipientKey.PublicJwk(key, keyId: null)));
        var done = false;
        try
        {
            grant = await requester.UntilActiveAsync(grant, timeout, cancellationToken);
            var credential = new LiveCredential(
                grant.Metadata.Name, grant.Metadata.Uid ?? "", DeliveredCredential.Of(grant, key).Client,
                cluster.Client.OnThisMachine(GrantEnd.OfToken(grant.Status).At));
            await CredentialFiles.WriteAsync(PathOf, Text(credential), cancellationToken);
            var until = Timestamp.Text(GrantEnd.OfToken(grant.Status).At);
            await host.SayAsync($"{credential.Grant}: access works until {until}. To end it earlier: kubectl breakglass revoke {credential.Grant}");
            done = true;
            return credential;
        }
        finally
        {
            if (!done) await requester.EndAsync(grant, "the request was cancelled");
        }
    }

    private LiveCredential? Kept()
    {
        if (CredentialFiles.Read(PathOf) is not { } text) return null;
        try
        {
            var kept = JsonNode.Parse(text);
            if (kept?["grant"]?.GetValue<string>() is { } grant && kept["uid"]?.GetValue<string>() is { } uid
                && kept is JsonObject user && ClientCredential.OfUser(user) is { } client
                && Timestamp.TryParse(kept["ends"]?.GetValue<string>(), out var ends) && ends - Margin > host.Time.GetUtcNow())
            {
                return new(grant, uid, client, ends);
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // whatever it is, it is not ours
        }

        CredentialFiles.Forget(PathOf);
        return null;
    }

    private async Task<bool> WorksAsync(LiveCredential kept, CancellationToken cancellationToken)
    {
        var grant = await cluster.Client.TryGetAsync<BreakGlassGrant>(kept.Grant, null, cancellationToken);
        if (grant is { Status.Phase: GrantPhase.Active, Spec.Revoke: null } && grant.Metadata.Uid == kept.Uid) return true;
        CredentialFiles.Forget(PathOf);
        return false;
    }

    /// <summary>Several kubectl commands can run at once; without this, each would create its own grant.</summary>
    private async Task<FileStream> TurnAsync(CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(timeout, host.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        while (true)
        {
            try
            {
                return CredentialFiles.Hold(PathOf + CredentialFiles.Turn);
            }
            catch (IOException e)
            {
                try
                {
                    await Task.Delay(Pause, host.Time, both.Token);
                }
                catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
                {
                    throw new CliException(ExitCodes.TimedOut, "another command has been waiting for access from policy "
                        + $"'{draft.Policy}' for {GoDuration.Format(timeout)} ({e.Message}) Wait longer with --timeout, or stop that command.", e);
                }
            }
        }
    }

    private static byte[] Text(LiveCredential credential)
    {
        var text = credential.Client.ToUser();
        (text["grant"], text["uid"], text["ends"]) = (credential.Grant, credential.Uid, Timestamp.Text(credential.Ends));
        return Encoding.UTF8.GetBytes(text.ToJsonString());
    }

    /// <summary>What makes two requests the same: the cluster, who asks, and for what; why may differ.</summary>
    private string Key()
    {
        var actAs = cluster.Connection.Impersonate;
        string[] parts = [cluster.Connection.Server.OriginalString, cluster.Connection.ToString(), actAs?.User ?? "", string.Join(',', actAs?.Groups ?? []),
            draft.Policy, string.Join(',', draft.Access), string.Join(',', draft.Namespaces), draft.Requester?.Username ?? ""];
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', parts))))[..32];
    }
}
