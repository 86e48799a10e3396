namespace Kube.Runtime;

/// <summary>What the API server demands of an event's texts.</summary>
internal static class EventText
{
    internal const int NoteBytes = 1024;
    internal const int InstanceLength = 128;
    private const int NameLength = 253;
    private const string Ellipsis = "…";

    /// <summary>Cuts to so many bytes of UTF-8 without breaking a character, and shows that it was cut.</summary>
    public static string Cut(string text, int bytes)
    {
        if (Encoding.UTF8.GetByteCount(text) <= bytes) return text;
        var left = bytes - Encoding.UTF8.GetByteCount(Ellipsis);
        var length = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Utf8SequenceLength > left) break;
            left -= rune.Utf8SequenceLength;
            length += rune.Utf16SequenceLength;
        }

        return string.Concat(text.AsSpan(0, length), Ellipsis);
    }

    /// <summary>
    /// <c>object.nanoseconds</c>, as client-go names events. An object may be called what an event may not (<c>system:node</c>);
    /// a GUID stands for its name then.
    /// </summary>
    public static string Name(string? objectName, long nanoseconds)
    {
        var suffix = "." + nanoseconds.ToString("x", CultureInfo.InvariantCulture);
        var fits = objectName is not null && IsSubdomain(objectName) && objectName.Length + suffix.Length <= NameLength;
        return fits ? objectName + suffix : Guid.NewGuid() + suffix;
    }

    private static bool IsSubdomain(string name) => name.Length > 0 && name.Split('.').All(label =>
        label.Length > 0 && label[0] != '-' && label[^1] != '-' && label.All(c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-'));
}
