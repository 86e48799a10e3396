using BreakGlass.Core.Journal;

namespace BreakGlass.Operator.Journal;

/// <summary>The file with the key that signs the journal, usually from a Secret. Its text form shows the path only.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Key">The key.</param>
internal sealed record JournalKeyFile(string Path, SigningKey Key)
{
    /// <summary>An option reader: null where all is well, else the end of a sentence that names the option.</summary>
    public static string? Read(string path, out JournalKeyFile file)
    {
        file = null!;
        try
        {
            if (new FileInfo(path).Length > SigningKey.LargestFile || !SigningKey.TryParse(File.ReadAllText(path).Trim(), out var key))
                return "does not contain a signing key. Create one with 'kubectl breakglass journal keygen', see docs/journal.md";
            file = new(path, key);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return "cannot be read. Use the path of a readable file with a signing key, see docs/journal.md";
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Path;
}
