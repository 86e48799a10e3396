using YamlDotNet.Core;

namespace BreakGlass.Operator.Outbound;

/// <summary>
/// Reads a file that lists destinations: YAML or JSON, usually mounted from a Secret. What is wrong is told by entry and field; what is in a field is
/// never repeated, as it may be a secret in the wrong place.
/// </summary>
/// <typeparam name="T">The settings of an entry.</typeparam>
/// <param name="What">What an entry is, for messages, for example receiver.</param>
/// <param name="Page">The page of the documentation.</param>
/// <param name="Read">Reads one entry from its node and its number from 1; null where something is wrong with it, which is then added.</param>
/// <param name="NameOf">The name of an entry.</param>
internal sealed record OutboundFile<T>(string What, string Page, Func<YamlNode, int, List<string>, T?> Read, Func<T, string> NameOf)
    where T : class
{
    private const int MostBytes = 1024 * 1024;
    private const int Most = 50;

    private string List => What + "s";

    /// <summary>Reads a file: null where all is well, else the end of a sentence that names the option.</summary>
    public string? ReadFile(string path, out IReadOnlyList<T> entries)
    {
        entries = [];
        try
        {
            if (new FileInfo(path).Length > MostBytes) return $"is larger than 1 MiB. Use a file that lists {List}, see {Page}";
            return Parse(File.ReadAllText(path), out entries);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return $"cannot be read. Use the path of a readable file that lists {List}, see {Page}";
        }
    }

    /// <summary>The same of a text.</summary>
    public string? Parse(string text, out IReadOnlyList<T> entries)
    {
        entries = [];
        YamlNode? root;
        try
        {
            root = YamlTree.Parse(text);
        }
        catch (YamlException e)
        {
            return $"is invalid YAML at line {e.Start.Line}, column {e.Start.Column}: check indentation and quoting. {Page} has an example";
        }

        if (root is not YamlMap map || map.Entries.Count != 1 || map.Entries.GetValueOrDefault(List) is not YamlList { Items.Count: > 0 and <= Most } list)
            return $"must contain a list of 1 to {Most} {List} under the key {List}, and nothing else. {Page} has an example";

        var problems = new List<string>();
        var read = new List<T>();
        for (var i = 0; i < list.Items.Count; i++)
        {
            if (Read(list.Items[i], i + 1, problems) is not { } entry) continue;
            if (read.Exists(other => NameOf(other) == NameOf(entry)))
                problems.Add($"{What} \"{NameOf(entry)}\": its name appears twice. Give each {What} its own name");
            read.Add(entry);
        }

        entries = read;
        return problems.Count == 0 ? null : "is not valid: " + string.Join("; ", problems);
    }
}
