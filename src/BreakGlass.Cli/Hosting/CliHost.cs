namespace BreakGlass.Cli.Hosting;

/// <summary>The environment of a command, which tests replace.</summary>
internal sealed record CliHost
{
    /// <summary>For data alone: what a script reads.</summary>
    public required TextWriter Out { get; init; }

    /// <summary>For everything that is said to a person.</summary>
    public required TextWriter Error { get; init; }

    public required TextReader Input { get; init; }

    /// <summary>Whether a person reads <see cref="Out"/>.</summary>
    public bool OutIsTerminal { get; init; }

    /// <summary>Whether a person reads <see cref="Error"/>.</summary>
    public bool ErrorIsTerminal { get; init; }

    public required Func<string, string?> Variable { get; init; }

    /// <summary>Sets a variable for the programs that this one starts, credential plugins above all.</summary>
    public required Action<string, string> SetVariable { get; init; }

    public required TimeProvider Time { get; init; }

    /// <summary>Opens a connection to the cluster that the flags name.</summary>
    public required Func<ConnectionFlags, Cluster> Connect { get; init; }

    /// <summary>Runs a person's command to its end.</summary>
    public required Func<ChildCommand, CancellationToken, Task<int>> RunChild { get; init; }

    /// <summary>The directory for credentials; made where it is missing.</summary>
    public required string CredentialDirectory { get; init; }

    /// <summary>Whether output may be coloured (https://no-color.org).</summary>
    public bool MayColour => string.IsNullOrEmpty(Variable("NO_COLOR")) && Variable("TERM") != "dumb";

    /// <summary>Says something to the person.</summary>
    public Task SayAsync(string message) => Error.WriteLineAsync(Shown.Lines(message));
}

/// <summary>kubectl's flags that say which cluster and who.</summary>
/// <param name="Kubeconfig">The kubeconfig; null for the usual ones.</param>
/// <param name="Context">Its context; null for the current one.</param>
/// <param name="As">A user to act as; null for oneself.</param>
/// <param name="AsGroup">A group to act as.</param>
/// <param name="RequestTimeout">The deadline of one request; null for the usual one.</param>
internal sealed record ConnectionFlags(string? Kubeconfig, string? Context, string? As = null, string? AsGroup = null, TimeSpan? RequestTimeout = null);

/// <summary>A command that is run with a grant.</summary>
/// <param name="Words">The program and its arguments.</param>
/// <param name="Kubeconfig">What KUBECONFIG is set to; null leaves it.</param>
internal sealed record ChildCommand(IReadOnlyList<string> Words, string? Kubeconfig);

/// <summary>A cluster, and how one comes to it.</summary>
internal sealed record Cluster(KubeClient Client, ClusterConnection Connection) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose() => Client.Dispose();
}
