using TestKit;

namespace Integration.Docs;

/// <summary>Reads the blocks of commands from pages.</summary>
internal static class Fences
{
    /// <summary>All of one page.</summary>
    public static IReadOnlyList<Fence> Of(string page) => [.. Read(page).Select(read => read.Fence)];

    /// <summary>Those right under one of its headings, which is named without its marks; deeper headings end it.</summary>
    public static IReadOnlyList<Fence> Of(string page, string heading) => [.. Read(page).Where(read => read.Heading == heading).Select(read => read.Fence)];

    private static List<(string Heading, Fence Fence)> Read(string page)
    {
        var found = new List<(string Heading, Fence Fence)>();
        var lines = File.ReadAllLines(Path.Combine(Golden.RepositoryRoot, page));
        var (heading, commandsEndedJustNow) = ("", false);
        for (var at = 0; at < lines.Length; at++)
        {
            var line = lines[at];
            if (line.TrimStart() is ['`', '`', '`', .. var language])
            {
                var indent = line.Length - line.TrimStart().Length;
                var block = lines.Skip(at + 1).TakeWhile(l => l.TrimStart() != "```").ToList();
                var text = string.Concat(block.Select(l => l[Math.Min(indent, l.Length - l.TrimStart().Length)..] + "\n"));
                if (language == "sh") found.Add((heading, new(page, at + 2, text, null)));
                if (language == "text" && commandsEndedJustNow) found[^1] = found[^1] with { Fence = found[^1].Fence with { Shown = text } };
                commandsEndedJustNow = language == "sh";
                at += block.Count + 1;
            }
            else if (line.Length > 0)
            {
                commandsEndedJustNow = false;
                if (line.StartsWith('#')) heading = line.TrimStart('#').Trim();
            }
        }

        return found;
    }
}
