using System.Text.RegularExpressions;

namespace BreakGlass.Core.Journal;

/// <summary>
/// Where a part of a recording is in the journal's storage. A part is gzip; all parts of a stream, unpacked and one after another, are one asciicast of
/// version 2 (https://docs.asciinema.org/manual/asciicast/v2/).
/// </summary>
public static partial class RecordingFile
{
    /// <summary>The folder of all recordings.</summary>
    public const string Folder = "recordings";

    /// <summary>The most bytes of a part as it is stored.</summary>
    public const int MostBytes = 1024 * 1024;

    private const int DigitsOfHash = 16;

    /// <summary>The path of a part.</summary>
    /// <param name="grantUid">The UID of the grant.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="part">The number of the part, from 0.</param>
    /// <param name="hash">
    /// The SHA-256 of the part in hexadecimal, if its file is apart because somebody else had created one with the usual name; otherwise null.
    /// </param>
    /// <returns>The path; null if one of them cannot be part of it.</returns>
    public static string? PathOf(string grantUid, string stream, int part, string? hash = null)
    {
        if (hash is { Length: < DigitsOfHash }) return null;
        var apart = hash is null ? "" : $"-{hash[..DigitsOfHash].ToLowerInvariant()}";
        var path = string.Create(CultureInfo.InvariantCulture, $"{Folder}/{grantUid}/{stream}/{part:D6}{apart}.cast.gz");
        return IsPath(path) ? path : null;
    }

    /// <summary>Whether a text is the path of a part.</summary>
    public static bool IsPath(string path) => Pattern().IsMatch(path);

    [GeneratedRegex(
        "^recordings/[0-9a-zA-Z-]{1,64}/[0-9a-zA-Z-]{1,64}/[0-9]{6}(-[0-9a-f]{16})?\\.cast\\.gz\\z",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Pattern();
}
