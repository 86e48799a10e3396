using System.Text.Json.Nodes;
using BreakGlass.Cli.Tests.Support;
using BreakGlass.Core.Api;
using BreakGlass.Core.Journal;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Cli.Tests.Journal;

/// <summary><c>journal</c> needs a directory and a public key, and no cluster.</summary>
public sealed class JournalCommandTests : IDisposable
{
    private static readonly SigningKey Key = SigningKey.Of("breakglass.example.com/test", [.. Enumerable.Repeat((byte)7, 32)]);

    private static readonly SigningKey Before = SigningKey.Of("breakglass.example.com/test", [.. Enumerable.Repeat((byte)6, 32)]);

    private const string Attempt = "refused rbac: create rolebindings.rbac.authorization.k8s.io payments/mine";

    private readonly PluginHarness _plugin = new();
    private readonly string _journal;
    private readonly string _key;
    private LogEdge _edge = LogEdge.Empty;

    public JournalCommandTests()
    {
        _journal = Path.Combine(_plugin.Directory, "journal");
        _key = _plugin.File("key.pub", Key.Verifier + "\n");
        Append(Grant("inc-1", "alice"));
        Append(Grant("inc-2", "bob"));
    }

    private string Bundle => Path.Combine(_journal, "tile", "entries", "000.p", "6");

    public void Dispose() => _plugin.Dispose();

    [Fact]
    public async Task Verify_says_what_was_verified()
    {
        (await _plugin.RunAsync("journal", "verify", _journal, "--key", _key)).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().Be($"verified: 6 entries of breakglass.example.com/test, root {_edge.Root()}\n");
        _plugin.Error.Should().BeEmpty();
    }

    [Fact]
    public async Task The_key_can_be_given_as_text() =>
        (await _plugin.RunAsync("journal", "verify", _journal, "--key", Key.Verifier.ToString())).Should().Be(0, _plugin.Error);

    [Fact]
    public async Task A_changed_byte_is_found_and_the_entry_is_named()
    {
        Flip(Bundle, -5);
        (await _plugin.RunAsync("journal", "verify", _journal, "--key", _key)).Should().Be(1);
        _plugin.Error.Should().Be("error: entry 5: was changed\n");
        _plugin.Out.Should().BeEmpty();
    }

    [Fact]
    public async Task One_grant_is_verified_and_shown()
    {
        (await _plugin.RunAsync("journal", "verify", _journal, "--key", _key, "--grant", "inc-2")).Should().Be(0, _plugin.Error);
        _plugin.Out.Split('\n')[1..^1].Should().HaveCount(3).And.OnlyContain(line => line.Contains("grants/inc-2"));
        _plugin.Error.Should().Be("verified: 3 entries of inc-2, none missing between them\n");
    }

    [Fact]
    public async Task A_grant_that_the_journal_does_not_know_is_not_found()
    {
        (await _plugin.RunAsync("journal", "verify", _journal, "--key", _key, "--grant", "inc-9")).Should().Be(4);
        _plugin.Error.Should().Contain("no entry of the grant 'inc-9'");
    }

    [Fact]
    public async Task A_kept_checkpoint_shows_that_entries_were_cut_off()
    {
        var kept = _plugin.File("kept", "");
        File.Copy(Path.Combine(_journal, "checkpoint"), kept, overwrite: true);
        Append(Grant("inc-3", "carol"));
        (await _plugin.RunAsync("journal", "verify", _journal, "--key", _key, "--checkpoint", kept)).Should().Be(0, _plugin.Error);

        File.Copy(Path.Combine(_journal, "checkpoint"), kept, overwrite: true);
        _edge = LogEdge.Empty;
        Directory.Delete(_journal, recursive: true);
        Append(Grant("inc-1", "alice"));
        (await _plugin.RunAsync("journal", "verify", _journal, "--key", _key, "--checkpoint", kept)).Should().Be(1);
        _plugin.Error.Should().Contain("entries 3 to 8: were removed");
    }

    [Fact]
    public async Task Whoever_has_the_old_key_gets_the_new_one_from_the_journal_and_decides()
    {
        var next = SigningKey.Of("breakglass.example.com/test", [.. Enumerable.Repeat((byte)8, 32)]);
        SigningKey.TryParse($"{next.ToSecretText()}\n{Key.ToSecretText()}", out var both).Should().BeTrue();
        Append([.. JournalKeyEntries.Missing(both, new(), A.Start)], next);

        foreach (var arguments in (string[][])[["verify"], ["verify", "--grant", "inc-1"], ["show"], ["export"]])
        {
            _plugin.Clear();
            (await _plugin.RunAsync(["journal", .. arguments, _journal, "--key", _key])).Should().Be(1, "nothing is trusted that was not given");
            _plugin.Error.Should().Contain("cannot be trusted").And.Contain($"entry 6 says that the key {next.Verifier.Id} follows the key {Key.Verifier.Id}")
                .And.EndWith($"\n{next.Verifier}\n");
        }

        var keys = _plugin.File("both.pub", $"{Key.Verifier}\n{_plugin.Error.Split('\n')[^2]}\n");
        _plugin.Clear();
        (await _plugin.RunAsync("journal", "verify", _journal, "--key", keys)).Should().Be(0, _plugin.Error);
        _plugin.Error.Should().BeEmpty();
    }

    [Fact]
    public async Task Show_selects_entries()
    {
        (await _plugin.RunAsync("journal", "show", _journal, "--key", _key, "--type", "grant.activated", "--actor", "alice")).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().Be("INDEX   TIME                       TYPE                             SUBJECT        ACTOR   REASON\n"
            + $"1       {Core.Timestamp.Text(A.Start.AddMinutes(1))}   dev.breakglass.grant.activated   grants/inc-1   alice   PolicyAllows\n");
        _plugin.Clear();

        (await _plugin.RunAsync("journal", "show", _journal, "--key", _key, "-o", "json",
            "--from", Core.Timestamp.Text(A.Start.AddMinutes(2)), "--to", Core.Timestamp.Text(A.Start.AddMinutes(3)))).Should().Be(0, _plugin.Error);
        JsonNode.Parse(_plugin.Out)!.AsArray().Select(e => e!["index"]!.GetValue<long>()).Should().Equal(2, 5);
    }

    [Fact]
    public async Task Show_has_a_line_for_each_kind_of_entry()
    {
        Append(Others);
        (await _plugin.RunAsync("journal", "show", _journal, "--key", _key)).Should().Be(0, _plugin.Error);
        var lines = _plugin.Out.Split('\n')[7..^1]
            .Select(l => string.Join('|', l.Split("   ", StringSplitOptions.RemoveEmptyEntries).Select(c => c.Trim()).Skip(2))).ToList();
        lines.Should().Equal(
            "dev.breakglass.policy.changed|policies/payments-oncall|dave|generation 3",
            "dev.breakglass.approval.denied|approvals/approval-1 (grants/inc-4711)|carol|Deny, not now",
            "dev.breakglass.grant.reviewed|reviews/review-1 (grants/inc-4711)|(not verified)|Misused",
            "dev.breakglass.lockdown.engaged|lockdowns/lockdown-1|sue|token leaked",
            "dev.breakglass.persistence.refused|grants/inc-4711|alice|" + Attempt[..59] + "…",
            "dev.breakglass.session.events|grants/inc-4711|alice|2 dropped, 2 event(s): get pods payments/web (403), …",
            "dev.breakglass.session.recording|grants/inc-4711|alice|part 0, the last: exec in payments/web: sh",
            "dev.breakglass.sealkey.added|sealkeys/ab12",
            $"dev.breakglass.journalkey.replaced|journalkeys/{Key.Verifier.Id}|follows {Before.Verifier.Id}, which did not sign this",
            "dev.breakglass.journal.live|journal|1 object(s)");
    }

    [Fact]
    public async Task Entries_of_every_kind_are_selected_by_type_actor_and_grant()
    {
        Append(Others);
        foreach (var (flag, value, count) in ((string, string, int)[])
            [("--type", "policy.changed", 1), ("--type", "lockdown.engaged", 1), ("--actor", "carol", 1), ("--actor", "dave", 1), ("--grant", "inc-4711", 5),
             ("--type", "session.events", 1)])
        {
            _plugin.Clear();
            (await _plugin.RunAsync("journal", "export", _journal, "--key", _key, flag, value)).Should().Be(0, _plugin.Error);
            _plugin.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Should().HaveCount(count, $"{flag} {value}");
        }

        _plugin.Clear();
        (await _plugin.RunAsync("journal", "verify", _journal, "--key", _key, "--grant", "inc-4711")).Should().Be(0, _plugin.Error);
        _plugin.Error.Should().Be("verified: 5 entries of inc-4711, none missing between them\n");
    }

    [Fact]
    public async Task Show_of_a_changed_journal_says_so_and_shows_what_can_be_read()
    {
        Flip(Bundle, -5);
        (await _plugin.RunAsync("journal", "show", _journal, "--key", _key)).Should().Be(1);
        _plugin.Error.Should().StartWith("error: entry 5: was changed\n");
        _plugin.Out.Should().Contain("grants/inc-1");
    }

    [Fact]
    public async Task Export_writes_the_entries_byte_for_byte()
    {
        (await _plugin.RunAsync("journal", "export", _journal, "--key", _key, "--grant", "inc-1")).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().Be(string.Concat(Grant("inc-1", "alice").Select(e => System.Text.Encoding.UTF8.GetString(e.Bytes()) + "\n")));
        _plugin.Clear();
        (await _plugin.RunAsync("journal", "export", _journal, "--key", _key, "-o", "json")).Should().Be(0, _plugin.Error);
        JsonNode.Parse(_plugin.Out)!.AsArray().Should().HaveCount(6);
    }

    [Theory]
    [InlineData("nonsense", "is not a public key, and there is no such file")]
    [InlineData("PRIVATE", "contains the private key")]
    [InlineData("EMPTY", "does not contain a public key")]
    public async Task A_key_that_is_none_is_refused_and_a_private_one_is_not_shown(string given, string message)
    {
        var key = given switch { "PRIVATE" => _plugin.File("key", Key.ToSecretText()), "EMPTY" => _plugin.File("key", ""), _ => given };
        (await _plugin.RunAsync("journal", "verify", _journal, "--key", key)).Should().Be(2);
        _plugin.Error.Should().Contain(message).And.NotContain(Key.ToSecretText()[30..]);
    }

    [Theory]
    [InlineData("", "cannot be trusted: it is not a signed note")]
    [InlineData("breakglass.example.com/test\n1\nAAAA\n\n— x y\n", "cannot be trusted")]
    [InlineData(null, "checkpoint is missing")]
    public async Task A_checkpoint_that_is_none_is_said(string? text, string message)
    {
        var file = Path.Combine(_journal, "checkpoint");
        if (text is null) File.Delete(file);
        else await File.WriteAllTextAsync(file, text);
        foreach (var command in (string[])["verify", "show", "export"])
        {
            _plugin.Clear();
            (await _plugin.RunAsync("journal", command, _journal, "--key", _key)).Should().Be(1, command);
            _plugin.Error.Should().StartWith("error: ").And.Contain(message);
        }
    }

    [Fact]
    public async Task A_directory_that_is_none_is_not_found()
    {
        (await _plugin.RunAsync("journal", "verify", Path.Combine(_journal, "nowhere"), "--key", _key)).Should().Be(4);
        _plugin.Error.Should().Contain("does not exist");
    }

    [Fact]
    public async Task A_file_that_never_ends_is_not_read_to_its_end()
    {
        File.Delete(Bundle);
        File.CreateSymbolicLink(Bundle, "/dev/zero");
        (await _plugin.RunAsync("journal", "verify", _journal, "--key", _key)).Should().Be(1);
        _plugin.Error.Should().StartWith("error: entry 0: ");
    }

    [Fact]
    public async Task Keygen_writes_the_private_key_to_a_new_file_that_only_its_owner_can_read()
    {
        var file = Path.Combine(_plugin.Directory, "new.key");
        (await _plugin.RunAsync("journal", "keygen", "breakglass.example.com/prod", "--private-key", file)).Should().Be(0, _plugin.Error);

        SigningKey.TryParse((await File.ReadAllTextAsync(file)).Trim(), out var key).Should().BeTrue();
        _plugin.Out.Should().Be($"{key.Verifier}\n");
        if (!OperatingSystem.IsWindows()) File.GetUnixFileMode(file).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        (await _plugin.RunAsync("journal", "keygen", "breakglass.example.com/prod", "--private-key", file)).Should().Be(1, "no key is overwritten");
        (await _plugin.RunAsync("journal", "keygen", "two words", "--private-key", file)).Should().Be(2);
    }

    [Fact]
    public async Task Texts_in_entries_cannot_control_the_terminal()
    {
        Append([Grant("inc-3", "eve\u001b[2J")[0]]);
        (await _plugin.RunAsync("journal", "show", _journal, "--key", _key)).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().NotContain("\u001b");
    }

    private static IReadOnlyList<JournalEntry> Others
    {
        get
        {
            var (policy, approval, grant) = (A.Policy(), A.Approval(A.Grant(), A.Caller("carol"), "Deny"), A.Grant());
            var state = new JournalState();
            var changed = PolicyEntries.Of(policy with
            {
                Metadata = policy.Metadata with { Generation = 3, Annotations = new Dictionary<string, string> { [BreakGlassApi.AuthorAnnotation] = "dave" } },
            }, true, A.Start);
            state.Take(0, changed);
            return
            [
                changed,
                ApprovalEntries.Of(approval with { Spec = approval.Spec with { Comment = "not now" } }, grant, true, A.Start),
                ApprovalEntries.Of(A.Review(grant, A.Caller("sue"), "Misused"), grant, false, A.Start),
                LockdownEntries.Engaged(A.Lockdown(), true, A.Start),
                .. GrantNotes.Of(grant with
                {
                    Status = new() { Residue = [Attempt] },
                }, A.Start),
                SessionEntries.Of(grant, "replica", 0, [Request("get", null, 403), Request("create", "exec", 101)], 2, A.Start),
                new()
                {
                    Id = $"{grant.Metadata.Uid}/recording/s/0", Type = EntryTypes.SessionRecording, Source = JournalEntry.Operator,
                    Subject = "grants/inc-4711", Time = A.Start, Data = new() { Grant = "inc-4711", Actor = "alice", Recording = new()
                    {
                        Stream = "s", Part = 0, Last = true, Hash = "00", Size = 1, StartedAt = A.Start, EndsAfter = 1,
                        Request = "exec in payments/web: sh",
                    } },
                },
                SealKeyEntries.Added(new("ab12", A.Start), 0, A.Start),
                .. JournalKeyEntries.Missing(
                    SigningKey.TryParse($"{Key.ToSecretText()}\n{Before.Verifier}", out var key) ? key : Key, new(), A.Start),
                .. state.List(1, A.Start),
            ];
        }
    }

    private static IReadOnlyList<JournalEntry> Grant(string name, string user) => [.. GrantEntries.Of(new()
    {
        Metadata = new() { Name = name, Uid = $"uid-{name}" },
        Spec = new() { Policy = "payments", Justification = "checkout returns 5xx", Requester = new() { Username = user } },
        Status = new()
        {
            Transitions =
            [
                new() { At = A.Start, To = GrantPhase.Pending, Actor = user, Reason = "Requested" },
                new() { At = A.Start.AddMinutes(1), From = GrantPhase.Pending, To = GrantPhase.Active, Actor = user, Reason = "PolicyAllows" },
                new() { At = A.Start.AddMinutes(2), From = GrantPhase.Active, To = GrantPhase.Expired, Actor = "breakglass-operator", Reason = "Expired" },
            ],
        },
    }, 0)];

    private static SessionEvent Request(string verb, string? subresource, int code) => new()
    {
        AuditId = verb, Stage = "ResponseComplete", ReceivedAt = A.Start, At = A.Start, Verb = verb, Resource = "pods", Subresource = subresource,
        Namespace = "payments", Name = "web", Code = code,
    };

    private static void Flip(string file, int position)
    {
        var bytes = File.ReadAllBytes(file);
        bytes[bytes.Length + position] ^= 1;
        File.WriteAllBytes(file, bytes);
    }

    private void Append(IReadOnlyList<JournalEntry> entries, SigningKey? key = null)
    {
        var (after, files) = _edge.Append([.. entries.Select(e => (ReadOnlyMemory<byte>)e.Bytes())]);
        _edge = after;
        foreach (var file in files.Append(new(Checkpoint.Path, Checkpoint.Sign(_edge.Size, _edge.Root(), key ?? Key))))
        {
            var path = Path.Combine(_journal, file.Path);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, file.Content.ToArray());
        }
    }
}
