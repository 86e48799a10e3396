using BreakGlass.Operator.Options;

namespace BreakGlass.Operator.Journal;

/// <summary>The storage that the options name.</summary>
internal static class JournalStorages
{
    /// <summary>A storage of its own for each writer and reader: one in a bucket remembers which checkpoint it read. Null if there is no journal.</summary>
    public static IJournalStorage? Of(OperatorOptions options, TimeProvider time) =>
        options.JournalDirectory is { } directory ? new DirectoryStorage(directory, time)
        : JournalOptions.Of(options) is { } bucket ? BucketStorage.Open(bucket, time) : null;
}
