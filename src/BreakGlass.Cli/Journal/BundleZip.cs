using System.Buffers.Binary;
using System.IO.Compression;
using BreakGlass.Core.Journal;

namespace BreakGlass.Cli.Journal;

/// <summary>
/// The files of a bundle in one zip file. The same files make the same bytes: names are sorted, and times are fixed. Nothing is extracted to the disk, and
/// what is read is bounded before it is read: the zip file can come from anybody.
/// </summary>
internal static class BundleZip
{
    private const int LargestZip = (64 * 1024 * 1024) + BundleFiles.MostRecordingBytes;
    private const int LargestFile = 16 * 1024 * 1024;
    private const int LargestSum = (256 * 1024 * 1024) + BundleFiles.MostRecordingBytes;
    private const int MostFiles = BundleFiles.MostFiles;
    private const int LargestDirectory = MostFiles * 256;

    // The record at the end of a zip file, without a comment.
    private const int EndSize = 22;
    private const uint EndSignature = 0x06054b50;

    private static readonly DateTimeOffset Time = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Writes a zip file.</summary>
    public static byte[] Write(IEnumerable<LogFile> files)
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var file in files.OrderBy(f => f.Path, StringComparer.Ordinal))
            {
                var entry = zip.CreateEntry(file.Path, CompressionLevel.Optimal);
                entry.LastWriteTime = Time;
                using var content = entry.Open();
                content.Write(file.Content.Span);
            }
        }

        return stream.ToArray();
    }

    /// <summary>Reads a zip file.</summary>
    /// <exception cref="CliException">It is not a zip file, or not one that a bundle can be.</exception>
    public static Dictionary<string, ReadOnlyMemory<byte>> Read(string file)
    {
        var bytes = JournalDirectory.Read(file, LargestZip + 1) ?? throw new CliException(ExitCodes.NotFound, $"there is no file '{file}'.");
        if (bytes.Length > LargestZip) throw NotABundle(file, $"is larger than {LargestZip / 1024 / 1024} MiB");
        if (!IsBounded(bytes.Span)) throw NotABundle(file, "is not a zip file, was cut off, or has more files than a bundle can have");
        try
        {
            using var zip = new ZipArchive(new MemoryStream(bytes.ToArray(), writable: false), ZipArchiveMode.Read);
            var files = new Dictionary<string, ReadOnlyMemory<byte>>(StringComparer.Ordinal);
            var left = LargestSum;
            foreach (var entry in zip.Entries.Where(e => !e.FullName.EndsWith('/')))
            {
                using var content = entry.Open();
                var read = ReadBounded(content, Math.Min(left, LargestFile)) ?? throw NotABundle(file, "contains more bytes than a bundle can contain");
                left -= read.Length;
                if (!files.TryAdd(entry.FullName, read)) throw NotABundle(file, $"contains {entry.FullName} twice");
            }

            return files;
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or NotSupportedException or ArgumentException or OverflowException)
        {
            throw NotABundle(file, "is damaged, so that a file in it cannot be read");
        }
    }

    /// <summary>Whether the list of the files is short, and directly before the end: a reader that finds it there reads no more than that.</summary>
    private static bool IsBounded(ReadOnlySpan<byte> zip)
    {
        if (zip.Length < EndSize) return false;
        var end = zip[^EndSize..];
        var (size, offset) = (BinaryPrimitives.ReadUInt32LittleEndian(end[12..]), BinaryPrimitives.ReadUInt32LittleEndian(end[16..]));
        return BinaryPrimitives.ReadUInt32LittleEndian(end) == EndSignature
            && BinaryPrimitives.ReadUInt16LittleEndian(end[10..]) <= MostFiles
            && size <= LargestDirectory
            && (long)size + offset == zip.Length - EndSize;
    }

    /// <summary>All bytes of a stream; null if there are more than allowed.</summary>
    private static byte[]? ReadBounded(Stream stream, int most)
    {
        using var read = new MemoryStream();
        var buffer = new byte[16 * 1024];
        for (int count; (count = stream.Read(buffer)) > 0;)
        {
            if (read.Length + count > most) return null;
            read.Write(buffer, 0, count);
        }

        return read.ToArray();
    }

    private static CliException NotABundle(string file, string why) =>
        new(ExitCodes.Error, $"'{file}' {why}. Use a file from 'kubectl breakglass report --bundle'.");
}
