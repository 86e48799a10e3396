namespace BreakGlass.Cli.Output;

/// <summary>
/// Texts that somebody else wrote, for a terminal. A justification that moves the cursor could show an approver another request than the one that is approved;
/// so could one whose letters run from right to left, or that hides some. Nothing is stripped: what is not seen is written out.
/// </summary>
internal static class Plain
{
    /// <summary>In one line.</summary>
    public static string Line(string text) => Shown.Line(text);

    /// <summary>In the lines that it has.</summary>
    public static string Lines(string text) => Shown.Lines(text);
}
