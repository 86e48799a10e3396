using System.Text.RegularExpressions;
using BreakGlass.Cli.Tests.Support;
using BreakGlass.Core.Api;
using BreakGlass.Core.Journal;
using FluentAssertions;
using TestKit;
using TestKit.Builders;
using Xunit;
using static BreakGlass.Cli.Tests.Replay.RecordedJournal;

namespace BreakGlass.Cli.Tests.Replay;

/// <summary><c>replay</c> plays what the journal has the hashes of, and nothing else.</summary>
public sealed partial class ReplayTests : IDisposable
{
    private const string Reset = "\e[0m\e(B\e)B\u000F\e[4l\e[?7h\e[?25h\n";

    private static readonly BreakGlassGrant TheGrant = Grant();

    private readonly PluginHarness _plugin = new();
    private readonly RecordedJournal _journal;
    private readonly string _key;

    public ReplayTests()
    {
        _journal = new RecordedJournal(Path.Combine(_plugin.Directory, "journal")).Append(GrantEntries.Of(TheGrant, 0));
        _key = _plugin.File("key.pub", Key.Verifier + "\n");
    }

    public void Dispose() => _plugin.Dispose();

    [Fact]
    public async Task The_only_stream_is_printed_as_text_if_no_person_reads()
    {
        Shell();
        (await RunAsync()).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().Be("$ id\nuid=0(root)\n[0;evil]$ exit\n[52;c;ZXZpbA==]\n");
        _plugin.Error.Should().Be($"inc-4711, stream 1 of 1: {Core.Timestamp.Text(A.Start.AddMinutes(1))}, 10s: exec in payments/web-1: bash -i\n");
    }

    [Fact]
    public async Task In_a_terminal_it_is_played_at_its_times()
    {
        Shell();
        _plugin.OutIsTerminal = true;
        var run = RunAsync("--speed", "2");
        await _plugin.Clock.WhenTimerArmed(TimeSpan.FromSeconds(0.5));
        _plugin.Out.Should().BeEmpty("the first output came after a second, and it is played twice as fast");
        _plugin.Clock.Advance(TimeSpan.FromSeconds(0.5));
        await _plugin.Clock.WhenTimerArmed(TimeSpan.FromSeconds(1));
        _plugin.Out.Should().Be("\e[1m$\e[0m id\r\nuid=0(root)\r\n");
        _plugin.Clock.Advance(TimeSpan.FromSeconds(1));
        (await run).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().Be("\e[1m$\e[0m id\r\nuid=0(root)\r\n$ exit\r\n" + Reset, "the pause of an hour has two seconds, and the title is not set");
    }

    [Fact]
    public async Task Text_is_printed_at_once_also_in_a_terminal_and_in_one_without_sequences_always()
    {
        Shell();
        _plugin.OutIsTerminal = true;
        (await RunAsync("--text")).Should().Be(0, _plugin.Error);
        _plugin["TERM"] = "dumb";
        (await RunAsync()).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().NotContain("\e").And.Contain("$ id\nuid=0(root)\n");
    }

    [Fact]
    public async Task What_the_gateway_noted_is_said_at_the_end()
    {
        _journal.Record(TheGrant, "s", "exec", [Header + Event(1, "a\n") + Event(65, "the grant was revoked\e[2J", 'm')]);
        (await RunAsync()).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().Be("a\n");
        _plugin.Error.Should().EndWith("1m5s: the grant was revoked\\u{1B}[2J\n");
    }

    [Fact]
    public async Task After_Ctrl_C_the_terminal_is_as_before()
    {
        _journal.Record(TheGrant, "s-1", "exec in payments/web-1: vi", [Header + Event(0, "\e[?1049h\e[?25l") + Event(60, "never")]);
        _plugin.OutIsTerminal = true;
        using var stop = new CancellationTokenSource();
        var run = _plugin.RunAsync(stop.Token, "replay", "inc-4711", "--journal", _journal.Directory, "--key", _key);
        await _plugin.Clock.WhenTimerArmed(TimeSpan.FromSeconds(2));
        await stop.CancelAsync();
        (await run).Should().Be(130);
        _plugin.Out.Should().Be("\e[?1049h\e[?25l\e[?1049l" + Reset);
    }

    [Fact]
    public async Task Several_streams_are_listed_and_one_is_chosen_by_number_or_id()
    {
        Shell();
        _journal.Record(TheGrant, "second", "exec in payments/db-0: psql", [Header + Event(1, "select\r\n"), Event(2, "more")],
            part => part with { Last = null, Request = part.Request + "\e[31m" }, A.Start.AddMinutes(3));
        (await RunAsync()).Should().Be(0, _plugin.Error);
        Golden.Check(Size().Replace(_plugin.Out, "NNN B"), "list.txt");
        _plugin.Error.Should().Contain("replay inc-4711 NUMBER");

        foreach (var stream in (string[])["2", "second"])
        {
            _plugin.Clear();
            (await RunAsync(stream)).Should().Be(0, _plugin.Error);
            _plugin.Out.Should().Be("select\nmore\n");
            _plugin.Error.Should().Contain("stream 2 of 2").And.Contain("has no end");
        }

        foreach (var stream in (string[])["0", "3", "x"]) (await RunAsync(stream)).Should().Be(4);
        _plugin.Error.Should().Contain("no recorded stream 'x'");
    }

    [Fact]
    public async Task Of_a_part_with_another_hash_nothing_is_played()
    {
        Shell();
        var file = _journal.FileOf(TheGrant, "shell", 0);
        var bytes = await File.ReadAllBytesAsync(file);
        bytes[4] ^= 1; // the time in the header of gzip: it unpacks to the same
        await File.WriteAllBytesAsync(file, bytes);
        (await RunAsync()).Should().Be(1);
        _plugin.Out.Should().Be("$ exit\n[52;c;ZXZpbA==]\n");
        _plugin.Error.Should().Contain("error: Part 0 does not have the hash");
    }

    [Fact]
    public async Task A_missing_file_and_a_missing_entry_are_said_and_are_findings()
    {
        _journal.Record(TheGrant, "s", "exec", [Header + Event(1, "a\n"), Event(2, "b\n"), Event(3, "c\n"), Event(4, "d\n")],
            part => part.Part == 1 ? null : part);
        (await RunAsync()).Should().Be(1);
        _plugin.Out.Should().Be("a\nc\nd\n", "a part without an entry is not proven");
        _plugin.Error.Should().Contain("Part 1 is missing: the journal has no entry for it.");

        File.Delete(_journal.FileOf(TheGrant, "s", 2));
        _plugin.Clear();
        (await RunAsync()).Should().Be(1);
        _plugin.Out.Should().Be("a\nd\n");
        _plugin.Error.Should().Contain("The file of part 2 is missing in the journal's storage: recordings/grant-1/s/000002.cast.gz.");
    }

    [Fact]
    public async Task What_was_not_recorded_is_said_and_is_no_finding()
    {
        _journal.Record(TheGrant, "s", "exec", [Header + Event(1, "a\n"), Event(2, "b\n")], part => part.Part == 1 ? part with { Missing = 700 } : part);
        (await RunAsync()).Should().Be(0, _plugin.Error);
        _plugin.Error.Should().Contain("Note: 700 bytes of the stream before part 1 were not recorded.");
        _plugin.Out.Should().Be("a\nb\n");
    }

    [Fact]
    public async Task Entries_that_the_key_did_not_sign_are_not_used()
    {
        Shell();
        var other = SigningKey.Of("breakglass.example.com/test", [.. Enumerable.Repeat((byte)8, 32)]).Verifier.ToString();
        (await _plugin.RunAsync("replay", "inc-4711", "--journal", _journal.Directory, "--key", other)).Should().Be(1);
        _plugin.Out.Should().BeEmpty();
        _plugin.Error.Should().Contain("cannot be trusted").And.Contain("nothing is played");
    }

    [Fact]
    public async Task A_changed_entry_is_a_finding_and_its_part_is_not_played()
    {
        Shell();
        var bundle = Directory.GetFiles(Path.Combine(_journal.Directory, "tile", "entries", "000.p")).OrderBy(f => f.Length).ThenBy(f => f).Last();
        var bytes = await File.ReadAllBytesAsync(bundle);
        bytes[bytes.AsSpan().LastIndexOf("\"hash\":\""u8) + 10] ^= 1;
        await File.WriteAllBytesAsync(bundle, bytes);
        (await RunAsync()).Should().Be(1);
        _plugin.Error.Should().Contain("is not what was signed");
        _plugin.Out.Should().NotContain("exit");
    }

    [Fact]
    public async Task Without_the_key_it_is_played_and_said_to_be_unverified()
    {
        Shell();
        (await _plugin.RunAsync("replay", "inc-4711", "--journal", _journal.Directory)).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().Contain("uid=0(root)");
        _plugin.Error.Should().Contain("Not verified: without the journal's public key").And.Contain("--key");
    }

    [Fact]
    public async Task Of_namesakes_the_one_in_the_cluster_is_meant_or_the_one_that_is_named()
    {
        Shell();
        var other = Grant(uid: "grant-2");
        _journal.Append(GrantEntries.Of(other, 0)).Record(other, "s", "exec", [Header + Event(1, "the other\n")]);
        (await RunAsync()).Should().Be(4);
        _plugin.Error.Should().Contain("2 grants had the name 'inc-4711'").And.Contain("--uid: grant-1, grant-2");

        _plugin.Clear();
        (await RunAsync("--uid", "grant-2")).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().Be("the other\n");
        (await RunAsync("--uid", "grant-3")).Should().Be(4);

        _plugin.Server.Put(TheGrant);
        _plugin.Clear();
        (await RunAsync()).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().Contain("uid=0(root)");
    }

    [Fact]
    public async Task A_grant_without_recordings_and_one_that_the_journal_does_not_know_are_not_found()
    {
        (await RunAsync()).Should().Be(4);
        _plugin.Error.Should().Contain("no recording of the grant 'inc-4711'").And.Contain("session.record Streams");
        (await _plugin.RunAsync("replay", "inc-9", "--journal", _journal.Directory, "--key", _key)).Should().Be(4);
        _plugin.Error.Should().Contain("no entry of the grant 'inc-9'");
    }

    [Fact]
    public async Task The_asciicast_is_given_as_it_was_recorded()
    {
        Shell();
        (await RunAsync("--output", "cast")).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().Be(string.Concat(Parts));
        _plugin.OutIsTerminal = true;
        (await RunAsync("--output", "cast")).Should().Be(2);
        _plugin.Error.Should().Contain("Redirect");
    }

    [Theory]
    [InlineData("--text", "--html", "x.html")]
    [InlineData("--text", "--output", "cast")]
    [InlineData("--speed", "0")]
    [InlineData("--speed", "-1")]
    [InlineData("--speed", "NaN")]
    [InlineData("--speed", "1e9")]
    [InlineData("--idle-limit", "soon")]
    public async Task What_makes_no_sense_is_refused(params string[] flags)
    {
        Shell();
        (await RunAsync(flags)).Should().Be(2);
        (await _plugin.RunAsync("replay", "inc-4711")).Should().Be(2, "--journal is needed");
    }

    [Fact]
    public async Task The_page_has_the_facts_the_hashes_and_no_script_but_the_player()
    {
        Shell();
        _journal.Record(
            TheGrant, "second", "exec in payments/web-1: sh -c '<script>alert(1)</script>'", [Header + Event(1, "</script><script>alert(2)</script>")]);
        var file = Path.Combine(_plugin.Directory, "page.html");
        (await RunAsync("--html", file)).Should().Be(0, _plugin.Error);
        var page = await File.ReadAllTextAsync(file);
        if (!OperatingSystem.IsWindows()) File.GetUnixFileMode(file).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);

        page.Should().Contain("inc-4711 (grant-1)").And.Contain("Verified with the key breakglass.example.com/test").And.Contain("Stream 2 of 2")
            .And.Contain("exec in payments/web-1: bash -i").And.NotContain("<script>alert");
        var hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(await File.ReadAllBytesAsync(_journal.FileOf(TheGrant, "shell", 1))));
        page.Should().Contain($"<td>{hash}</td><td>has this hash</td>");

        var policy = Policy().Match(page).Groups["policy"].Value;
        policy.Should().StartWith("default-src 'none';").And.NotContain("http").And.NotContain("*").And.NotContain("script-src 'unsafe");
        var scripts = Script().Matches(page).Select(m => m.Groups["script"].Value).ToList();
        scripts.Should().HaveCount(2).And.OnlyContain(script => policy.Contains($"'sha256-{HashOf(script)}'"));
        Loads().IsMatch(Element().Replace(page, "")).Should().BeFalse("the page loads nothing");
        (await RunAsync("--html", file)).Should().Be(1, "no file is overwritten");
    }

    [Fact]
    public async Task The_page_says_what_is_not_verified()
    {
        Shell();
        await File.WriteAllBytesAsync(_journal.FileOf(TheGrant, "shell", 1), [1]);
        var file = Path.Combine(_plugin.Directory, "page.html");
        (await _plugin.RunAsync("replay", "inc-4711", "--journal", _journal.Directory, "--html", file)).Should().Be(1);
        (await File.ReadAllTextAsync(file)).Should().Contain("Not verified: without the journal").And.Contain("not used: missing, or another hash")
            .And.Contain("Part 1 does not have the hash");
    }

    private static IReadOnlyList<string> Parts =>
    [
        Header + Event(1, "\e[1m$\e[0m id\r\nuid=0(root)\r\n\e]0;evil\a") + Event(2, "secret", 'i'),
        Event(3600, "$ exit\r\n\e]52;c;ZXZpbA==\a"),
    ];

    private static string HashOf(string script) =>
        Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(script)));

    private void Shell() => _journal.Record(TheGrant, "shell", "exec in payments/web-1: bash -i", Parts);

    private Task<int> RunAsync(params string[] flags) =>
        _plugin.RunAsync(["replay", "inc-4711", .. flags, "--journal", _journal.Directory, "--key", _key]);

    [GeneratedRegex("[0-9]+ B", RegexOptions.CultureInvariant, 5000)]
    private static partial Regex Size();

    [GeneratedRegex("Content-Security-Policy\" content=\"(?<policy>[^\"]+)\"", RegexOptions.CultureInvariant, 5000)]
    private static partial Regex Policy();

    [GeneratedRegex("<script>(?<script>.*?)</script>", RegexOptions.Singleline | RegexOptions.CultureInvariant, 5000)]
    private static partial Regex Script();

    [GeneratedRegex("<script.*?</script>", RegexOptions.Singleline | RegexOptions.CultureInvariant, 5000)]
    private static partial Regex Element();

    [GeneratedRegex("(src|href)=\"|@import|url\\(", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 5000)]
    private static partial Regex Loads();
}
