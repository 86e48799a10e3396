using BreakGlass.Operator.Outbound;

namespace BreakGlass.Operator.Journal.Sinks;

/// <summary>Reads the file of sinks. Other files that it names are relative to it.</summary>
internal static class SinkFile
{
    /// <summary>An option reader: null where all is well, else the end of a sentence that names the option.</summary>
    public static string? Read(string path, out JournalSinkSettings settings)
    {
        var problem = File(System.IO.Path.GetDirectoryName(path) ?? "").ReadFile(path, out var sinks);
        settings = new(path, problem is null ? sinks : []);
        return problem;
    }

    /// <summary>The same of a text.</summary>
    public static string? Parse(string text, string directory, out IReadOnlyList<SinkSettings> sinks) => File(directory).Parse(text, out sinks);

    private static OutboundFile<SinkSettings> File(string directory) => new(
        "sink", "docs/journal.md", (node, number, problems) => new SinkFields(node, number, problems, directory).Sink(), sink => sink.Name);
}
