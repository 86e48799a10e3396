namespace BreakGlass.Operator.Journal;

/// <summary>Where a journal is stored. Paths have slashes, and come from the journal alone.</summary>
internal interface IJournalStorage
{
    /// <summary>Reads a file; null if it does not exist.</summary>
    Task<ReadOnlyMemory<byte>?> ReadAsync(string path, CancellationToken cancellationToken);

    /// <summary>Creates a file with all its bytes or not at all; false if there is one already, which stays as it is.</summary>
    Task<bool> CreateAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>Replaces a file, or creates it. Who reads it gets the old bytes or the new ones.</summary>
    Task ReplaceAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>Deletes a folder and what is in it, if it exists.</summary>
    Task DeleteFolderAsync(string path, CancellationToken cancellationToken);
}
