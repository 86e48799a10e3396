namespace TestKit;

/// <summary>What a command that ran to its end left: exit code and both outputs.</summary>
/// <param name="Command">The command line, for messages.</param>
public sealed record CommandResult(string Command, int ExitCode, string Output, string Error)
{
    /// <summary>The standard output of a command that must have succeeded.</summary>
    /// <exception cref="InvalidOperationException">It failed; the message holds the command and what it wrote to standard error.</exception>
    public string OrThrow() => ExitCode == 0
        ? Output
        : throw new InvalidOperationException($"`{Command}` ended with exit code {ExitCode}:\n{Error}{Output}");
}
