using System.Runtime.CompilerServices;
using System.Text;
using Xunit.Sdk;

namespace TestKit;

/// <summary>
/// Compares a text with a file that is kept next to the test, in a folder <c>Golden</c>. With <c>UPDATE_GOLDEN=1</c> in the
/// environment the file is written instead; the diff is then for the reviewer of the commit.
/// </summary>
public static class Golden
{
    private const int ContextLines = 3;
    private const int MostLinesShown = 80;

    /// <summary>The root of the repository, found from where the tests run.</summary>
    public static string RepositoryRoot { get; } = FindRoot();

    /// <summary>Fails unless <paramref name="actual"/> is what <c>Golden/&lt;file&gt;</c> next to the calling test holds.</summary>
    public static void Check(string actual, string file, [CallerFilePath] string caller = "") =>
        CheckFile(actual, Path.Combine(Path.GetDirectoryName(OnDisk(caller))!, "Golden", file));

    /// <summary>Fails unless <paramref name="actual"/> is what the file at <paramref name="path"/> (absolute, or relative to the repository) holds.</summary>
    public static void CheckFile(string actual, string path)
    {
        path = Path.Combine(RepositoryRoot, path);
        var shown = Path.GetRelativePath(RepositoryRoot, path);
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, actual);
            return;
        }

        if (!File.Exists(path)) throw new XunitException($"{shown} is missing. Run the test once with UPDATE_GOLDEN=1, look at the file and commit it.");
        var expected = File.ReadAllText(path);
        if (expected == actual) return;
        throw new XunitException(
            $"{shown} is not what the code gives (- file, + code). If the code is right, run with UPDATE_GOLDEN=1 and commit the "
                + $"change.\n{Diff(expected, actual)}");
    }

    /// <summary>The lines in which two texts differ, with a little context, as <c>diff -u</c> shows them.</summary>
    public static string Diff(string expected, string actual)
    {
        var a = expected.Split('\n');
        var b = actual.Split('\n');
        var head = 0;
        while (head < a.Length && head < b.Length && a[head] == b[head]) head++;
        var tail = 0;
        while (tail < a.Length - head && tail < b.Length - head && a[^(tail + 1)] == b[^(tail + 1)]) tail++;

        var lines = new List<string>();
        var from = Math.Max(0, head - ContextLines);
        for (var i = from; i < head; i++) lines.Add("  " + a[i]);
        Middle(a[head..^tail], b[head..^tail], lines);
        for (var i = a.Length - tail; i < Math.Min(a.Length, a.Length - tail + ContextLines); i++) lines.Add("  " + a[i]);

        var text = new StringBuilder().Append("@@ line ").Append(from + 1).AppendLine(" @@");
        foreach (var line in lines.Take(MostLinesShown)) text.AppendLine(line);
        if (lines.Count > MostLinesShown) text.Append("… and ").Append(lines.Count - MostLinesShown).AppendLine(" more lines");
        if (head == a.Length && head == b.Length) text.AppendLine("(no line differs)");
        return text.ToString();
    }

    // The longest common subsequence; past a size where its table would be felt, everything out and everything in.
    private static void Middle(string[] a, string[] b, List<string> lines)
    {
        if ((long)a.Length * b.Length > 4_000_000)
        {
            lines.AddRange(a.Select(l => "- " + l));
            lines.AddRange(b.Select(l => "+ " + l));
            return;
        }

        var common = new int[a.Length + 1, b.Length + 1];
        for (var i = a.Length - 1; i >= 0; i--)
        {
            for (var j = b.Length - 1; j >= 0; j--)
            {
                common[i, j] = a[i] == b[j] ? common[i + 1, j + 1] + 1 : Math.Max(common[i + 1, j], common[i, j + 1]);
            }
        }

        int x = 0, y = 0;
        while (x < a.Length || y < b.Length)
        {
            if (x < a.Length && y < b.Length && a[x] == b[y])
            {
                lines.Add("  " + a[x++]);
                y++;
            }
            else if (x < a.Length && (y == b.Length || common[x + 1, y] >= common[x, y + 1])) lines.Add("- " + a[x++]);
            else lines.Add("+ " + b[y++]);
        }
    }

    // The build maps source paths (PathMap) so that binaries do not carry the machine's; undo it.
    private static string OnDisk(string caller) =>
        caller.StartsWith("/_/", StringComparison.Ordinal) ? Path.Combine(RepositoryRoot, caller["/_/".Length..]) : caller;

    private static string FindRoot()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "BreakGlassOperator.sln"))) return directory.FullName;
        }

        throw new InvalidOperationException($"No BreakGlassOperator.sln above {AppContext.BaseDirectory}: tests run from within the repository.");
    }
}
