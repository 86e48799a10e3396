namespace BreakGlass.Core.Journal;

/// <summary>An entry as a message of RFC 5424, in a frame of RFC 5425: its length, a space, the message.</summary>
public static class SyslogMessage
{
    private const int Priority = (13 * 8) + 5; // facility "log audit", severity "notice"
    private const string AppName = "breakglass-operator";
    private const string TypePrefix = "dev.breakglass.";
    private const string ByteOrderMark = "\uFEFF"; // says that the text is UTF-8
    private const long LargestSequence = int.MaxValue;

    /// <summary>Writes a message in its frame. The same entry gives the same bytes.</summary>
    /// <param name="copy">The entry.</param>
    /// <param name="host">The name of the sender.</param>
    /// <param name="version">The version of the operator.</param>
    public static byte[] Frame(JournalCopy copy, string host, string version)
    {
        var message = Write(copy, host, version);
        return [.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{message.Length} ")), .. message];
    }

    /// <summary>Writes a message.</summary>
    /// <param name="copy">The entry.</param>
    /// <param name="host">The name of the sender.</param>
    /// <param name="version">The version of the operator.</param>
    public static byte[] Write(JournalCopy copy, string host, string version)
    {
        var type = copy.Entry.Type.StartsWith(TypePrefix, StringComparison.Ordinal) ? copy.Entry.Type[TypePrefix.Length..] : copy.Entry.Type;
        var time = copy.Entry.Time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        var sequence = (copy.Index % LargestSequence) + 1;
        var head = string.Create(CultureInfo.InvariantCulture,
            $"<{Priority}>1 {time} {Name(host, 255)} {AppName} - {Name(type, 32)} [origin software=\"{AppName}\" swVersion=\"{Value(version)}\"]")
            + string.Create(CultureInfo.InvariantCulture, $"[meta sequenceId=\"{sequence}\"] {ByteOrderMark}");
        return [.. Encoding.UTF8.GetBytes(head), .. copy.Document.Span];
    }

    /// <summary>A field of the header: printable ASCII without spaces, of limited length; a hyphen if there is nothing.</summary>
    internal static string Name(string text, int most)
    {
        var name = string.Concat(text.Take(most).Select(c => c is > ' ' and <= '~' ? c : '_'));
        return name.Length == 0 ? "-" : name;
    }

    /// <summary>The value of a parameter of structured data: a quote, a backslash and a closing bracket are escaped.</summary>
    internal static string Value(string text) => string.Concat(text.Select(c => c is '"' or '\\' or ']' ? $"\\{c}" : $"{c}"));
}
