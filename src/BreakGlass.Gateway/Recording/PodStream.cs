using BreakGlass.Core.Rules;
using BreakGlass.Core.Sessions;

namespace BreakGlass.Gateway.Recording;

/// <summary>An exec or attach, as its request names it.</summary>
/// <param name="Kind"><c>exec</c> or <c>attach</c>.</param>
/// <param name="Namespace">The namespace of the pod.</param>
/// <param name="Pod">The pod.</param>
/// <param name="Container">The container; null for the pod's first or default one.</param>
/// <param name="Command">The command of an exec.</param>
internal sealed record PodStream(string Kind, string Namespace, string Pod, string? Container, IReadOnlyList<string> Command)
{
    /// <summary>The most bytes of the text.</summary>
    public const int LongestText = 1024;

    /// <summary>The stream of a request; null if it is about something else.</summary>
    /// <param name="path">The path, decoded. The API server ignores slashes at its end.</param>
    /// <param name="query">The query as it was sent, without the question mark.</param>
    public static PodStream? Of(string? path, string query)
    {
        if (Segments(path) is not ["api", "v1", "namespaces", var ns, "pods", var pod, ("exec" or "attach") and var kind]) return null;
        var parameters = QueryText.Read(query).ToList();
        var container = parameters.Find(p => p.Name == "container").Value;
        return new(kind, ns, pod, string.IsNullOrEmpty(container) ? null : container, [.. parameters.Where(p => p.Name == "command").Select(p => p.Value)])
        {
            IsUnambiguous = QueryText.HasOnly(query, "container", "command", "stdin", "stdout", "stderr", "tty"),
        };
    }

    /// <summary>Whether the API server cannot read another command or container in the request than this one.</summary>
    public bool IsUnambiguous { get; private init; }

    /// <summary>The segments of a path.</summary>
    public static string[] Segments(string? path) => (path ?? "").Split('/', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The stream in one line, as kubectl would be called.</summary>
    public override string ToString()
    {
        var container = Container is null ? "" : $" -c {Container}";
        var command = Command.Count == 0 ? "" : $" -- {string.Join(' ', Command)}";
        var text = VisibleText.Line($"{Kind} -n {Namespace} {Pod}{container}{command}");
        if (Encoding.UTF8.GetByteCount(text) <= LongestText) return text;
        var (shortened, bytes) = (new StringBuilder(), Encoding.UTF8.GetByteCount("…"));
        foreach (var rune in text.EnumerateRunes())
        {
            bytes += rune.Utf8SequenceLength;
            if (bytes > LongestText) break;
            shortened.Append(rune.ToString());
        }

        return shortened.Append('…').ToString();
    }
}
