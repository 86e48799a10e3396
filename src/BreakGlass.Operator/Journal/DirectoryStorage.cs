using BreakGlass.Core.Journal;

namespace BreakGlass.Operator.Journal;

/// <summary>
/// A journal in a directory, usually of a PersistentVolume. A file gets its name only when all its bytes are on the disk: by a link, which fails if the name
/// is taken, or by a rename, which replaces.
/// </summary>
/// <param name="directory">The directory. It is created if it is missing.</param>
/// <param name="time">Clock.</param>
/// <param name="link">Gives a file a second name; false if the name is taken.</param>
internal sealed class DirectoryStorage(string directory, TimeProvider time, Func<string, string, bool>? link = null) : IJournalStorage
{
    /// <summary>Another writer can be at work, and its clock can be another.</summary>
    internal static readonly TimeSpan Margin = TimeSpan.FromHours(1);

    /// <summary>Where files are written before they have their names. What a crash leaves here belongs to no journal.</summary>
    private const string Unfinished = "unfinished";

    private readonly Func<string, string, bool> _link = link ?? HardLink.Create;

    /// <summary>By path, what is on the disk already and has no name yet.</summary>
    private readonly ConcurrentDictionary<string, (ReadOnlyMemory<byte> Content, string Written)> _staged = new(StringComparer.Ordinal);

    private bool _wasThere;

    public Task PrepareAsync(CancellationToken cancellationToken) => TryAsync(async () =>
    {
        var folder = Place(Unfinished);
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.EnumerateFiles(folder))
        {
            if (time.GetUtcNow() - new DateTimeOffset(File.GetLastWriteTimeUtc(file)) > Margin) File.Delete(file);
        }

        var probe = await WriteAsync(folder, ReadOnlyMemory<byte>.Empty, cancellationToken);
        try
        {
            if (_link(probe, probe + ".link") && !_link(probe, probe + ".link")) return _wasThere = true;
        }
        catch (IOException e)
        {
            throw NoLinks(e);
        }
        finally
        {
            File.Delete(probe + ".link");
            File.Delete(probe);
        }

        throw NoLinks(null);
    });

    public Task<ReadOnlyMemory<byte>?> ReadAsync(string path, CancellationToken cancellationToken) => TryAsync(async () =>
    {
        try
        {
            await using var stream = new FileStream(
                Place(path), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.Asynchronous);
            var bytes = new byte[(int)Math.Min(stream.Length, EntryBundle.LargestBundle + (2 * ushort.MaxValue))];
            return bytes.AsMemory(0, await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException && (!_wasThere || Directory.Exists(directory)))
        {
            return (ReadOnlyMemory<byte>?)null;
        }
    });

    /// <summary>The disk synchronizes many files in little more time than one.</summary>
    public Task StageAsync(IReadOnlyList<LogFile> files, CancellationToken cancellationToken) => TryAsync(async () =>
    {
        // Of an attempt that ended before it needed them.
        foreach (var path in _staged.Keys) Discard(path);
        await Task.WhenAll(files.Select(file => Task.Run(
            async () => _staged[file.Path] = (file.Content, await WriteAsync(FolderOf(file.Path), file.Content, cancellationToken)), cancellationToken)));
        return true;
    });

    public Task<bool> CreateAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => TryAsync(async () =>
    {
        var place = Place(path);
        if (File.Exists(place)) return false;
        var written = await WrittenAsync(path, content, cancellationToken);
        try
        {
            return _link(written, place);
        }
        finally
        {
            File.Delete(written);
        }
    });

    public Task<bool> ReplaceAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => TryAsync(async () =>
    {
        File.Move(await WrittenAsync(path, content, cancellationToken), Place(path), overwrite: true);
        return true;
    });

    public Task<IReadOnlyList<string>> ListAsync(string folder, CancellationToken cancellationToken) => TryAsync(() =>
    {
        try
        {
            return Task.FromResult<IReadOnlyList<string>>([.. Directory.EnumerateFiles(Place(folder)).Select(file => $"{folder}/{Path.GetFileName(file)}")]);
        }
        catch (DirectoryNotFoundException)
        {
            return Task.FromResult<IReadOnlyList<string>>([]);
        }
    });

    public Task DeleteAsync(string path, CancellationToken cancellationToken) => TryAsync(() =>
    {
        if (File.Exists(Place(path))) File.Delete(Place(path));
        return Task.FromResult(true);
    });

    public Task DeleteFolderAsync(string path, CancellationToken cancellationToken) => TryAsync(() =>
    {
        try
        {
            Directory.Delete(Place(path), recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Deleted already, or it never was.
        }

        return Task.FromResult(true);
    });

    private string Place(string path) => Path.Combine(directory, path);

    private string FolderOf(string path) => Path.GetDirectoryName(Place(path))!;

    private void Discard(string path)
    {
        if (_staged.TryRemove(path, out var staged)) File.Delete(staged.Written);
    }

    private async Task<string> WrittenAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        if (_staged.TryGetValue(path, out var staged) && staged.Content.Span.SequenceEqual(content.Span) && _staged.TryRemove(path, out staged))
            return staged.Written;
        return await WriteAsync(FolderOf(path), content, cancellationToken);
    }

    private async Task<string> WriteAsync(string folder, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Place(Unfinished));
        Directory.CreateDirectory(folder);
        var written = Path.Combine(directory, Unfinished, Path.GetRandomFileName());
        await using var stream = new FileStream(written, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0, FileOptions.Asynchronous);
        await stream.WriteAsync(content, cancellationToken);
        stream.Flush(flushToDisk: true);
        return written;
    }

    /// <summary>What fails is said of the directory, and always in the same words: the name of a file that was to be written is another each time.</summary>
    private async Task<T> TryAsync<T>(Func<Task<T>> act)
    {
        try
        {
            return await act();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            var why = e is UnauthorizedAccessException ? "access is denied"
                : e.Message.IndexOf('\'', StringComparison.Ordinal) is > 0 and var quote ? e.Message[..quote].TrimEnd(' ', ':') : e.Message;
            throw new JournalException(
                $"the directory {directory} (--journal-directory) cannot be used: {why}. Make it writable for the operator, with free space.", e);
        }
    }

    private JournalException NoLinks(Exception? cause) => new(
        $"the file system of the directory {directory} (--journal-directory) has no hard links, so two operators could write at the same time. Use another "
            + "volume.", cause);
}
