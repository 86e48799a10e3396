using System.IO.Compression;
using System.Text.Json.Nodes;
using BreakGlass.Cli.Tests.Support;
using BreakGlass.Core.Api;
using BreakGlass.Core.Journal;
using FluentAssertions;
using TestKit.Builders;
using Xunit;
using static BreakGlass.Cli.Tests.Replay.RecordedJournal;

namespace BreakGlass.Cli.Tests.Replay;

/// <summary>What the journal has of commands and recordings is in the report, and in the bundle with the proofs.</summary>
public sealed class RecordingEvidenceTests : IDisposable
{
    private const string Part = "recordings/grant-1/shell/000001.cast.gz";

    private static readonly BreakGlassGrant TheGrant = Grant();

    private readonly PluginHarness _plugin = new();
    private readonly RecordedJournal _journal;
    private readonly string _key;
    private readonly string _zip;

    public RecordingEvidenceTests()
    {
        _plugin.Server.Put(TheGrant);
        _journal = new RecordedJournal(Path.Combine(_plugin.Directory, "journal")).Append(GrantEntries.Of(TheGrant, 0));
        _journal.Append(SessionEntries.Of(TheGrant, "replica", 0,
        [
            Request("shell", "ResponseStarted", 1, "exec", 101, "bash -i"), Request("shell", "ResponseComplete", 7, "exec", 101, "bash -i"),
            Request("other", "ResponseComplete", 2, "exec", 403, "cat /etc/shadow"), Request("read", "ResponseComplete", 3, null, 200, null),
        ], 0, A.Start));
        _journal.Record(TheGrant, "shell", "exec in payments/web-1: bash -i", [Header + Event(1, "$ id\r\n"), Event(2, "$ exit\r\n")]);
        _key = _plugin.File("key.pub", Key.Verifier + "\n");
        _zip = Path.Combine(_plugin.Directory, "out.zip");
    }

    public void Dispose() => _plugin.Dispose();

    [Fact]
    public async Task With_a_journal_the_report_lists_every_command_and_the_recordings()
    {
        (await ReportAsync()).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().Contain("| from | until | pod | command | result | recording |")
            .And.Contain($"| {Time(1)} | {Time(7)} | payments/web-1 | bash -i | allowed | 1 |")
            .And.Contain($"| {Time(2)} | {Time(2)} | payments/web-1 | cat /etc/shadow | refused |  |")
            .And.Contain("| complete | exec in payments/web-1: bash -i |").And.Contain("Verified with the key breakglass.example.com/test");

        _plugin.Clear();
        (await ReportAsync("-o", "json")).Should().Be(0, _plugin.Error);
        var recording = JsonNode.Parse(_plugin.Out)!["recordings"]![0]!;
        recording["stream"]!.GetValue<string>().Should().Be("shell");
        recording["complete"]!.GetValue<bool>().Should().BeTrue();
        recording["parts"]!.AsArray().Should().HaveCount(2);
    }

    [Fact]
    public async Task What_was_executed_without_a_recording_and_a_recording_without_its_end_are_said_and_are_findings()
    {
        _journal.Append(SessionEntries.Of(TheGrant, "replica", 1,
        [
            Request("hidden", "ResponseStarted", 4, "exec", 101, "sh"),
            Request("cut", "ResponseStarted", 5, "exec", 101, "sh"), Request("cut", "ResponseComplete", 6, "exec", 101, "sh"),
        ], 0, A.Start));
        _journal.Record(TheGrant, "cut", "exec in payments/web-1: sh", [Header + Event(1, "$ ")], part => part with { Last = null });

        (await ReportAsync()).Should().Be(1);
        _plugin.Out.Should().Contain("| payments/web-1 | sh | allowed | missing |");
        _plugin.Error.Should().Contain($"error: The exec of {Time(4)} in payments/web-1 has no recording.")
            .And.Contain("error: Stream 1 has ended, and the end of its recording is missing.");

        _plugin.Clear();
        (await _plugin.RunAsync("replay", "inc-4711", "1", "--journal", _journal.Directory, "--key", _key)).Should().Be(1);
        _plugin.Error.Should().Contain("has no recording.").And.Contain("Stream 1 has ended");
    }

    [Fact]
    public async Task The_page_plays_the_recordings()
    {
        (await ReportAsync("-o", "html")).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().Contain("<h2>Recording 1</h2>").And.Contain("data-cast=\"cast-1\"").And.Contain("script-src 'sha256-")
            .And.Contain("has this hash");
    }

    [Fact]
    public async Task A_changed_recording_is_said_in_the_report_and_in_the_exit_code()
    {
        await File.WriteAllBytesAsync(Path.Combine(_journal.Directory, Part), [1]);
        (await ReportAsync()).Should().Be(1);
        _plugin.Error.Should().Contain("error: stream 1: Part 1 does not have the hash");
        _plugin.Out.Should().Contain("Part 1 does not have the hash");
    }

    [Fact]
    public async Task A_journal_that_does_not_verify_makes_no_report()
    {
        await File.WriteAllBytesAsync(Path.Combine(_journal.Directory, "checkpoint"), [1]);
        (await ReportAsync()).Should().Be(1);
        _plugin.Out.Should().BeEmpty();
    }

    [Fact]
    public async Task A_bundle_has_the_entries_of_recordings_and_the_files_if_they_are_wanted()
    {
        (await ReportAsync("--bundle", _zip)).Should().Be(0, _plugin.Error);
        Names().Should().NotContain(Part).And.Contain("entries/5.json");
        (await VerifyAsync()).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().Contain("dev.breakglass.session.recording");

        File.Delete(_zip);
        (await ReportAsync("--bundle", _zip, "--recordings")).Should().Be(0, _plugin.Error);
        Names().Should().Contain(Part);
        (await VerifyAsync()).Should().Be(0, _plugin.Error);
    }

    [Fact]
    public async Task A_changed_recording_in_a_bundle_is_found_and_the_entry_is_named()
    {
        await ReportAsync("--bundle", _zip, "--recordings");
        using (var zip = ZipFile.Open(_zip, ZipArchiveMode.Update))
        {
            zip.GetEntry(Part)!.Delete();
            using var changed = zip.CreateEntry(Part).Open();
            changed.Write([1, 2, 3]);
        }

        (await VerifyAsync()).Should().Be(1);
        _plugin.Error.Should().Contain($"error: entry 5: {Part} is not what this entry has the hash of");
    }

    [Fact]
    public async Task Recordings_are_only_for_a_bundle()
    {
        (await ReportAsync("--recordings")).Should().Be(2);
        _plugin.Error.Should().Contain("--bundle");
    }

    private static string Time(int minutes) => Core.Timestamp.Text(A.Start.AddMinutes(minutes));

    private static SessionEvent Request(string id, string stage, int minute, string? subresource, int code, string? command) => new()
    {
        AuditId = id, Stage = stage, ReceivedAt = A.Start.AddMinutes(stage == "ResponseStarted" ? minute : Math.Min(minute, 3)),
        At = A.Start.AddMinutes(minute), Verb = "create", Resource = "pods", Subresource = subresource, Namespace = "payments", Name = "web-1", Code = code,
        Command = command,
    };

    private List<string> Names()
    {
        using var zip = ZipFile.OpenRead(_zip);
        return [.. zip.Entries.Select(e => e.FullName)];
    }

    private Task<int> ReportAsync(params string[] flags) =>
        _plugin.RunAsync(["report", "inc-4711", .. flags, "--journal", _journal.Directory, "--key", _key]);

    private Task<int> VerifyAsync() => _plugin.RunAsync("journal", "verify", _zip, "--key", _key);
}
