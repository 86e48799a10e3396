namespace BreakGlass.Cli;

/// <summary>What the process ends with; docs/cli.md says the same to those who write scripts.</summary>
internal static class ExitCodes
{
    public const int Ok = 0;

    /// <summary>Something went wrong that is neither of the others.</summary>
    public const int Error = 1;

    /// <summary>The command line, or a file that it names, cannot be understood.</summary>
    public const int Usage = 2;

    /// <summary>Somebody said no: the policy, an approver, admission, RBAC.</summary>
    public const int Refused = 3;

    /// <summary>There is no such object.</summary>
    public const int NotFound = 4;

    /// <summary>What was waited for did not come in time.</summary>
    public const int TimedOut = 5;

    /// <summary>A command that was to be run cannot be executed, as shells say it.</summary>
    public const int CannotExecute = 126;

    /// <summary>A command that was to be run is not there, as shells say it.</summary>
    public const int CommandNotFound = 127;

    /// <summary>Ended by Ctrl-C, as shells say it (128 and the signal's number).</summary>
    public const int Interrupted = 130;
}
