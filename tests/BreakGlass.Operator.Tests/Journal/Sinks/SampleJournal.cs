using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using BreakGlass.Core.Journal;
using BreakGlass.Operator.Journal;
using TestKit;

namespace BreakGlass.Operator.Tests.Journal.Sinks;

/// <summary>A journal in memory with entries of a grant.</summary>
internal sealed class SampleJournal
{
    public const string Origin = "breakglass.example.com/test";

    public static readonly SigningKey Key = SigningKey.Of(Origin, new byte[32]);

    private readonly FaultyStorage _storage = new();
    private int _entries;

    /// <summary>Raised after each operation of the storage.</summary>
    public Signal Changed => _storage.Changed;

    /// <summary>The ids of all entries, in their order.</summary>
    public IReadOnlyList<string> Ids => [.. Enumerable.Range(0, _entries).Select(i => string.Create(CultureInfo.InvariantCulture, $"0b5c/{i}"))];

    /// <summary>The ids in a batch of CloudEvents.</summary>
    public static IEnumerable<string> IdsOf(string batch) => JsonNode.Parse(batch)!.AsArray().Select(e => e!["id"]!.GetValue<string>());

    /// <summary>The position that is kept for a sink, as it is written.</summary>
    public string? Kept(string sink)
    {
        lock (_storage.Files) return _storage.Files.TryGetValue($"sink/{sink}", out var bytes) ? Encoding.ASCII.GetString(bytes) : null;
    }

    /// <summary>Sets the position of a sink, or removes it.</summary>
    public void Keep(string sink, string? position)
    {
        lock (_storage.Files)
        {
            if (position is null) _storage.Files.Remove($"sink/{sink}");
            else _storage.Files[$"sink/{sink}"] = Encoding.ASCII.GetBytes(position);
        }
    }

    public FaultyStorage.Writer Storage(int failsAfter = int.MaxValue, bool failsLate = false) =>
        new(_storage) { FailsAfter = failsAfter, FailsLate = failsLate };

    /// <summary>Appends entries, and gives the size of the journal.</summary>
    public async Task<long> AppendAsync(int count, string justification = "disk full", Action<long>? covers = null)
    {
        var log = new JournalLog(Storage(), Key) { Covers = covers ?? (_ => { }) };
        await log.OpenAsync(default);
        var entries = Enumerable.Range(_entries, count).Select(i => (ReadOnlyMemory<byte>)Entry(i, justification).Bytes()).ToList();
        for (var done = 0; done < count;) done += await log.AppendAsync([.. entries.Skip(done)], default);
        _entries += count;
        return log.Size;
    }

    public static JournalEntry Entry(int number, string justification = "disk full") => new()
    {
        Id = JournalEntry.IdOf("0b5c", number),
        Type = "dev.breakglass.grant.activated",
        Source = "breakglass-operator",
        Subject = "grants/inc-4711",
        Time = new DateTimeOffset(2026, 3, 2, 10, 0, 0, TimeSpan.Zero).AddSeconds(number),
        Data = new() { Grant = "inc-4711", Actor = "alice", Justification = justification },
    };

    public static JournalCopy Copy(int number, string justification = "disk full") => JournalCopy.Of(Origin, number, Entry(number, justification).Bytes());
}
