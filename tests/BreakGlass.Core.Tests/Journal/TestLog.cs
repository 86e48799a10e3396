using System.Globalization;
using System.Text;
using BreakGlass.Core.Journal;

namespace BreakGlass.Core.Tests.Journal;

/// <summary>A log in memory, with the files that a directory would have.</summary>
internal sealed class TestLog
{
    public const string Origin = "breakglass.example.com/test";

    private LogEdge _edge = LogEdge.Empty;

    public static SigningKey Key { get; } = SigningKey.Of(Origin, Seed(7));

    public Dictionary<string, byte[]> Files { get; } = new(StringComparer.Ordinal);

    /// <summary>The roots after each batch.</summary>
    public Dictionary<long, TreeHash> Roots { get; } = [];

    public long Size => _edge.Size;

    public TreeHash Root => _edge.Root();

    public LogReader Reader => path => Files.TryGetValue(path, out var bytes) ? bytes : (ReadOnlyMemory<byte>?)null;

    public static byte[] Seed(byte value) => [.. Enumerable.Repeat(value, 32)];

    /// <summary>A log with entries of different lengths, written in batches.</summary>
    public static TestLog Of(int size, int batch = int.MaxValue)
    {
        var log = new TestLog();
        log.Append([.. Enumerable.Range(0, size).Select(Entry)], batch);
        return log;
    }

    public static ReadOnlyMemory<byte> Entry(int index) =>
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{\"entry\":{index},\"text\":\"{new string('x', index * 7 % 40)}\"}}"));

    public void Append(IReadOnlyList<ReadOnlyMemory<byte>> entries, int batch = int.MaxValue)
    {
        for (var done = 0; done < entries.Count;)
        {
            var next = entries.Skip(done).Take(Math.Min(batch, _edge.Room)).ToList();
            var (after, files) = _edge.Append(next);
            foreach (var file in files) Files[file.Path] = file.Content.ToArray();
            (_edge, done) = (after, done + next.Count);
            Roots[_edge.Size] = _edge.Root();
        }

        Sign();
    }

    public void Sign(SigningKey? key = null) => Files[Checkpoint.Path] = Checkpoint.Sign(_edge.Size, _edge.Root(), key ?? Key);

    public JournalReport Check(byte[]? kept = null) => JournalCheck.Run(Reader, Key.Verifier, kept is null ? null : (ReadOnlyMemory<byte>?)kept);

    public TestLog Copy()
    {
        var copy = new TestLog { _edge = _edge };
        foreach (var (path, bytes) in Files) copy.Files[path] = [.. bytes];
        return copy;
    }
}
