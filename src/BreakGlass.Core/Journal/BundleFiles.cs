using System.Security.Cryptography;

namespace BreakGlass.Core.Journal;

/// <summary>
/// The files with the evidence of one grant: the report, the grant's entries, the proof of each, the checkpoint and the public key. They can be verified
/// without the journal and without a cluster (<see cref="BundleCheck"/>).
/// </summary>
public static class BundleFiles
{
    /// <summary>The report as data, which is compared with the entries.</summary>
    public const string Report = "report.json";

    /// <summary>The member of the report that holds the grant.</summary>
    public const string Grant = "grant";

    /// <summary>The public key, for people who have it from another place and want to compare. Nothing is verified with it.</summary>
    public const string Key = "key.pub";

    /// <summary>The hash of each other file, as <c>sha256sum</c> writes it.</summary>
    public const string Sums = "SHA256SUMS";

    /// <summary>The largest number of entries.</summary>
    public const int MostEntries = 10_000;

    /// <summary>The largest number of files: an entry, its proof, and some more. Recordings take the place of entries.</summary>
    public const int MostFiles = (2 * MostEntries) + 16;

    /// <summary>The most bytes of the files of recordings.</summary>
    public const int MostRecordingBytes = 128 * 1024 * 1024;

    private const string EntryStart = "entries/";
    private const string EntryEnd = ".json";
    private const string ProofStart = "proofs/";
    private const string ProofEnd = ".tlog-proof";

    /// <summary>Where an entry is.</summary>
    public static string EntryPath(long index) => string.Create(CultureInfo.InvariantCulture, $"{EntryStart}{index}{EntryEnd}");

    /// <summary>Where the proof of an entry is.</summary>
    public static string ProofPath(long index) => string.Create(CultureInfo.InvariantCulture, $"{ProofStart}{index}{ProofEnd}");

    /// <summary>The position of the entry that a file is about; null if it is about none.</summary>
    public static long? IndexOf(string path)
    {
        var (start, end) = path.StartsWith(EntryStart, StringComparison.Ordinal) ? (EntryStart, EntryEnd) : (ProofStart, ProofEnd);
        if (!path.StartsWith(start, StringComparison.Ordinal) || !path.EndsWith(end, StringComparison.Ordinal) || path.Length <= start.Length + end.Length)
            return null;
        return long.TryParse(path[start.Length..^end.Length], NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            && (path == EntryPath(index) || path == ProofPath(index)) ? index : null;
    }

    /// <summary>Makes the files, in the order of their paths.</summary>
    /// <param name="report">The entries, as they were verified.</param>
    /// <param name="key">The public key.</param>
    /// <param name="reports">The report in its forms, among them <see cref="Report"/>.</param>
    /// <param name="recordings">The files of recordings, with their paths in the journal.</param>
    /// <exception cref="JournalException">There are too many entries, or too much is recorded.</exception>
    public static IReadOnlyList<LogFile> Write(
        GrantReport report, VerifierKey key, IEnumerable<LogFile> reports, IReadOnlyList<LogFile>? recordings = null)
    {
        recordings ??= [];
        if (report.Entries.Count > MostEntries) throw new JournalException(
            $"the grant has {report.Entries.Count} entries, and a bundle holds at most {MostEntries}. Copy the journal, and use 'journal verify --grant'.");
        var size = recordings.Sum(f => (long)f.Content.Length);
        if (size > MostRecordingBytes || (2 * report.Entries.Count) + recordings.Count + 8 > MostFiles) throw new JournalException(
            $"the recordings have {recordings.Count} files and {size >> 20} MiB, which is more than a bundle holds. Make it without --recordings, and copy "
                + $"the folder {RecordingFile.Folder} of the journal.");
        List<LogFile> files = [.. reports, .. recordings, new(Checkpoint.Path, report.Note), new(Key, Encoding.UTF8.GetBytes($"{key}\n"))];
        foreach (var entry in report.Entries)
        {
            files.Add(new(EntryPath(entry.Index), entry.Bytes));
            files.Add(new(ProofPath(entry.Index), new LogProof(entry.Index, entry.Proof, report.Note).Bytes()));
        }

        files.Add(new(Sums, Encoding.UTF8.GetBytes(SumsOf(files.ToDictionary(f => f.Path, f => f.Content, StringComparer.Ordinal)))));
        return [.. files.OrderBy(f => f.Path, StringComparer.Ordinal)];
    }

    /// <summary>The text of <see cref="Sums"/> for these files.</summary>
    internal static string SumsOf(IReadOnlyDictionary<string, ReadOnlyMemory<byte>> files)
    {
        var text = new StringBuilder();
        foreach (var path in files.Keys.Where(p => p != Sums).Order(StringComparer.Ordinal))
        {
            text.Append(Convert.ToHexStringLower(SHA256.HashData(files[path].Span))).Append("  ").Append(path).Append('\n');
        }

        return text.ToString();
    }
}
