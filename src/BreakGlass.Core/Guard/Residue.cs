using BreakGlass.Core.Model;

namespace BreakGlass.Core.Guard;

/// <summary>
/// The guard's part of <c>status.residue</c>: what was allowed stands there by name, what was refused only at first. The two have places of their own, so
/// that no number of refused attempts keeps an allowed one from being written down.
/// </summary>
public static class Residue
{
    /// <summary>The most entries that name what was allowed; further ones are counted by kind.</summary>
    public const int MostAllowed = 50;

    /// <summary>The most entries that name what was refused; further ones are counted by kind.</summary>
    public const int MostRefused = 20;

    /// <summary>The most entries that name something else, such as what was created; further ones are counted.</summary>
    public const int MostNoted = 20;

    /// <summary>The most counts by kind among the refused; a CRD of one's own makes any number of kinds. Past it they are counted by way alone.</summary>
    public const int MostKinds = 20;

    private const string Allowed = "allowed ";
    private const string Refused = "refused ";
    private const string More = " more";

    /// <summary>The entry of a write that was let through or refused.</summary>
    public static ResidueEntry Of(GuardedWrite write, PersistenceKind way, bool allowed)
    {
        var prefix = $"{(allowed ? Allowed : Refused)}{way.ApiWord ?? "own"}";
        return new($"{prefix}: {PersistenceGuard.Describe(write)}",
            $"{prefix}: {PersistenceGuard.Describe(write with { Namespace = "", Name = "" })}", prefix);
    }

    /// <summary>Whether a further refused attempt of this grant would be named; past that it is counted.</summary>
    public static bool NamesRefused(IReadOnlyList<string> residue) => Named(residue, Refused) < MostRefused;

    /// <summary>The residue with one more entry; the same list where the entry stands there by name already.</summary>
    /// <param name="residue">What stands there.</param>
    /// <param name="entry">The entry.</param>
    /// <param name="times">How often, where it has no name of its own.</param>
    public static IReadOnlyList<string> Add(IReadOnlyList<string> residue, ResidueEntry entry, int times = 1)
    {
        if (residue.Contains(entry.Text)) return residue;
        var (of, most) = entry.Text.StartsWith(Allowed, StringComparison.Ordinal) ? (Allowed, MostAllowed)
            : entry.Text.StartsWith(Refused, StringComparison.Ordinal) ? (Refused, MostRefused)
            : (entry.Way + " ", MostNoted);
        if (entry.IsNamed && Named(residue, of) < most) return [.. residue, entry.Text];

        // What can be allowed is of a handful of kinds; only what is refused needs a second bound.
        return of != Refused || Find(residue, entry.Kind) >= 0 || residue.Count(e => IsCount(e, Refused)) < MostKinds
            ? Counted(residue, entry.Kind, times) : Counted(residue, entry.Way, times);
    }

    /// <summary>An entry without its count, so that it is the same whatever was counted.</summary>
    public static string Uncounted(string entry)
    {
        if (!entry.EndsWith(More, StringComparison.Ordinal) || entry.LastIndexOf(", ", StringComparison.Ordinal) is not (> 0 and var comma)) return entry;
        return CountOf(entry, entry[..comma]) > 0 ? $"{entry[..comma]},{More}" : entry;
    }

    private static int Named(IReadOnlyList<string> residue, string of) => residue.Count(e => e.StartsWith(of, StringComparison.Ordinal) && !IsCount(e, of));

    private static List<string> Counted(IReadOnlyList<string> residue, string what, int times)
    {
        var at = Find(residue, what);
        if (at < 0) return [.. residue, Text(what, times)];
        var list = residue.ToList();
        list[at] = Text(what, CountOf(list[at], what) + times);
        return list;
    }

    private static string Text(string what, long count) => string.Create(CultureInfo.InvariantCulture, $"{what}, {count}{More}");

    // 0 for whatever is no count of that.
    private static long CountOf(string entry, string what) =>
        entry.Length > what.Length + 2 + More.Length && entry.StartsWith($"{what}, ", StringComparison.Ordinal)
            && entry.EndsWith(More, StringComparison.Ordinal)
            && int.TryParse(entry.AsSpan(what.Length + 2)[..^More.Length], NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : 0;

    private static int Find(IReadOnlyList<string> residue, string what)
    {
        for (var i = 0; i < residue.Count; i++)
        {
            if (CountOf(residue[i], what) > 0) return i;
        }

        return -1;
    }

    // Describe leaves no comma in a name.
    private static bool IsCount(string entry, string of) =>
        entry.StartsWith(of, StringComparison.Ordinal) && entry.Contains(", ", StringComparison.Ordinal) && entry.EndsWith(More, StringComparison.Ordinal);
}
