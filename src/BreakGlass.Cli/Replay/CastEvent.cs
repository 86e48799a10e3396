namespace BreakGlass.Cli.Replay;

/// <summary>An event of a recording.</summary>
/// <param name="At">When, from the begin of the stream.</param>
/// <param name="Code">What happened: one of the codes of asciicast, or <see cref="Gap"/>.</param>
/// <param name="Text">What was written; the new size.</param>
internal readonly record struct CastEvent(TimeSpan At, char Code, string Text)
{
    public const char Output = 'o';
    public const char Input = 'i';
    public const char Resize = 'r';
    public const char Marker = 'm';

    /// <summary>Something is missing here. It is not in the file: the reader says it.</summary>
    public const char Gap = '\0';
}
