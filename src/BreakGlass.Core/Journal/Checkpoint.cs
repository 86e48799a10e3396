namespace BreakGlass.Core.Journal;

/// <summary>The head of a log, as C2SP tlog-checkpoint defines it: whose log, how many entries, and the root over them.</summary>
/// <param name="Origin">Whose log: the name of the key that signs.</param>
/// <param name="Size">The number of entries.</param>
/// <param name="Root">The root of the tree.</param>
public sealed record Checkpoint(string Origin, long Size, TreeHash Root)
{
    /// <summary>Where the newest checkpoint is.</summary>
    public const string Path = "checkpoint";

    /// <summary>Signs the head of the log.</summary>
    public static byte[] Sign(long size, TreeHash root, SigningKey key) => SignedNote.Sign(new Checkpoint(key.Verifier.Name, size, root).Text(), key);

    /// <summary>Reads a checkpoint that the key signed; otherwise null, and why.</summary>
    public static Checkpoint? Open(ReadOnlySpan<byte> note, VerifierKey key, out string problem)
    {
        if (SignedNote.Open(note, key, out problem) is not { } text) return null;
        if (Read(text, out problem) is not { } checkpoint) return null;
        problem = checkpoint.Origin == key.Name ? "" : $"it is of the journal {checkpoint.Origin}, and the key is of {key.Name}";
        return problem.Length == 0 ? checkpoint : null;
    }

    /// <summary>Reads a checkpoint and does not verify who signed it; null if it is not one, and why.</summary>
    internal static Checkpoint? Unverified(ReadOnlySpan<byte> note, out string problem)
    {
        problem = SignedNote.NotANote;
        return SignedNote.Unverified(note) is { } text ? Read(text, out problem) : null;
    }

    /// <summary>The text that is signed.</summary>
    public string Text() => string.Create(CultureInfo.InvariantCulture, $"{Origin}\n{Size}\n{Root}\n");

    private static Checkpoint? Read(string text, out string problem)
    {
        problem = "its text is not a checkpoint: three lines with the origin, the number of entries, and the root in base64";
        if (text[..^1].Split('\n') is not [var origin, var size, var root, .. var others] || others.Contains("")) return null;
        if (!long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number.ToString(CultureInfo.InvariantCulture) != size
            || !TreeHash.TryParse(root, out var hash)) return null;
        problem = "";
        return new(origin, number, hash);
    }
}
