using System.IO.Compression;
using BreakGlass.Cli.Tests.Support;
using BreakGlass.Core.Api;
using BreakGlass.Core.Journal;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Cli.Tests.Journal;

/// <summary><c>report --bundle</c> writes one grant's evidence, and <c>journal verify</c> needs nothing but the file and a key.</summary>
public sealed class BundleTests : IDisposable
{
    private static readonly SigningKey Key = SigningKey.Of("breakglass.example.com/test", [.. Enumerable.Repeat((byte)7, 32)]);

    private readonly PluginHarness _plugin = new();
    private readonly string _journal;
    private readonly string _key;
    private readonly string _zip;

    public BundleTests()
    {
        _journal = Path.Combine(_plugin.Directory, "journal");
        _key = _plugin.File("key.pub", Key.Verifier + "\n");
        _zip = Path.Combine(_plugin.Directory, "out.zip");
        _plugin.Server.Put(Grant("inc-4711", "grant-1"));
        Write([.. GrantEntries.Of(Grant("inc-9", "grant-9"), 0), .. GrantEntries.Of(Grant("inc-4711", "grant-1"), 0)]);
    }

    public void Dispose() => _plugin.Dispose();

    [Fact]
    public async Task A_bundle_holds_the_report_the_entries_the_proofs_and_the_checkpoint_and_verifies_without_a_cluster()
    {
        (await BundleAsync()).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().BeEmpty();
        _plugin.Error.Should().Contain("3 entries of inc-4711 with their proofs").And.Contain("journal verify");
        using (var zip = ZipFile.OpenRead(_zip))
        {
            zip.Entries.Select(e => e.FullName).Should().Equal("SHA256SUMS", "checkpoint", "entries/3.json", "entries/4.json", "entries/5.json", "key.pub",
                "proofs/3.tlog-proof", "proofs/4.tlog-proof", "proofs/5.tlog-proof", "report.html", "report.json", "report.md");
        }

        _plugin.Server.Delete<BreakGlassGrant>("inc-4711", null);
        _plugin.Clear();
        (await _plugin.RunAsync("journal", "verify", _zip, "--key", _key)).Should().Be(0, _plugin.Error);
        _plugin.Out.Split('\n')[1..^1].Should().HaveCount(3).And.OnlyContain(line => line.Contains("grants/inc-4711"));
        _plugin.Error.Should().StartWith("verified: 3 entries of inc-4711 are in the journal breakglass.example.com/test, none is missing");
    }

    [Fact]
    public async Task The_same_evidence_makes_the_same_file()
    {
        await BundleAsync();
        var once = await File.ReadAllBytesAsync(_zip);
        File.Delete(_zip);
        await BundleAsync();
        (await File.ReadAllBytesAsync(_zip)).Should().Equal(once);
    }

    [Fact]
    public async Task One_changed_byte_is_found_and_the_entry_is_named()
    {
        await BundleAsync();
        Change(files => files["entries/4.json"][^40] ^= 1);
        (await _plugin.RunAsync("journal", "verify", _zip, "--key", _key)).Should().Be(1);
        _plugin.Error.Should().Contain("error: entry 4: is not what was signed");
    }

    [Fact]
    public async Task Of_random_changes_of_the_zip_file_none_verifies_with_other_content()
    {
        await BundleAsync();
        var (good, files, random) = (await File.ReadAllBytesAsync(_zip), Files(), new Random(4714));
        for (var i = 0; i < 2000; i++)
        {
            byte[] bytes = [.. good];
            bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            if (i % 10 == 0) bytes = bytes[..random.Next(bytes.Length)];
            await File.WriteAllBytesAsync(_zip, bytes);
            _plugin.Clear();
            var code = await _plugin.RunAsync("journal", "verify", _zip, "--key", _key);
            if (code != 0) code.Should().Be(1, $"change {i}: {_plugin.Error}");
            else Files().Should().BeEquivalentTo(files, $"change {i} verifies, so that only dates and the like can differ");
        }
    }

    [Fact]
    public async Task The_key_is_never_taken_from_the_bundle()
    {
        await BundleAsync();
        (await _plugin.RunAsync("journal", "verify", _zip)).Should().Be(2);
        _plugin.Error.Should().Contain("--key");

        var other = SigningKey.Of("breakglass.example.com/test", [.. Enumerable.Repeat((byte)8, 32)]).Verifier.ToString();
        (await _plugin.RunAsync("journal", "verify", _zip, "--key", other)).Should().Be(1);
        _plugin.Error.Should().Contain("key.pub is not the key that you gave").And.Contain("cannot be trusted");
    }

    [Fact]
    public async Task A_transition_that_is_not_in_the_journal_yet_makes_no_bundle()
    {
        _plugin.SetStatus("inc-4711", g => g.Status with
        {
            Transitions = [.. g.Status.Transitions, new() { At = A.Start, From = GrantPhase.Expired, To = GrantPhase.Expired, Actor = "x", Reason = "y" }],
        });
        (await BundleAsync()).Should().Be(1);
        _plugin.Error.Should().Contain("the entry grant-1/3").And.Contain("try again");
        File.Exists(_zip).Should().BeFalse();
    }

    [Fact]
    public async Task A_file_that_exists_is_not_overwritten()
    {
        await File.WriteAllTextAsync(_zip, "kept");
        (await BundleAsync()).Should().Be(1);
        (await File.ReadAllTextAsync(_zip)).Should().Be("kept");
    }

    [Theory]
    [InlineData("--bundle", "out.zip")]
    [InlineData("--journal", "dir")]
    [InlineData("--key", "key")]
    public async Task Flags_that_belong_together_are_given_together(string flag, string value)
    {
        (await _plugin.RunAsync("report", "inc-4711", flag, value)).Should().Be(2);
        _plugin.Error.Should().Contain("--bundle, --journal and --key belong together");
    }

    [Fact]
    public async Task A_zip_file_that_unpacks_to_too_much_is_refused()
    {
        var (zeros, name) = (new byte[17 * 1024 * 1024], "report.json");
        Zip(zip => Add(zip, name, zeros));
        (await _plugin.RunAsync("journal", "verify", _zip, "--key", _key)).Should().Be(1);
        _plugin.Error.Should().Contain("contains more bytes than a bundle can contain");
    }

    [Fact]
    public async Task A_zip_file_with_too_many_files_is_refused()
    {
        Zip(zip =>
        {
            for (var i = 0; i < 20_100; i++) zip.CreateEntry($"entries/{i}.json", CompressionLevel.NoCompression);
        });
        (await _plugin.RunAsync("journal", "verify", _zip, "--key", _key)).Should().Be(1);
        _plugin.Error.Should().Contain("has more files than a bundle can have");
    }

    [Fact]
    public async Task A_name_that_is_there_twice_is_refused_and_no_file_is_written_anywhere()
    {
        Zip(zip =>
        {
            Add(zip, "../../evil", [1]);
            Add(zip, "../../evil", [2]);
        });
        (await _plugin.RunAsync("journal", "verify", _zip, "--key", _key)).Should().Be(1);
        _plugin.Error.Should().Contain("twice");
        Directory.GetFiles(_plugin.Directory).Should().HaveCount(2, "the key and the zip file are all there is");
    }

    [Fact]
    public async Task A_file_that_is_no_zip_file_is_said()
    {
        await File.WriteAllTextAsync(_zip, new string('x', 100));
        (await _plugin.RunAsync("journal", "verify", _zip, "--key", _key)).Should().Be(1);
        _plugin.Error.Should().Contain("is not a zip file");
        (await _plugin.RunAsync("journal", "show", _zip, "--key", _key)).Should().Be(2);
        (await _plugin.RunAsync("journal", "verify", _zip, "--key", _key, "--grant", "inc-4711")).Should().Be(2);
    }

    private static BreakGlassGrant Grant(string name, string uid) => A.Grant(name: name, uid: uid) with
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

    private Task<int> BundleAsync() => _plugin.RunAsync("report", "inc-4711", "--bundle", _zip, "--journal", _journal, "--key", _key);

    private Dictionary<string, byte[]> Files()
    {
        using var zip = ZipFile.OpenRead(_zip);
        return zip.Entries.ToDictionary(e => e.FullName, e =>
        {
            using var content = new MemoryStream();
            using var stream = e.Open();
            stream.CopyTo(content);
            return content.ToArray();
        });
    }

    private void Change(Action<Dictionary<string, byte[]>> change)
    {
        var files = Files();
        change(files);
        Zip(zip =>
        {
            foreach (var (name, bytes) in files) Add(zip, name, bytes);
        });
    }

    private void Zip(Action<ZipArchive> write)
    {
        File.Delete(_zip);
        using var zip = ZipFile.Open(_zip, ZipArchiveMode.Create);
        write(zip);
    }

    private static void Add(ZipArchive zip, string name, byte[] bytes)
    {
        using var content = zip.CreateEntry(name).Open();
        content.Write(bytes);
    }

    private void Write(IReadOnlyList<JournalEntry> entries)
    {
        var (edge, files) = LogEdge.Empty.Append([.. entries.Select(e => (ReadOnlyMemory<byte>)e.Bytes())]);
        foreach (var file in files.Append(new(Checkpoint.Path, Checkpoint.Sign(edge.Size, edge.Root(), Key))))
        {
            var path = Path.Combine(_journal, file.Path);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, file.Content.ToArray());
        }
    }
}
