using BreakGlass.Core.Journal;
using BreakGlass.Operator.Journal;
using TestKit;

namespace BreakGlass.Operator.Tests.Journal;

/// <summary>A storage in memory. A writer that goes through a <see cref="Writer"/> can be stopped at any of its operations.</summary>
internal sealed class FaultyStorage
{
    public Dictionary<string, byte[]> Files { get; } = new(StringComparer.Ordinal);

    /// <summary>Raised after each operation.</summary>
    public Signal Changed { get; } = new();

    public LogReader Reader => path => Files.TryGetValue(path, out var bytes) ? bytes : (ReadOnlyMemory<byte>?)null;

    /// <summary>Every checkpoint that was ever there.</summary>
    public List<byte[]> Checkpoints { get; } = [];

    /// <summary>One writer's way to the storage.</summary>
    internal sealed class Writer(FaultyStorage storage) : IJournalStorage
    {
        /// <summary>The number of operations after which this writer fails; each has then happened or not.</summary>
        public int FailsAfter { get; set; } = int.MaxValue;

        /// <summary>Whether the operation that fails has happened.</summary>
        public bool FailsLate { get; set; }

        /// <summary>Called before each operation.</summary>
        public Func<string, Task> Before { get; set; } = _ => Task.CompletedTask;

        public Task PrepareAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task<ReadOnlyMemory<byte>?> ReadAsync(string path, CancellationToken cancellationToken) =>
            DoAsync($"read {path}", () => storage.Reader(path));

        public Task<bool> CreateAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
            DoAsync($"create {path}", () => storage.Files.TryAdd(path, content.ToArray()));

        public Task<bool> ReplaceAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => DoAsync($"replace {path}", () =>
        {
            storage.Checkpoints.Add(content.ToArray());
            storage.Files[path] = content.ToArray();
            return true;
        });

        public Task<IReadOnlyList<string>> ListAsync(string folder, CancellationToken cancellationToken) => DoAsync($"list {folder}",
            () => (IReadOnlyList<string>)[.. storage.Files.Keys.Where(f => f.StartsWith(folder + "/", StringComparison.Ordinal))]);

        public Task DeleteAsync(string path, CancellationToken cancellationToken) => DoAsync($"delete {path}", () => storage.Files.Remove(path));

        public Task DeleteFolderAsync(string path, CancellationToken cancellationToken) => DoAsync($"delete {path}", () =>
        {
            foreach (var file in storage.Files.Keys.Where(f => f.StartsWith(path + "/", StringComparison.Ordinal)).ToList()) storage.Files.Remove(file);
            return true;
        });

        private async Task<T> DoAsync<T>(string what, Func<T> act)
        {
            await Before(what);
            try
            {
                lock (storage.Files)
                {
                    if (FailsAfter-- > 0) return act();
                    if (FailsLate) act();
                }
            }
            finally
            {
                storage.Changed.Raise();
            }

            throw new IOException("the storage is gone");
        }
    }
}
