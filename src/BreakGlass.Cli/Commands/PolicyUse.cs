namespace BreakGlass.Cli.Commands;

/// <summary>Whether a policy can be used.</summary>
internal enum PolicyUse
{
    Yes,
    AfterApproval,
    Later,
    Unknown,
    No,
}
