namespace BreakGlass.Cli;

/// <summary>kubectl's <c>--dry-run</c>.</summary>
internal enum DryRun
{
    None,

    /// <summary>Nothing is sent.</summary>
    Client,

    /// <summary>It is sent, and everything but the storing is done.</summary>
    Server,
}
