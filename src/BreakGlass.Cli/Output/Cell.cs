namespace BreakGlass.Cli.Output;

internal readonly record struct Cell(string Text, Tone Tone = Tone.Plain)
{
    public static implicit operator Cell(string? text) => new(text ?? "");

    public static Cell Of(GrantPhase? phase) => new(phase?.ToString() ?? "", phase switch
    {
        GrantPhase.Active => Tone.Good,
        GrantPhase.AwaitingApproval or GrantPhase.Scheduled or GrantPhase.Pending => Tone.Waiting,
        GrantPhase.Denied or GrantPhase.Failed => Tone.Bad,
        _ => Tone.Plain,
    });
}
