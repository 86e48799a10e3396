namespace BreakGlass.Cli.Checks;

internal enum FindingLevel
{
    Warning,

    Error,
}
