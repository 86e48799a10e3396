using System.Text;
using System.Text.Json.Nodes;
using BreakGlass.Core.Api;
using BreakGlass.Core.Journal;
using BreakGlass.Core.Sessions;
using BreakGlass.Core.Tests.Sessions;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Journal;

/// <summary>The audit events of sessions as entries, and the files in which replicas hand them over.</summary>
public sealed class SessionEntriesTests
{
    private const string Path = "spool/replica.0000000007";

    private static BreakGlassGrant Grant { get; } = Audit.Grant with
    {
        Metadata = new() { Name = "inc-4711", Uid = "0b5c" }, Spec = Audit.Grant.Spec with { Requester = new() { Username = "alice" } },
    };

    [Fact]
    public void An_event_is_kept_with_what_shows_who_did_what_and_without_any_body()
    {
        var json = Audit.Json(Audit.Identity);
        json["requestObject"] = new JsonObject { ["data"] = new JsonObject { ["password"] = "hidden" } };
        json["responseObject"] = new JsonObject { ["data"] = new JsonObject { ["password"] = "hidden" } };
        var happened = Audit.Read(Audit.List(json)).Events.Single();
        var bytes = SessionEntries.Of(Grant, "replica", 3, [Transcript.Of(happened, byName: false)], 2, A.Start).Bytes();

        Encoding.UTF8.GetString(bytes).Should().Be("{\"data\":{\"actor\":\"alice\",\"dropped\":2,\"events\":[{\"asUser\":\"carol\","
            + "\"at\":\"2026-11-22T01:03:04.000001Z\",\"auditID\":\"5e4b1c6a-0001\",\"code\":200,\"command\":\"id -u x\",\"name\":\"web\","
            + "\"namespace\":\"payments\",\"receivedAt\":\"2026-11-22T01:03:03.123456Z\",\"resource\":\"pods\",\"sourceIP\":\"192.0.2.1\","
            + "\"stage\":\"ResponseComplete\",\"subresource\":\"exec\",\"userAgent\":\"kubectl/v1.34.1\",\"verb\":\"create\"}],\"grant\":\"inc-4711\","
            + $"\"policy\":\"{Grant.Spec.Policy}\",\"requester\":\"alice\"}},\"datacontenttype\":\"application/json\",\"id\":\"0b5c/events/replica/3\","
            + "\"source\":\"breakglass-operator\",\"specversion\":\"1.0\",\"subject\":\"grants/inc-4711\",\"time\":\"2026-11-22T01:03:04.000Z\","
            + "\"type\":\"dev.breakglass.session.events\"}");
    }

    [Fact]
    public void An_address_without_a_resource_is_kept_without_what_follows_the_question_mark()
    {
        var happened = Audit.Event(resource: "", name: "") with { Namespace = "", RequestUri = "/metrics?token=hidden" };
        var read = Transcript.Of(happened, byName: true);
        (read.Resource, read.Namespace, read.Name, read.Command, read.ByName).Should().Be(("/metrics", null, null, null, true));
    }

    [Fact]
    public void A_request_by_a_token_that_the_identity_created_names_whose_token_it_was() =>
        Transcript.Of(Audit.Event(), byName: false, "system:serviceaccount:payments:web").TokenOf.Should().Be("system:serviceaccount:payments:web");

    [Fact]
    public void An_entry_reads_back_and_is_no_transition()
    {
        var bytes = Entry(0).Bytes();
        var entry = JournalEntry.Read(bytes)!;
        entry.Bytes().Should().Equal(bytes);
        entry.Position.Should().BeNull();
        entry.IsOf("inc-4711").Should().BeTrue();
        new JournalState().Invoking(s => s.Take(0, entry)).Should().NotThrow();
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("\"\"\"\"\\\\\\\\")]
    [InlineData("€😀\u202e<>&'+")]
    public void An_entry_that_is_filled_up_to_the_limit_fits_into_the_journal(string text)
    {
        string Long(int length) => string.Concat(Enumerable.Repeat(text, (length / text.Length) + 1))[..(length - (length % text.Length))];
        var happened = Transcript.Of(Audit.Event(name: Long(253)) with
        {
            UserAgent = Long(256), ImpersonatedUser = Long(253), Subresource = "exec", Resource = "pods",
            RequestUri = $"/x?command={Uri.EscapeDataString(Long(1000))}",
        }, byName: true);
        var size = SessionEntries.SizeOf(happened);
        var events = Enumerable.Repeat(happened, SessionEntries.MostBytes / size).ToList();
        var grant = Grant with { Spec = Grant.Spec with { Requester = new() { Username = Long(1024) } } };
        events.Should().HaveCountGreaterThan(1);
        SessionEntries.Of(grant, new('r', 63), long.MaxValue, events, long.MaxValue >> 11, A.Start).Bytes().Length
            .Should().BeLessThanOrEqualTo(EntryBundle.LargestEntry);
    }

    [Fact]
    public void A_missing_entry_of_a_replica_is_found_in_the_journal_and_in_a_bundle_and_their_order_does_not_matter()
    {
        Problems(Entry(1), Entry(0), Entry(2), Entry(0, "other")).Should().BeEmpty();
        Problems().Should().BeEmpty();
        Problems(Entry(0), Entry(2)).Should().ContainSingle().Which.Should().Be(
            "the entry 0b5c/events/replica/1 with events of the session is missing, and later ones are there");
        Problems(Entry(0), Entry(1, "other")).Should().ContainSingle().Which.Should().Contain("0b5c/events/other/0");
        Problems(Entry(0), Entry(1), Entry(1)).Should().ContainSingle().Which.Should().Contain("repeats 0b5c/events/replica/1");
    }

    [Fact]
    public void A_file_reads_back_at_its_path_with_its_key_only()
    {
        var bytes = SpoolFile.Write(Path, 12, [Entry(0), Entry(1)], TestLog.Key);
        var file = SpoolFile.Read(Path, bytes, TestLog.Key.Verifier)!;
        file.Size.Should().Be(12);
        file.Entries.Select(e => e.Id).Should().Equal("0b5c/events/replica/0", "0b5c/events/replica/1");

        SpoolFile.Read("spool/replica.0000000008", bytes, TestLog.Key.Verifier).Should().BeNull();
        SpoolFile.Read(Path, bytes, SigningKey.Of(TestLog.Origin, new byte[32]).Verifier).Should().BeNull();
        for (var i = 0; i < bytes.Length; i++)
        {
            SpoolFile.Read(Path, bytes.AsMemory(0, i), TestLog.Key.Verifier).Should().BeNull($"cut off after {i} bytes");
            var changed = bytes.ToArray();
            changed[i] ^= 1;
            SpoolFile.Read(Path, changed, TestLog.Key.Verifier).Should().BeNull($"byte {i} was changed");
        }
    }

    [Fact]
    public void A_checkpoint_or_a_batch_is_not_a_file_that_is_handed_over()
    {
        SpoolFile.Read(Path, Checkpoint.Sign(1, TreeHash.Empty, TestLog.Key), TestLog.Key.Verifier).Should().BeNull();
        SpoolFile.Read(Path, JournalBatch.Write(LogEdge.Empty, [Entry(0).Bytes()], TestLog.Key), TestLog.Key.Verifier).Should().BeNull();
    }

    [Fact]
    public void Only_events_of_sessions_are_handed_over() => SpoolFile.Read(
        Path, SpoolFile.Write(Path, 0, [Entry(0) with { Type = EntryTypes.Approved }], TestLog.Key), TestLog.Key.Verifier).Should().BeNull();

    [Fact]
    public void The_paths_of_a_replica_have_the_order_of_its_files_and_stay_in_the_folder()
    {
        SpoolFile.PathOf("pod-1_abc", 9).Should().Be("spool/pod-1_abc.0000000009");
        string.CompareOrdinal(SpoolFile.PathOf("a", 9), SpoolFile.PathOf("a", 10)).Should().BeNegative();
        SpoolFile.PathOf("../..", 0).Should().Be("spool/-----.0000000000");
    }

    private static JournalEntry Entry(long number, string observer = "replica") =>
        SessionEntries.Of(Grant, observer, number, [Transcript.Of(Audit.Event(), byName: false)], 0, A.Start);

    /// <summary>What is wrong with a journal with these entries, which the check of the grant's bundle says, too.</summary>
    private static IReadOnlyList<string> Problems(params JournalEntry[] entries)
    {
        var log = TestLog.Of(3);
        log.Append([.. entries.Select(e => (ReadOnlyMemory<byte>)e.Bytes())]);
        var report = JournalCheck.RunFor(log.Reader, TestLog.Key.Verifier, "inc-4711");
        var bundle = BundleFiles.Write(report, TestLog.Key.Verifier, [new(BundleFiles.Report, Encoding.UTF8.GetBytes(
            """{"grant": {"apiVersion": "breakglass.dev/v1alpha1", "kind": "BreakGlassGrant", "metadata": {"name": "inc-4711", "uid": "0b5c"} } }"""))]);
        BundleCheck.Run(bundle.ToDictionary(f => f.Path, f => f.Content), TestLog.Key.Verifier).Problems.Select(p => p.Message)
            .Should().Equal(report.Problems.Select(p => p.Message));
        return [.. report.Problems.Select(p => p.Message)];
    }
}
