namespace BreakGlass.Cli.Hosting;

/// <summary>The process's own surroundings.</summary>
internal static class RealHost
{
    public static CliHost Create(Interruptions interruptions) => new()
    {
        Out = Console.Out,
        Error = Console.Error,
        Input = Console.In,
        ReadSecret = Console.IsInputRedirected ? null : SecretPrompt.Read,
        OutIsTerminal = !Console.IsOutputRedirected,
        ErrorIsTerminal = !Console.IsErrorRedirected,
        Variable = Environment.GetEnvironmentVariable,
        SetVariable = Environment.SetEnvironmentVariable,
        Time = TimeProvider.System,
        Interruptions = interruptions,
        Connect = Connect,
        RunChild = ChildProcess.RunAsync,
        CredentialDirectory = Directory(),
    };

    private static ConnectedCluster Connect(ConnectionFlags flags)
    {
        var connection = ClusterConnection.Detect(flags.Kubeconfig, flags.Context);
        if (flags.As is { } user) connection = connection with { Impersonate = new() { User = user, Groups = flags.AsGroup is { } group ? [group] : [] } };
        else if (flags.AsGroup is not null) throw CliException.Usage("--as-group requires --as.");
        var options = new KubeClientOptions { UserAgent = $"kubectl-breakglass/{ThisVersion.Text}", FieldManager = "kubectl-breakglass" };
        if (flags.RequestTimeout is { } timeout) options = options with { RequestTimeout = timeout };
        return new(new(connection, TimeProvider.System, options), connection);
    }

    private static string Directory()
    {
        var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (string.IsNullOrEmpty(cache))
            cache = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify), ".cache");
        return Path.Combine(cache, "kubectl-breakglass");
    }
}
