using System.Security.Cryptography;
using BreakGlass.Core.Api;
using BreakGlass.Core.Journal;
using BreakGlass.Operator.Journal;

namespace Benchmarks;

/// <summary>
/// What the journal costs beside access that waits for it (see <see cref="Latency"/>): how fast entries are appended, and memory with a long one.
/// </summary>
internal sealed class JournalFigures(BenchmarkCluster cluster, Report report)
{
    private const int Long = 1_000_000;
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(15);

    private readonly SigningKey _key = SigningKey.Of("bench.example.com/journal", RandomNumberGenerator.GetBytes(SigningKey.SeedSize));

    public async Task MeasureAsync(CancellationToken cancellationToken)
    {
        await AppendAsync(cancellationToken);
        var keyFile = Path.Combine(cluster.Directory, "long-journal.key");
        await File.WriteAllTextAsync(keyFile, _key.ToSecretText(), cancellationToken);
        var directory = Path.Combine(cluster.Directory, "long-journal");
        var count = cluster.Options.Size(Long);
        Progress.Say($"writing a journal of {count:N0} entries");
        WriteLong(directory, count, cancellationToken);
        await cluster.EmptyAsync(cancellationToken);
        var without = await IdleMemoryAsync([], cancellationToken);
        var fresh = Path.Combine(cluster.Directory, "new-journal");
        var begun = await IdleMemoryAsync([$"--journal-directory={fresh}", $"--journal-key={keyFile}"], cancellationToken);
        var growth = await IdleMemoryAsync([$"--journal-directory={directory}", $"--journal-key={keyFile}"], cancellationToken) - begun;
        report.Add(new("resident memory, idle, more with a new journal than without", Text.Number(begun - without, "MB"), "", "", null));
        report.Add(new($"resident memory, idle, more with a journal of {count:N0} entries than with a new one", Text.Number(growth, "MB"), "", "≤ 10 MB",
            growth <= 10));
    }

    private async Task<double> IdleMemoryAsync(string[] options, CancellationToken cancellationToken)
    {
        await using var process = await OperatorUnderTest.StartAsync(cluster, null, cancellationToken, options);
        await Task.Delay(Settling, TimeProvider.System, cancellationToken);
        return process.Memory();
    }

    /// <summary>Whole bundles, each with its checkpoint, one after the other, every file synchronized to the disk.</summary>
    private async Task AppendAsync(CancellationToken cancellationToken)
    {
        var count = cluster.Options.Size(50_000);
        Progress.Say($"appending {count:N0} entries");
        var log = new JournalLog(new DirectoryStorage(Path.Combine(cluster.Directory, "appended"), TimeProvider.System), _key);
        await log.OpenAsync(cancellationToken);
        var began = TimeProvider.System.GetTimestamp();
        for (var next = 0; next < count;)
        {
            IReadOnlyList<ReadOnlyMemory<byte>> batch = [.. Enumerable.Range(next, Math.Min(Tile.FullWidth, count - next)).Select(Entry)];
            next += await log.AppendAsync(batch, cancellationToken);
        }

        var rate = count / TimeProvider.System.GetElapsedTime(began).TotalSeconds;
        report.Add(new("journal entries appended and signed, in a directory", Text.Number(rate, "/s"), "", "≥ 1000 /s", rate >= 1000));
    }

    private void WriteLong(string directory, int count, CancellationToken cancellationToken)
    {
        var edge = LogEdge.Empty;
        while (edge.Size < count)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var from = (int)edge.Size;
            var (next, files) = edge.Append([.. Enumerable.Range(from, Math.Min(edge.Room, count - from)).Select(Entry)]);
            foreach (var file in files) Write(file.Path, file.Content.Span);
            edge = next;
        }

        Write(Checkpoint.Path, Checkpoint.Sign(edge.Size, edge.Root(), _key));

        void Write(string path, ReadOnlySpan<byte> content)
        {
            var place = Path.Combine(directory, path);
            Directory.CreateDirectory(Path.GetDirectoryName(place)!);
            File.WriteAllBytes(place, content);
        }
    }

    /// <summary>Four transitions of a grant and its deletion, and now and then the list of what exists, as the operator writes them.</summary>
    private static ReadOnlyMemory<byte> Entry(int number) => number % JournalState.ListedEvery == 0
        ? new JournalState().List(number, At(number))[0].Bytes()
        : number % 5 == 4 ? GrantNotes.Deleted($"00000000-0000-0000-0000-{number / 5:d12}", $"inc-{number / 5}", At(number)).Bytes()
        : Transition(number);

    private static DateTimeOffset At(int number) => new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddSeconds(number);

    private static ReadOnlyMemory<byte> Transition(int number) => new JournalEntry
    {
        Id = JournalEntry.IdOf($"00000000-0000-0000-0000-{number / 5:d12}", number % 5),
        Type = GrantEntries.TypeOf(GrantPhase.Active),
        Source = "breakglass-operator",
        Subject = $"{GrantEntries.SubjectStart}inc-{number / 5}",
        Time = At(number),
        Data = new()
        {
            Grant = $"inc-{number / 5}", Policy = BenchmarkCluster.PolicyName, Requester = "alice", From = "Pending", To = "Active", Actor = "alice",
            Reason = "PolicyAllows",
        },
    }.Bytes();
}
