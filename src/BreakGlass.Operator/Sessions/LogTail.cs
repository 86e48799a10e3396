using System.Security.Cryptography;
using BreakGlass.Core.Sessions;

namespace BreakGlass.Operator.Sessions;

/// <summary>
/// Reads whole lines of a log that others write, rotate and truncate. Each step finds the file by its first line again, so that nothing depends on a file that
/// stays open, and a restart goes on where the last one stopped, also in a file that was rotated meanwhile.
/// </summary>
/// <param name="file">The log. Rotated files are beside it: <c>audit-2026-….log</c> (the API server) or <c>audit.log.1</c> (logrotate).</param>
/// <param name="most">The most bytes of one step. Long texts in a longer line are cut; if it is still too long, it is left out.</param>
/// <param name="open">Opens a file; null to open it as others do who read while it is written.</param>
internal sealed class LogTail(string file, int most, Func<string, FileStream>? open = null)
{
    private const int LongestFirstLine = 4096;
    private const int Piece = 64 * 1024;

    private readonly Func<string, FileStream> _open = open ?? Open;

    /// <summary>The next lines after a position, and the position after them; null if there are none yet.</summary>
    /// <param name="from">The position; null for the beginning of the log.</param>
    /// <param name="isLost">Whether the file of the position does not exist any more, so that lines may be missing.</param>
    public (byte[] Lines, LogPosition After)? Next(LogPosition? from, out bool isLost)
    {
        var files = Files();
        var at = from is null ? files.FindIndex(f => f.Path == file) : files.FindLastIndex(f => f.Fingerprint == from.Fingerprint);
        isLost = from is not null && at < 0 && files.Count > 0;
        if (isLost) (at, from) = (files.FindIndex(f => f.Path == file), null);
        if (at < 0) return null;
        var offset = from?.Offset ?? 0;
        for (; at < files.Count; at++, offset = 0)
        {
            var lines = Read(files[at], ref offset, out var isOther);
            if (isOther) return null; // it was rotated in this moment: the next step finds it again
            if (lines is not null) return (lines, new(files[at].Fingerprint, offset));
        }

        return null;
    }

    /// <summary>The files with a whole first line, the oldest first and the log itself last.</summary>
    private List<(string Path, string Fingerprint)> Files()
    {
        var directory = Path.GetDirectoryName(Path.GetFullPath(file))!;
        var (name, stem, extension) = (Path.GetFileName(file), Path.GetFileNameWithoutExtension(file), Path.GetExtension(file));
        var rotated = Directory.EnumerateFiles(directory)
            .Where(f => Path.GetFileName(f) is var other && other != name && !other.EndsWith(".gz", StringComparison.Ordinal)
                && (other.StartsWith(name + ".", StringComparison.Ordinal)
                    || (other.StartsWith(stem + "-", StringComparison.Ordinal) && other.EndsWith(extension, StringComparison.Ordinal))))
            .OrderBy(File.GetLastWriteTimeUtc);
        return [.. rotated.Append(file).Select(f => (f, FingerprintOf(f))).Where(f => f.Item2 is not null).Select(f => (f.f, f.Item2!))];
    }

    private string? FingerprintOf(string path)
    {
        try
        {
            using var stream = _open(path);
            return FingerprintOf(stream);
        }
        catch (IOException)
        {
            // It was rotated away in this moment.
            return null;
        }
    }

    private static string? FingerprintOf(FileStream stream)
    {
        var buffer = new byte[LongestFirstLine];
        var read = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        var end = buffer.AsSpan(0, read).IndexOf((byte)'\n');
        return end < 0 && read < buffer.Length ? null : Convert.ToHexStringLower(SHA256.HashData(buffer.AsSpan(0, end < 0 ? read : end)));
    }

    /// <summary>
    /// Reads whole lines and moves the offset past them; null if there is none. The offset counts in the file that was found: if the path leads to another one
    /// by now, nothing is read.
    /// </summary>
    private byte[]? Read((string Path, string Fingerprint) found, ref long offset, out bool isOther)
    {
        isOther = true;
        try
        {
            using var stream = _open(found.Path);
            if (FingerprintOf(stream) != found.Fingerprint) return null;
            isOther = false;
            if (offset > stream.Length) offset = 0;
            stream.Position = offset;
            var buffer = new byte[(int)Math.Min(most, Math.Max(0, stream.Length - offset))];
            var read = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            var end = buffer.AsSpan(0, read).LastIndexOf((byte)'\n') + 1;
            if (end == 0 && read == most)
            {
                stream.Position = offset;
                return LongLine(stream, ref offset);
            }

            offset += end;
            return end == 0 ? null : buffer[..end];
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>One line that is longer than all that is read at once; null if its end is not there yet, empty if it is left out.</summary>
    private byte[]? LongLine(FileStream stream, ref long offset)
    {
        var (texts, line, end) = (new LongTexts(), new MemoryStream(), offset);
        var (piece, shorter) = (new byte[Piece], new byte[Piece + LongTexts.Slack]);
        while (stream.Read(piece) is > 0 and var read)
        {
            var newLine = piece.AsSpan(0, read).IndexOf((byte)'\n');
            var part = piece.AsSpan(0, newLine < 0 ? read : newLine + 1);
            end += part.Length;
            var kept = texts.Cut(part, shorter);
            if (line.Length <= most) line.Write(shorter.AsSpan(0, kept));
            if (newLine < 0) continue;
            offset = end;
            if (kept == 0 || shorter[kept - 1] != '\n') line.WriteByte((byte)'\n'); // of a line that was torn within a text
            return line.Length <= most ? line.ToArray() : [];
        }

        return null;
    }

    private static FileStream Open(string path) => new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
}
