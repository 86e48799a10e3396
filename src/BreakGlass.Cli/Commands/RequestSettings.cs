namespace BreakGlass.Cli.Commands;

internal sealed record RequestSettings(GrantDraft Draft, IReadOnlyList<string> ChildWords, bool Wait, TimeSpan Timeout, DryRun DryRun);
