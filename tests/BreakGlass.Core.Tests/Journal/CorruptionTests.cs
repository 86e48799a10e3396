using BreakGlass.Core.Journal;
using FluentAssertions;
using Xunit;

namespace BreakGlass.Core.Tests.Journal;

/// <summary>Ten thousand random corruptions of small journals, all found. The seed is fixed; a failure names the corruption.</summary>
public sealed class CorruptionTests
{
    private const int Corruptions = 10_000;

    [Fact]
    public void Every_corruption_is_found_and_one_of_entries_names_the_first_entry()
    {
        var random = new Random(4711);
        TestLog[] logs = [.. new[] { 1, 2, 3, 5, 8, 13, 21, 40 }.Select(size => TestLog.Of(size)), TestLog.Of(256), TestLog.Of(300)];
        for (var i = 0; i < Corruptions; i++)
        {
            // The large ones are slow, and one in a hundred is enough.
            var original = logs[i % 100 < 2 ? logs.Length - 1 - (i % 100) : random.Next(logs.Length - 2)];
            var log = original.Copy();
            var path = log.Files.Keys.Order(StringComparer.Ordinal).ElementAt(random.Next(log.Files.Count));
            var (what, changed) = Corrupt(log.Files[path], random);
            if (changed is { } bytes && bytes.AsSpan().SequenceEqual(log.Files[path])) continue;
            if (changed is null) log.Files.Remove(path);
            else log.Files[path] = changed;

            var report = log.Check();
            report.IsGood.Should().BeFalse($"corruption {i}: {what} in {path} of {original.Size} entries");
            if (FirstChanged(original, log, path) is { } entry)
            {
                Names(report, entry).Should().BeTrue($"corruption {i}: {what} in {path}, entry {entry}: {string.Join("; ", report.Problems)}");
            }
        }
    }

    [Fact]
    public void Every_change_of_the_list_of_entries_is_found_and_names_the_first_entry()
    {
        var random = new Random(4712);
        for (var i = 0; i < 1000; i++)
        {
            var log = TestLog.Of(random.Next(2, 30));
            var path = log.Files.Keys.Single(p => p.StartsWith("tile/entries/", StringComparison.Ordinal));
            var entries = EntryBundle.Read(log.Files[path], out _).ToList();
            var (one, other) = (random.Next(entries.Count), random.Next(entries.Count));
            switch (random.Next(4))
            {
                case 0: entries.RemoveAt(one); break;
                case 1: entries.Insert(one, TestLog.Entry(random.Next(1000, 2000))); break;
                case 2: (entries[one], entries[other]) = (entries[other], entries[one]); break;
                default: entries[one] = entries[other]; break;
            }

            var bytes = EntryBundle.Write(entries);
            if (bytes.AsSpan().SequenceEqual(log.Files[path])) continue;
            var original = log.Copy();
            log.Files[path] = bytes;
            var entry = FirstChanged(original, log, path)!.Value;
            var report = log.Check();
            Names(report, entry).Should().BeTrue($"change {i}, entry {entry}: {string.Join("; ", report.Problems)}");
        }
    }

    private static bool Names(JournalReport report, long entry) => report.Problems.Any(p => p.First <= entry && p.Last >= entry);

    internal static (string What, byte[]? Bytes) Corrupt(byte[] bytes, Random random)
    {
        var at = random.Next(bytes.Length);
        switch (random.Next(8))
        {
            case 0:
                return ("the file was deleted", null);
            case 1:
                return ($"cut off at {at}", bytes[..at]);
            case 2:
                return ("bytes added at the end", [.. bytes, .. random.GetItems(bytes, random.Next(1, 5))]);
            case 3:
                return ($"a byte removed at {at}", [.. bytes[..at], .. bytes[(at + 1)..]]);
            case 4:
                return ($"a byte inserted at {at}", [.. bytes[..at], (byte)random.Next(256), .. bytes[at..]]);
            case 5:
                return ($"bytes from {at} on in another order", [.. bytes[..at], .. bytes[at..].Reverse()]);
            default:
                byte[] flipped = [.. bytes];
                flipped[at] ^= (byte)(1 << random.Next(8));
                return ($"a bit flipped at {at}", flipped);
        }
    }

    /// <summary>The first entry that is not there as it was; null if the file holds no entries.</summary>
    private static long? FirstChanged(TestLog before, TestLog after, string path)
    {
        if (!path.StartsWith("tile/entries/", StringComparison.Ordinal)) return null;
        var start = path.StartsWith("tile/entries/001", StringComparison.Ordinal) ? Tile.FullWidth : 0;
        var (was, now) = (EntryBundle.Read(before.Files[path], out _), after.Files.TryGetValue(path, out var bytes) ? EntryBundle.Read(bytes, out _) : []);
        for (var i = 0; i < was.Count; i++)
        {
            if (i == now.Count || !now[i].Span.SequenceEqual(was[i].Span)) return start + i;
        }

        return start + was.Count - 1;
    }
}
