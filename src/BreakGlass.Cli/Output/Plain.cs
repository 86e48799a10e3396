namespace BreakGlass.Cli.Output;

/// <summary>
/// Texts that somebody else wrote, for a terminal. A justification that moves the cursor could show an approver another request than the one that is approved;
/// so could one whose letters run from right to left.
/// </summary>
internal static class Plain
{
    /// <summary>In one line.</summary>
    public static string Line(string text) => new([.. text.Select(c => Moves(c) ? ' ' : c)]);

    /// <summary>In the lines that it has.</summary>
    public static string Lines(string text) => new([.. text.Select(c => Moves(c) && c is not ('\n' or '\t') ? ' ' : c)]);

    /// <summary>Control characters, and those by which Unicode turns the direction of writing (UAX #9).</summary>
    private static bool Moves(char c) => char.IsControl(c) || c is (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069') or '\u2028' or '\u2029';
}
