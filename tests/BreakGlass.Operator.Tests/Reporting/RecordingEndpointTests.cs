using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using BreakGlass.Core.Api;
using BreakGlass.Core.Journal;
using BreakGlass.Operator.Journal;
using BreakGlass.Operator.Metrics;
using BreakGlass.Operator.Reporting;
using BreakGlass.Operator.Tests.Journal;
using FluentAssertions;
using Microsoft.AspNetCore.Http;
using Simulation;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Operator.Tests.Reporting;

/// <summary>A part of a recording is stored once and has one entry in the journal, wherever the gateway, a replica or the leader stops.</summary>
public sealed class RecordingEndpointTests : IDisposable
{
    private const string Stream = "9b1d4c9e-0000-4000-8000-000000000001";
    private const string Query = $"?grant=inc-4711&uid=grant-1&stream={Stream}&part=0&startedAt=2026-11-22T01:02:03.456Z&endsAfter=5000&request=exec";

    private static readonly SigningKey Key = SigningKey.Of("breakglass.example.com/test", [.. Enumerable.Repeat((byte)7, 32)]);

    private readonly FaultyStorage _storage = new();
    private readonly LogBook _logs = new();
    private readonly OperatorMetrics _metrics = new(() => throw new InvalidOperationException(), "1", [], []);
    private readonly Dictionary<string, BreakGlassGrant> _grants = [];
    private bool _hasSynced = true;

    public RecordingEndpointTests() => _grants["inc-4711"] = Grant();

    private IEnumerable<string> Spool => _storage.Files.Keys.Where(k => k.StartsWith("spool/", StringComparison.Ordinal));

    /// <inheritdoc/>
    public void Dispose()
    {
        _logs.Dispose();
        _metrics.Dispose();
    }

    [Fact]
    public async Task A_part_is_stored_and_its_entry_proves_it()
    {
        var part = Part("hello");
        (await PostAsync(Query + "&last=true&missing=17", part)).Should().Be((200, ""));
        await AppendAsync();

        var path = $"recordings/grant-1/{Stream}/000000.cast.gz";
        _storage.Files[path].Should().Equal(part);
        var entry = Recorded().Should().ContainSingle().Subject;
        (entry.Id, entry.Data.Grant, entry.Data.Policy, entry.Data.Requester).Should().Be(($"grant-1/recording/{Stream}/0", "inc-4711", "payments", "alice"));
        entry.Data.Recording.Should().Be(new RecordingPart
        {
            Stream = Stream, Part = 0, Last = true, Hash = Convert.ToHexStringLower(SHA256.HashData(part)), Size = part.Length,
            StartedAt = A.Start.AddMilliseconds(456), EndsAfter = 5000, Request = "exec", Missing = 17,
        });
        Spool.Should().BeEmpty();
        JournalCheck.RunFor(_storage.Reader, Key.Verifier, "inc-4711").Problems.Should().BeEmpty();
    }

    [Fact]
    public async Task A_part_that_is_sent_again_is_the_same_and_one_with_other_bytes_replaces_nothing()
    {
        var endpoint = Endpoint();
        (await PostAsync(Query, Part("a"), endpoint)).Code.Should().Be(200);
        (await PostAsync(Query, Part("a"), endpoint)).Code.Should().Be(200);
        (await PostAsync(Query, Part("a"), Endpoint("other"))).Code.Should().Be(200);
        await AppendAsync();
        (await PostAsync(Query, Part("b"))).Code.Should().Be(200);
        await AppendAsync();
        Recorded().Should().ContainSingle().Which.Data.Recording!.Hash.Should().Be(Convert.ToHexStringLower(SHA256.HashData(Part("a"))));
        _storage.Files[$"recordings/grant-1/{Stream}/000000.cast.gz"].ToArray().Should().Equal(Part("a"));
    }

    [Fact]
    public async Task Somebody_who_creates_the_file_of_the_next_part_does_not_stop_the_recording()
    {
        _storage.Files[$"recordings/grant-1/{Stream}/000000.cast.gz"] = "foreign"u8.ToArray();
        (await PostAsync(Query, Part("a"))).Code.Should().Be(200);
        (await PostAsync(Query, Part("a"), Endpoint("other"))).Code.Should().Be(200);
        await AppendAsync();
        var part = Recorded().Should().ContainSingle().Which.Data.Recording!;
        part.Apart.Should().BeTrue();
        var journal = JournalCheck.RunFor(_storage.Reader, Key.Verifier, "inc-4711");
        journal.Problems.Should().BeEmpty();
        var recording = JournalRecording.Of(journal.Entries).Single();
        JournalRecording.IsPart(part, _storage.Reader(recording.PathOf(part))!.Value.Span).Should().BeTrue();
    }

    [Fact]
    public async Task A_part_that_is_sent_again_after_its_entry_was_appended_by_another_leader_is_appended_once()
    {
        // So many entries that a leader that begins does not read those of the first part on its own.
        await AppendAsync(600);
        (await PostAsync(Query, Part("a"))).Code.Should().Be(200);
        await AppendAsync(600);
        await AppendAsync(600);
        (await PostAsync(Query, Part("a"))).Code.Should().Be(200);
        await AppendAsync();
        Recorded().Should().ContainSingle();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_storage_that_fails_at_any_operation_loses_and_doubles_nothing(bool late)
    {
        var hasFailed = true;
        for (var stop = 0; hasFailed; stop++)
        {
            _storage.Files.Clear();
            var writer = new FaultyStorage.Writer(_storage) { FailsAfter = stop, FailsLate = late };
            var (code, sentence) = await PostAsync(Query, Part("a"), Endpoint(storage: writer));
            hasFailed = writer.FailsAfter < 0;
            code.Should().Be(hasFailed ? 503 : 200);
            if (hasFailed)
            {
                sentence.Should().Contain("Send the part again");
                await AppendAsync();
                (await PostAsync(Query, Part("a"))).Code.Should().Be(200);
            }

            await AppendAsync();
            Recorded().Should().ContainSingle($"failed at operation {stop}");
            _storage.Files.Should().ContainKey($"recordings/grant-1/{Stream}/000000.cast.gz");
        }

        _logs.Lines.Should().OnlyContain(l => l.Contains($"failed to store part 0 of the recording {Stream} of grant inc-4711", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("part=0", "part=-1")]
    [InlineData("part=0", "part=1000000")]
    [InlineData("part=0", "")]
    [InlineData($"stream={Stream}", "stream=../../tile")]
    [InlineData("uid=grant-1", "uid=..")]
    [InlineData("grant=inc-4711", "grant=")]
    [InlineData("startedAt=2026-11-22T01:02:03.456Z", "startedAt=now")]
    [InlineData("startedAt=2026-11-22T01:02:03.456Z", "startedAt=9999-12-31T23:59:59Z")]
    [InlineData("endsAfter=5000", "endsAfter=9223372036854775807")]
    [InlineData("endsAfter=5000", "missing=x")]
    [InlineData("request=exec", "")]
    public async Task A_query_that_is_not_the_gateways_is_refused(string good, string bad)
    {
        (await PostAsync(Query.Replace(good, bad, StringComparison.Ordinal), Part("a"))).Code.Should().Be(400);
        _storage.Files.Should().BeEmpty();
    }

    [Fact]
    public async Task What_is_no_part_of_a_recorded_grant_is_refused()
    {
        (await PostAsync(Query.Replace("grant-1", "grant-2", StringComparison.Ordinal), Part("a"))).Code.Should().Be(404);
        (await PostAsync(Query.Replace("inc-4711", "inc-4712", StringComparison.Ordinal), Part("a"))).Code.Should().Be(404);
        (await PostAsync(Query, "no gzip"u8.ToArray())).Code.Should().Be(400);
        (await PostAsync(Query, [])).Code.Should().Be(400);
        (await PostAsync(Query + new string('x', 1021), Part("a"))).Code.Should().Be(400, "the text is too long");
        (await PostAsync(Query, Large(RecordingFile.MostBytes + 1))).Code.Should().Be(413);
        (await PostAsync(Query, Large(RecordingFile.MostBytes + 1), hasLength: false)).Code.Should().Be(413);
        (await PostAsync(Query, Part("a"), method: "PUT")).Code.Should().Be(405);
        _grants["inc-4711"] = Grant(s => s with { Recording = new() });
        (await PostAsync(Query, Part("a"))).Code.Should().Be(400);
        _grants["inc-4711"] = Grant(s => s with { Path = null });
        (await PostAsync(Query, Part("a"))).Code.Should().Be(400);
        _hasSynced = false;
        (await PostAsync(Query, Part("a"))).Code.Should().Be(503);
        _storage.Files.Should().BeEmpty();
    }

    [Fact]
    public async Task The_largest_part_and_one_of_a_grant_that_has_ended_are_stored()
    {
        _grants["inc-4711"] = Grant(s => s with { Phase = GrantPhase.Revoked, EndedAt = A.Start });
        (await PostAsync(Query, Large(RecordingFile.MostBytes))).Code.Should().Be(200);
        (await PostAsync(Query.Replace("part=0", "part=1", StringComparison.Ordinal), Large(RecordingFile.MostBytes), hasLength: false)).Code.Should().Be(200);
        await AppendAsync();
        Recorded().Should().HaveCount(2).And.OnlyContain(e => e.Data.Recording!.Size == RecordingFile.MostBytes);
    }

    [Fact]
    public async Task Many_parts_at_once_from_several_replicas_are_each_appended_once()
    {
        var endpoints = new[] { Endpoint("a"), Endpoint("b"), Endpoint("c") };
        await Task.WhenAll(Enumerable.Range(0, 60).SelectMany(part => endpoints.Take(1 + (part % 3)).Select(async endpoint =>
            (await PostAsync(Query.Replace("part=0", $"part={part}", StringComparison.Ordinal), Part($"{part}"), endpoint)).Code.Should().Be(200))));
        for (var round = 0; round < 3; round++) await AppendAsync();
        Recorded().Select(e => e.Data.Recording!.Part).Order().Should().Equal(Enumerable.Range(0, 60));
        JournalCheck.RunFor(_storage.Reader, Key.Verifier, "inc-4711").Problems.Should().BeEmpty();
    }

    private static BreakGlassGrant Grant(Func<GrantStatus, GrantStatus>? status = null)
    {
        var active = new GrantStatus
        {
            Phase = GrantPhase.Active, Path = SessionPath.Gateway, Recording = new() { Record = RecordingMode.Streams },
            Transitions = [new() { At = A.Start, To = GrantPhase.Active, JournalIndex = 0 }],
        };
        return new()
        {
            Metadata = new() { Name = "inc-4711", Uid = "grant-1" }, Spec = new() { Policy = "payments", Requester = new() { Username = "alice" } },
            Status = status?.Invoke(active) ?? active,
        };
    }

    private static byte[] Part(string text)
    {
        using var stored = new MemoryStream();
        using (var gzip = new GZipStream(stored, CompressionLevel.Fastest)) gzip.Write(Encoding.UTF8.GetBytes(text));
        return stored.ToArray();
    }

    private static byte[] Large(int length) => [0x1F, 0x8B, .. new byte[length - 2]];

    private RecordingEndpoint Endpoint(string observer = "replica", IJournalStorage? storage = null) => new(
        storage ?? new FaultyStorage.Writer(_storage), Key, observer, _grants.GetValueOrDefault, () => _hasSynced, _metrics, TimeProvider.System,
        _logs.CreateLogger("Gateway"));

    private async Task<(int Code, string Sentence)> PostAsync(
        string query, byte[] body, RecordingEndpoint? endpoint = null, string method = "POST", bool hasLength = true)
    {
        var context = new DefaultHttpContext();
        using var answer = new MemoryStream();
        (context.Request.Method, context.Request.Path, context.Request.QueryString) = (method, RecordingEndpoint.Path, new(query));
        (context.Request.Body, context.Response.Body) = (new MemoryStream(body), answer);
        if (hasLength) context.Request.ContentLength = body.Length;
        await (endpoint ?? Endpoint($"replica-{Guid.NewGuid()}")).ServeAsync(context);
        return (context.Response.StatusCode, Encoding.UTF8.GetString(answer.ToArray()));
    }

    /// <summary>A leader that begins appends what is handed over, and other entries.</summary>
    private async Task AppendAsync(int others = 0)
    {
        var storage = new FaultyStorage.Writer(_storage);
        var writer = new JournalWriter(new(storage, Key));
        var spool = new JournalSpool(storage, Key.Verifier, _ => { }, TimeProvider.System, _logs.CreateLogger("Journal"));
        writer.Covered += entries =>
        {
            foreach (var entry in entries) spool.Take(entry);
        };
        await writer.CatchUpAsync(() => long.MaxValue, default);
        while (await spool.EmptyAsync(writer, default) > 0) await Task.Yield();
        var entries = Enumerable.Range(0, others).Select(_ => SessionEntries.Of(Grant(), $"{Guid.NewGuid()}", 0, [], 1, A.Start)).ToList();
        if (entries.Count > 0) (await writer.AppendAsync(entries, _ => { }, default)).Should().BeTrue();
    }

    private List<JournalEntry> Recorded()
    {
        var size = _storage.Files.TryGetValue(Checkpoint.Path, out var note) ? Checkpoint.Open(note, Key.Verifier, out _)!.Size : 0;
        return [.. JournalEntries.Read(_storage.Reader, size).Select(e => JournalEntry.Read(e.Bytes)!).Where(e => e.Type == EntryTypes.SessionRecording)];
    }
}
