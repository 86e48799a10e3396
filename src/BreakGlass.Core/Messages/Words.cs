using BreakGlass.Core.Rules;

namespace BreakGlass.Core.Messages;

/// <summary>What sentences are made of.</summary>
internal static class Words
{
    private const int MostNames = 5;

    public static string Sentence(string text) => text.EndsWith('.') ? text : text + ".";

    public static string Requester(BreakGlassGrant grant) => Callers.Shown(grant.Spec.Requester);

    /// <summary>The first of many, because there may be a thousand.</summary>
    public static string Few(IReadOnlyList<string> names, string separator = ", ") => names.Count <= MostNames
        ? string.Join(separator, names) : $"{string.Join(separator, names.Take(MostNames))}{separator.TrimEnd(' ', ',')} and {names.Count - MostNames} more";
}
