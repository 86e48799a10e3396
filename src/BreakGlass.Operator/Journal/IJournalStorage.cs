using BreakGlass.Core.Journal;

namespace BreakGlass.Operator.Journal;

/// <summary>Where a journal is stored. Paths have slashes, and come from the journal alone.</summary>
internal interface IJournalStorage
{
    /// <summary>Checks, before a writer begins, that the storage can keep two writers apart, and deletes what crashes left.</summary>
    Task PrepareAsync(CancellationToken cancellationToken);

    /// <summary>Reads a file; null if it does not exist.</summary>
    Task<ReadOnlyMemory<byte>?> ReadAsync(string path, CancellationToken cancellationToken);

    /// <summary>
    /// Takes files that are about to be created or replaced, in this order, so that a storage that needs time to make bytes durable needs it once for all of
    /// them. None of them is there before it is created.
    /// </summary>
    Task StageAsync(IReadOnlyList<LogFile> files, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Creates a file with all its bytes or not at all; false if there is one already, which stays as it is.</summary>
    Task<bool> CreateAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>
    /// Replaces a file, or creates it. Who reads it gets the old bytes or the new ones. False if the storage can tell that somebody else has written the file
    /// since it was last read here; then nothing was written.
    /// </summary>
    Task<bool> ReplaceAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>The paths of the files in a folder, not in the folders below it; none if it does not exist.</summary>
    Task<IReadOnlyList<string>> ListAsync(string folder, CancellationToken cancellationToken);

    /// <summary>Deletes a file, if it exists.</summary>
    Task DeleteAsync(string path, CancellationToken cancellationToken);

    /// <summary>Deletes a folder and what is in it, if it exists.</summary>
    Task DeleteFolderAsync(string path, CancellationToken cancellationToken);
}
