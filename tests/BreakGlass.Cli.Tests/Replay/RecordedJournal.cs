using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using BreakGlass.Core.Api;
using BreakGlass.Core.Journal;
using TestKit.Builders;

namespace BreakGlass.Cli.Tests.Replay;

/// <summary>A journal in a directory, with recordings as the operator writes them.</summary>
internal sealed class RecordedJournal(string directory)
{
    /// <summary>The key that signs it.</summary>
    public static readonly SigningKey Key = SigningKey.Of("breakglass.example.com/test", [.. Enumerable.Repeat((byte)7, 32)]);

    private LogEdge _edge = LogEdge.Empty;

    /// <summary>Where it is.</summary>
    public string Directory { get; } = directory;

    /// <summary>A line of a recording.</summary>
    public static string Event(double at, string text, char code = 'o') =>
        $"[{at.ToString(System.Globalization.CultureInfo.InvariantCulture)},\"{code}\",\"{JsonEncodedText.Encode(text)}\"]\n";

    /// <summary>The first line of a recording.</summary>
    public static string Header => "{\"version\":2,\"width\":120,\"height\":30}\n";

    /// <summary>Appends entries and signs.</summary>
    public RecordedJournal Append(params IEnumerable<JournalEntry> entries)
    {
        var (after, files) = _edge.Append([.. entries.Select(e => (ReadOnlyMemory<byte>)e.Bytes())]);
        _edge = after;
        foreach (var file in files.Append(new(Checkpoint.Path, Checkpoint.Sign(_edge.Size, _edge.Root(), Key)))) Write(file.Path, file.Content.ToArray());
        return this;
    }

    /// <summary>Writes parts and their entries; the last part is the end of the stream.</summary>
    public RecordedJournal Record(
        BreakGlassGrant grant, string stream, string request, IReadOnlyList<string> parts, Func<RecordingPart, RecordingPart?>? change = null,
        DateTimeOffset? at = null)
    {
        var entries = new List<JournalEntry>();
        for (var i = 0; i < parts.Count; i++)
        {
            var file = Pack(parts[i]);
            var part = new RecordingPart
            {
                Stream = stream, Part = i, Last = i == parts.Count - 1 ? true : null, Hash = Convert.ToHexStringLower(SHA256.HashData(file)),
                Size = file.Length, StartedAt = at ?? A.Start.AddMinutes(1), EndsAfter = (i + 1) * 5000, Request = request,
            };
            Write(RecordingFile.PathOf(grant.Metadata.Uid!, stream, i)!, file);
            if (change is null || change(part) is { } changed) entries.Add(Entry(grant, change is null ? part : change(part)!));
        }

        return Append(entries);
    }

    /// <summary>The file of a part.</summary>
    public string FileOf(BreakGlassGrant grant, string stream, int part) =>
        Path.Combine(Directory, RecordingFile.PathOf(grant.Metadata.Uid!, stream, part)!);

    /// <summary>A grant that was used and is over.</summary>
    public static BreakGlassGrant Grant(string name = "inc-4711", string uid = "grant-1") => A.Grant(name: name, uid: uid) with
    {
        Status = new()
        {
            Phase = GrantPhase.Expired,
            ActivatedAt = A.Start,
            EndedAt = A.Start.AddMinutes(30),
            Transitions =
            [
                new() { At = A.Start, To = GrantPhase.Pending, Actor = "alice", Reason = "Requested" },
                new() { At = A.Start.AddSeconds(1), From = GrantPhase.Pending, To = GrantPhase.Active, Actor = "alice", Reason = "PolicyAllows" },
                new() { At = A.Start.AddMinutes(30), From = GrantPhase.Active, To = GrantPhase.Expired, Actor = "breakglass-operator", Reason = "Expired" },
            ],
        },
    };

    private static byte[] Pack(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal)) gzip.Write(Encoding.UTF8.GetBytes(text));
        return packed.ToArray();
    }

    private static JournalEntry Entry(BreakGlassGrant grant, RecordingPart part) => new()
    {
        Id = $"{grant.Metadata.Uid}/recording/{part.Stream}/{part.Part}", Type = EntryTypes.SessionRecording, Source = JournalEntry.Operator,
        Subject = GrantEntries.SubjectStart + grant.Metadata.Name, Time = part.StartedAt.AddMilliseconds(part.EndsAfter),
        Data = new() { Grant = grant.Metadata.Name, Policy = grant.Spec.Policy, Requester = "alice", Recording = part },
    };

    private void Write(string path, byte[] content)
    {
        var file = Path.Combine(Directory, path);
        System.IO.Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllBytes(file, content);
    }
}
