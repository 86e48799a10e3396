namespace BreakGlass.Operator.Sessions;

/// <summary>
/// How far an audit log was read: of the file that begins with a certain line, so many bytes. A rotated file has another name and the same first line.
/// </summary>
/// <param name="Fingerprint">SHA-256 of the file's first line.</param>
/// <param name="Offset">The bytes that were read of it.</param>
internal sealed record LogPosition(string Fingerprint, long Offset)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Fingerprint} {Offset}");

    /// <summary>Reads the text; null if it is none.</summary>
    public static LogPosition? Parse(string text) =>
        text.Trim().Split(' ') is [{ Length: 64 } fingerprint, var offset]
            && long.TryParse(offset, NumberStyles.None, CultureInfo.InvariantCulture, out var at) ? new(fingerprint, at) : null;
}
