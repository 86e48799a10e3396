using BreakGlass.Core.Journal;

namespace BreakGlass.Operator.Journal;

/// <summary>
/// A journal in a directory, usually of a PersistentVolume. A file gets its name only when all its bytes are on the disk: by a link, which fails if the name
/// is taken, or by a rename, which replaces.
/// </summary>
/// <param name="directory">The directory. It is created if it is missing.</param>
internal sealed class DirectoryStorage(string directory) : IJournalStorage
{
    /// <summary>Where files are written before they have their names. What a crash leaves here belongs to no journal.</summary>
    private const string Unfinished = "unfinished";

    public async Task<ReadOnlyMemory<byte>?> ReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            await using var stream = new FileStream(
                Place(path), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.Asynchronous);
            var bytes = new byte[(int)Math.Min(stream.Length, EntryBundle.LargestBundle + (2 * ushort.MaxValue))];
            return bytes.AsMemory(0, await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    public async Task<bool> CreateAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var place = Place(path);
        if (File.Exists(place)) return false;
        var written = await WriteAsync(place, content, cancellationToken);
        try
        {
            File.Move(written, place, overwrite: false);
            return true;
        }
        catch (IOException) when (File.Exists(place))
        {
            File.Delete(written);
            return false;
        }
    }

    public async Task ReplaceAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        File.Move(await WriteAsync(Place(path), content, cancellationToken), Place(path), overwrite: true);

    public Task DeleteFolderAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            Directory.Delete(Place(path), recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Deleted already, or it never was.
        }

        return Task.CompletedTask;
    }

    private string Place(string path) => Path.Combine(directory, path);

    private async Task<string> WriteAsync(string place, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Place(Unfinished));
        Directory.CreateDirectory(Path.GetDirectoryName(place)!);
        var written = Path.Combine(directory, Unfinished, Path.GetRandomFileName());
        await using var stream = new FileStream(written, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0, FileOptions.Asynchronous);
        await stream.WriteAsync(content, cancellationToken);
        stream.Flush(flushToDisk: true);
        return written;
    }
}
