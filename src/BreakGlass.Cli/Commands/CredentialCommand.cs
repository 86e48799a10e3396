using System.Security.Cryptography;
using BreakGlass.Core.Credentials;

namespace BreakGlass.Cli.Commands;

/// <summary>
/// <c>credential</c>: a credential plugin (Kubernetes docs, "client-go credential plugins"), so that an ordinary kubeconfig can use a grant.
/// </summary>
internal static class CredentialCommand
{
    /// <summary>Set while this plugin runs, to detect a context that gets its credential from itself.</summary>
    private const string Running = "KUBECTL_BREAKGLASS_CREDENTIAL";

    private const string Group = "client.authentication.k8s.io";

    private static readonly TimeSpan UsualTimeout = TimeSpan.FromMinutes(20);

    public static Command Create(Invocation invocation)
    {
        var command = new Command("credential", "Print a grant's credential for kubectl: a credential plugin for the exec section of a kubeconfig's user.");
        var asking = new AskOptions(command, policyAsOption: true);
        var grant = new Option<string?>(
            "--grant") { Description = "Use this active grant, which was requested without a key (request --wait=false, or kubectl)", HelpName = "NAME" };
        var timeout = GlobalFlags.DurationOption("--timeout", "How long to wait for access (default 20m)");
        command.Options.Add(grant);
        command.Options.Add(timeout);
        command.SetAction(async (parse, cancellationToken) =>
        {
            var host = invocation.Host;
            var version = Version(host.Variable("KUBERNETES_EXEC_INFO"));
            if (host.Variable(Running) is { Length: > 0 })
            {
                throw new CliException(ExitCodes.Usage, "the context gets its credential from this plugin, which would call itself forever. "
                    + "Use a context with your own credentials: args: [credential, --context=…, --policy=…] in the kubeconfig.");
            }

            host.SetVariable(Running, "1");
            using var cluster = invocation.Connect(parse);
            var credential = parse.GetValue(grant) is { } name
                ? await OfSecretAsync(cluster, ObjectNames.Grant(name), cancellationToken)
                : await new CredentialCache(host, cluster, asking.Read(parse), parse.GetValue(timeout) ?? UsualTimeout).GetAsync(cancellationToken);
            await host.Out.WriteLineAsync(Render(version, credential));
            return ExitCodes.Ok;
        });
        return command;
    }

    private static async Task<LiveCredential> OfSecretAsync(Cluster cluster, string name, CancellationToken cancellationToken)
    {
        var grant = await cluster.Client.GetAsync<BreakGlassGrant>(name, null, cancellationToken);
        if (grant.Status.Phase is not GrantPhase.Active)
            throw new CliException(ExitCodes.Refused, $"grant '{name}' gives no access. {GrantWords.Line(grant)}");
        var token = await DeliveredCredential.OfSecretAsync(cluster, grant, "token", cancellationToken);
        return new(name, grant.Metadata.Uid ?? "", token, cluster.Client.OnThisMachine(GrantEnd.OfToken(grant.Status).At));
    }

    private static string Version(string? info)
    {
        const string Usual = Group + "/v1";
        if (string.IsNullOrEmpty(info)) return Usual;
        try
        {
            var asked = JsonNode.Parse(info)?["apiVersion"]?.GetValue<string>();
            return asked is Usual or Group + "/v1beta1"
                ? asked
                : throw CliException.Usage($"the kubeconfig requests credentials as '{asked}', but this plugin supports {Usual} and {Group}/v1beta1. Set one "
                    + "of them in the exec section.");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw CliException.Usage(
                "KUBERNETES_EXEC_INFO does not contain an ExecCredential. kubectl sets this variable; unset it to call the plugin manually.");
        }
    }

    private static string Render(string version, LiveCredential credential) => new JsonObject
    {
        ["apiVersion"] = version,
        ["kind"] = "ExecCredential",
        ["status"] = new JsonObject { ["expirationTimestamp"] = credential.Ends.UtcDateTime.ToString(
            "yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture), ["token"] = credential.Token },
    }.ToJsonString();
}

/// <summary>A token that works until it ends by this machine's clock, with which kubectl compares it. Its text form does not show it.</summary>
internal sealed record LiveCredential(string Grant, string Uid, string Token, DateTimeOffset Ends)
{
    /// <inheritdoc/>
    public override string ToString() => $"credential of {Grant}";
}

/// <summary>The credential of the last grant that was asked for in the same way, or of a new one. One process at a time asks.</summary>
internal sealed class CredentialCache(CliHost host, Cluster cluster, Ask ask, TimeSpan timeout)
{
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    private string PathOf => Path.Combine(host.CredentialDirectory, $"{Key()}.credential");

    public async Task<LiveCredential> GetAsync(CancellationToken cancellationToken)
    {
        if (ask.Policy.Length == 0) throw CliException.Usage("--policy or --grant is missing: name the policy to request access from, or the grant to use.");
        using var turn = await TurnAsync(cancellationToken);
        if (Kept() is { } kept && await WorksAsync(kept, cancellationToken)) return kept;
        return await AskAsync(cancellationToken);
    }

    private async Task<LiveCredential> AskAsync(CancellationToken cancellationToken)
    {
        var requester = new GrantRequester(cluster, host);
        if (await requester.CredentialOfAsync(ask.Policy, cancellationToken) is CredentialKind.BindRequester)
        {
            throw CliException.Usage($"policy '{ask.Policy}' binds your own user name, so there is no credential to print. Use 'kubectl breakglass request' "
                + "and then your own kubeconfig.");
        }

        using var key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        var grant = await requester.CreateAsync(ask.ToGrant(RecipientKey.PublicJwk(key, keyId: null)));
        var done = false;
        try
        {
            grant = await requester.UntilActiveAsync(grant, timeout, cancellationToken);
            var jwe = grant.Status.CredentialJwe ?? throw new CliException(
                ExitCodes.Error, $"grant '{grant.Metadata.Name}' is active but has no credential. Tell the platform team.");
            var credential = new LiveCredential(
                grant.Metadata.Name, grant.Metadata.Uid ?? "", DeliveredCredential.Open(jwe, key).Token,
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
            if (kept?["grant"]?.GetValue<string>() is { } grant && kept["uid"]?.GetValue<string>() is { } uid && kept["token"]?.GetValue<string>() is { } token
                && Timestamp.TryParse(kept["ends"]?.GetValue<string>(), out var ends) && ends - Margin > host.Time.GetUtcNow())
            {
                return new(grant, uid, token, ends);
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
                        + $"'{ask.Policy}' for {GoDuration.Format(timeout)} ({e.Message}) Wait longer with --timeout, or stop that command.", e);
                }
            }
        }
    }

    private static byte[] Text(LiveCredential credential) => Encoding.UTF8.GetBytes(new JsonObject
    {
        ["grant"] = credential.Grant, ["uid"] = credential.Uid, ["token"] = credential.Token, ["ends"] = Timestamp.Text(credential.Ends),
    }.ToJsonString());

    /// <summary>What makes two requests the same: the cluster, who asks, and for what; why may differ.</summary>
    private string Key()
    {
        var actAs = cluster.Connection.Impersonate;
        string[] parts = [cluster.Connection.Server.OriginalString, cluster.Connection.ToString(), actAs?.User ?? "", string.Join(',', actAs?.Groups ?? []),
            ask.Policy, string.Join(',', ask.Access), string.Join(',', ask.Namespaces), ask.Requester?.Username ?? ""];
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', parts))))[..32];
    }
}
