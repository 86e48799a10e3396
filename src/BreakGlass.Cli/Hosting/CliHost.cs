namespace BreakGlass.Cli.Hosting;

/// <summary>The environment of a command, which tests replace.</summary>
internal sealed record CliHost
{
    /// <summary>For data alone: what a script reads.</summary>
    public required TextWriter Out { get; init; }

    /// <summary>For everything that is said to a person.</summary>
    public required TextWriter Error { get; init; }

    public required TextReader Input { get; init; }

    /// <summary>Asks the person for a secret, which is not shown; null if no person can be asked.</summary>
    public Func<string, string>? ReadSecret { get; init; }

    /// <summary>Whether a person reads <see cref="Out"/>.</summary>
    public bool OutIsTerminal { get; init; }

    /// <summary>Whether a person reads <see cref="Error"/>.</summary>
    public bool ErrorIsTerminal { get; init; }

    public required Func<string, string?> Variable { get; init; }

    /// <summary>Sets a variable for the programs that this one starts, credential plugins above all.</summary>
    public required Action<string, string> SetVariable { get; init; }

    public required TimeProvider Time { get; init; }

    /// <summary>The signals that stop the command.</summary>
    public required Interruptions Interruptions { get; init; }

    /// <summary>Opens a connection to the cluster that the flags name.</summary>
    public required Func<ConnectionFlags, ConnectedCluster> Connect { get; init; }

    /// <summary>Runs a person's command to its end.</summary>
    public required Func<ChildCommand, CancellationToken, Task<int>> RunChild { get; init; }

    /// <summary>The directory for credentials; made where it is missing.</summary>
    public required string CredentialDirectory { get; init; }

    /// <summary>Where files are written that a command names on its own.</summary>
    public string WorkingDirectory { get; init; } = ".";

    /// <summary>Whether output may be coloured (https://no-color.org).</summary>
    public bool MayColour => string.IsNullOrEmpty(Variable("NO_COLOR")) && Variable("TERM") != "dumb";

    /// <summary>Says something to the person.</summary>
    public Task SayAsync(string message) => Error.WriteLineAsync(VisibleText.Lines(message));
}
