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
        var options = new RequestOptions(command, policyAsOption: true);
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
                : await new CredentialCache(host, cluster, options.Read(parse), parse.GetValue(timeout) ?? UsualTimeout).GetAsync(cancellationToken);
            await host.Out.WriteLineAsync(Render(version, credential));
            return ExitCodes.Ok;
        });
        return command;
    }

    private static async Task<LiveCredential> OfSecretAsync(ConnectedCluster cluster, string name, CancellationToken cancellationToken)
    {
        var grant = await cluster.Client.GetAsync<BreakGlassGrant>(name, null, cancellationToken);
        if (grant.Status.Phase is not GrantPhase.Active)
            throw new CliException(ExitCodes.Refused, $"grant '{name}' gives no access. {GrantWords.Line(grant)}");
        Task<string> Read(string key) => DeliveredCredential.OfSecretAsync(cluster, grant, key, cancellationToken);
        var client = grant.Status.Path is SessionPath.Gateway
            ? new ClientCredential { Certificate = await Read("tls.crt"), Key = await Read("tls.key") } : new() { Token = await Read("token") };
        return new(name, grant.Metadata.Uid ?? "", client, cluster.Client.OnThisMachine(GrantEnd.OfToken(grant.Status).At));
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

    private static string Render(string version, LiveCredential credential)
    {
        var status = new JsonObject
        {
            ["expirationTimestamp"] = credential.Ends.UtcDateTime.ToString(
                "yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture),
        };
        if (credential.Client is { Token: { } token }) status["token"] = token;
        else (status["clientCertificateData"], status["clientKeyData"]) = (credential.Client.Certificate, credential.Client.Key);
        return new JsonObject { ["apiVersion"] = version, ["kind"] = "ExecCredential", ["status"] = status }.ToJsonString();
    }
}
