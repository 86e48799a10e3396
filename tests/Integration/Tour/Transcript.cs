using System.Text.RegularExpressions;
using TestKit;

namespace Integration.Tour;

/// <summary>
/// Holds what a page shows against what came out. Times, ages, UIDs and what is made of them differ each time, and the checkout is somewhere else; a line
/// <c>…</c> stands for any lines.
/// </summary>
internal static partial class Transcript
{
    /// <summary>The checkout, as the README shows it.</summary>
    private const string Home = "/home/you/breakglass-operator";

    private static readonly (Regex Varies, string As)[] s_normal =
    [
        (Time(), "TIME"),
        (HelmTime(), "LAST DEPLOYED: TIME"),
        (Uid(), "UID"),
        (NameSuffix(), "-HASH"),
        (Lasted(), "lasted | DURATION |"),
        (Age(), " AGE"),
        (TrailingSpace(), ""),
    ];

    /// <summary>Whether they say the same.</summary>
    public static bool Matches(string shown, string output)
    {
        var lines = Normal(shown).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line == "…" ? "(?:[^\n]*\n)*?" : Regex.Escape(line) + "\n");
        var actual = string.Concat(Normal(ForPeople(output)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line + "\n"));
        return Regex.IsMatch(actual, $"^{string.Concat(lines)}$", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(10));
    }

    /// <summary>An output as a page may show it.</summary>
    public static string ForPeople(string output) => output.Replace(Golden.RepositoryRoot, Home, StringComparison.Ordinal);

    private static string Normal(string text) => s_normal.Aggregate(text, (now, rule) => rule.Varies.Replace(now, rule.As));

    [GeneratedRegex(@"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 5000)]
    private static partial Regex Time();

    [GeneratedRegex("^LAST DEPLOYED: .*$", RegexOptions.Multiline | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 5000)]
    private static partial Regex HelmTime();

    [GeneratedRegex("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 5000)]
    private static partial Regex Uid();

    [GeneratedRegex("-[0-9a-f]{10}\\b", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 5000)]
    private static partial Regex NameSuffix();

    [GeneratedRegex(@"lasted \| [0-9.hms]+ \|", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 5000)]
    private static partial Regex Lasted();

    [GeneratedRegex(" ([0-9]+m)?[0-9]+s$", RegexOptions.Multiline | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 5000)]
    private static partial Regex Age();

    [GeneratedRegex(@"[ \t]+$", RegexOptions.Multiline | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 5000)]
    private static partial Regex TrailingSpace();
}
