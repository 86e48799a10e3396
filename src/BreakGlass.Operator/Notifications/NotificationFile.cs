using YamlDotNet.Core;

namespace BreakGlass.Operator.Notifications;

/// <summary>
/// Reads the file of receivers: YAML or JSON, usually mounted from a Secret. What is wrong is told by receiver and field; what stands in a field
/// is never repeated, as it may be a secret in the wrong place.
/// </summary>
internal static class NotificationFile
{
    private const int MostBytes = 1024 * 1024;
    private const int MostReceivers = 50;

    /// <summary>An option reader: null where all is well, else the end of a sentence that names the option.</summary>
    public static string? Read(string path, out NotificationSettings settings)
    {
        settings = new(path, []);
        try
        {
            if (new FileInfo(path).Length > MostBytes) return "is larger than 1 MiB. Use a file that lists receivers, see docs/notifications.md";
            var problem = Parse(File.ReadAllText(path), out var receivers);
            if (problem is null) settings = new(path, receivers);
            return problem;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return "cannot be read. Use the path of a readable file that lists receivers, see docs/notifications.md";
        }
    }

    /// <summary>The same of a text.</summary>
    public static string? Parse(string text, out IReadOnlyList<ReceiverSettings> receivers)
    {
        receivers = [];
        YamlNode? root;
        try
        {
            root = YamlTree.Parse(text);
        }
        catch (YamlException e)
        {
            return $"is invalid YAML at line {e.Start.Line}, column {e.Start.Column}: check indentation and quoting. docs/notifications.md has an example";
        }

        if (root is not YamlMap map || map.Entries.Count != 1
            || map.Entries.GetValueOrDefault("receivers") is not YamlList { Items.Count: > 0 and <= MostReceivers } list)
            return $"must contain a list of 1 to {MostReceivers} receivers under the key receivers, and nothing else. docs/notifications.md has an example";

        var problems = new List<string>();
        var read = new List<ReceiverSettings>();
        for (var i = 0; i < list.Items.Count; i++)
        {
            var fields = new ReceiverFields(list.Items[i], i + 1, problems);
            if (fields.Receiver() is not { } receiver) continue;
            if (read.Exists(other => other.Name == receiver.Name))
                problems.Add($"receiver \"{receiver.Name}\": its name appears twice. Give each receiver its own name");
            read.Add(receiver);
        }

        receivers = read;
        return problems.Count == 0 ? null : "is not valid: " + string.Join("; ", problems);
    }
}
