namespace BreakGlass.Cli;

/// <summary>The command ends here, with a code for scripts and a message for people: what happened, why, what to do next.</summary>
internal sealed class CliException(int code, string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>One of <see cref="ExitCodes"/>.</summary>
    public int Code { get; } = code;

    /// <summary>The command line is wrong.</summary>
    public static CliException Usage(string message) => new(ExitCodes.Usage, message);
}
