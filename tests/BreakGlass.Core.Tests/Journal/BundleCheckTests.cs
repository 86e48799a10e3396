using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using BreakGlass.Core.Api;
using BreakGlass.Core.Journal;
using FluentAssertions;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Journal;

/// <summary>The evidence of one grant is verified with its files and a public key alone.</summary>
public sealed class BundleCheckTests
{
    private const int Corruptions = 10_000;
    private const long First = 30;

    internal static BreakGlassGrant TheGrant { get; } = A.Grant(g => g with { Justification = "checkout returns 5xx", Ticket = "OPS-1" }) with
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

    internal static IReadOnlyDictionary<string, ReadOnlyMemory<byte>> Bundle { get; } = Make(TheGrant);

    [Fact]
    public void A_bundle_that_was_not_changed_is_good()
    {
        var report = Check(Bundle);
        report.Problems.Should().BeEmpty();
        report.Grant.Should().Be("inc-4711");
        report.Entries.Select(e => e.Index).Should().Equal(30, 31, 32);
    }

    [Fact]
    public void The_same_evidence_makes_the_same_files_in_the_order_of_their_paths()
    {
        Make(TheGrant).Keys.Should().Equal("SHA256SUMS", "checkpoint", "entries/30.json", "entries/31.json", "entries/32.json", "key.pub",
            "proofs/30.tlog-proof", "proofs/31.tlog-proof", "proofs/32.tlog-proof", "report.json");
        Make(TheGrant).Select(f => Convert.ToHexString(f.Value.Span)).Should().Equal(Bundle.Values.Select(f => Convert.ToHexString(f.Span)));
    }

    [Fact]
    public void Every_corruption_is_found_and_one_of_entries_and_proofs_names_the_entry()
    {
        var random = new Random(4713);
        var paths = Bundle.Keys.ToList();
        for (var i = 0; i < Corruptions; i++)
        {
            var files = new Dictionary<string, ReadOnlyMemory<byte>>(Bundle, StringComparer.Ordinal);
            var (path, other) = (paths[random.Next(paths.Count)], paths[random.Next(paths.Count)]);
            string what;
            switch (random.Next(12))
            {
                case 0 when path != other:
                    (files[path], files[other], what) = (files[other], files[path], $"exchanged with {other}");
                    break;
                case 1 when path != other:
                    (files[path], what) = (files[other], $"replaced by {other}");
                    break;
                case 2:
                    (files[path + "x"], what) = (files[path], "added under another name");
                    break;
                default:
                    (what, var bytes) = CorruptionTests.Corrupt(files[path].ToArray(), random);
                    if (bytes is null) files.Remove(path);
                    else files[path] = bytes;
                    break;
            }

            if (files.Count == Bundle.Count && files.All(f => Bundle.TryGetValue(f.Key, out var was) && was.Span.SequenceEqual(f.Value.Span))) continue;
            var report = Check(files);
            report.IsGood.Should().BeFalse($"corruption {i}: {path} {what}");
            if (BundleFiles.IndexOf(path) is { } index && !path.EndsWith('x') && !files.ContainsKey(path + "x"))
                report.Problems.Should().Contain(p => p.First == index, $"corruption {i}: {path} {what}: {string.Join("; ", report.Problems)}");
        }
    }

    [Fact]
    public void Somebody_who_also_changes_the_hashes_is_found() => Problem(files =>
    {
        files["entries/31.json"] = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(files["entries/31.json"].Span).Replace("alice", "mallory"));
    }).Should().Be("entry 31: is not what was signed: entries/31.json or proofs/31.tlog-proof was changed");

    [Fact]
    public void An_entry_that_was_dropped_with_its_proof_is_found_as_a_gap_and_by_the_report()
    {
        Problems(files =>
        {
            files.Remove("entries/31.json");
            files.Remove("proofs/31.tlog-proof");
        }).Should().Equal("entry 32: comes after grant-1/1, which is missing before it",
            "the entry grant-1/1 (dev.breakglass.grant.activated) is missing: report.json has this transition");
    }

    [Theory]
    [InlineData("username", "mallory", "requester")]
    [InlineData("policy", "other", "policy")]
    [InlineData("justification", "for fun", "justification")]
    [InlineData("ticket", "OPS-2", "ticket")]
    public void A_report_that_says_something_else_about_the_request_is_found(string member, string value, string name) =>
        Problem(files => ChangeReport(files, grant =>
        {
            var spec = grant["spec"]!.AsObject();
            if (member == "username") spec["requester"]![member] = value;
            else spec[member] = value;
        }), "30").Should().StartWith("entry 30: report.json does not say what this entry says about ").And.Contain(name);

    [Theory]
    [InlineData("at", "2026-11-22T01:02:04.001Z", "time")]
    [InlineData("actor", "mallory", "actor")]
    [InlineData("reason", "Because", "reason")]
    [InlineData("to", "Denied", "type, to")]
    [InlineData("from", "Scheduled", "from")]
    public void A_report_that_says_something_else_about_a_transition_is_found(string member, string value, string name) =>
        Problem(files => ChangeReport(files, grant => grant["status"]!["transitions"]![1]![member] = value))
            .Should().Be($"entry 31: report.json does not say what this entry says about {name}");

    [Theory]
    [InlineData("phase", "Active", "the phase in report.json")]
    [InlineData("activatedAt", "2026-11-22T01:00:00.000Z", "activatedAt in report.json")]
    [InlineData("endedAt", "2026-11-22T01:10:00.000Z", "endedAt in report.json")]
    public void A_report_whose_summary_differs_from_its_transitions_is_found(string member, string value, string message) =>
        Problem(files => ChangeReport(files, grant => grant["status"]![member] = value)).Should().StartWith(message);

    [Fact]
    public void A_transition_that_the_report_hides_is_found() => Problem(files => ChangeReport(files, grant =>
    {
        grant["status"]!["transitions"]!.AsArray().RemoveAt(2);
        grant["status"]!["phase"] = "Active";
        grant["status"]!.AsObject().Remove("endedAt");
    })).Should().Be("entry 32: is grant-1/2, a transition that report.json does not have");

    [Fact]
    public void An_entry_of_another_grant_does_not_belong_into_the_bundle()
    {
        var (log, _) = Log(TheGrant);
        Problem(files =>
        {
            files["entries/3.json"] = TestLog.Entry(3);
            files["proofs/3.tlog-proof"] = new LogProof(3, new LogTree(log.Reader, log.Size).Inclusion(3), log.Files[Checkpoint.Path]).Bytes();
        }).Should().StartWith("entry 3: ");
    }

    [Fact]
    public void The_key_in_the_bundle_is_not_trusted()
    {
        var (log, report) = Log(TheGrant, SigningKey.Of(TestLog.Origin, TestLog.Seed(8)));
        _ = log;
        var files = Files(BundleFiles.Write(report, SigningKey.Of(TestLog.Origin, TestLog.Seed(8)).Verifier, [Report(TheGrant)]));
        Check(files).Problems.Select(p => p.Message).Should().Contain(m => m.StartsWith("key.pub is not the key that you gave"))
            .And.Contain(m => m.StartsWith("the file checkpoint cannot be trusted: it is not signed by the key"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"grant\":{\"metadata\":{}}}")]
    [InlineData("{\"grant\":3}")]
    [InlineData("{\"grant\":{},\"grant\":{}}")]
    public void A_report_that_is_none_is_said(string text) =>
        Problem(files => files["report.json"] = Encoding.UTF8.GetBytes(text)).Should().Be("the file report.json does not contain a grant that can be read");

    [Fact]
    public void Nothing_in_the_bundle_is_good_without_files() => Check(new Dictionary<string, ReadOnlyMemory<byte>>()).Problems.Should().HaveCount(3);

    private static string Problem(Action<Dictionary<string, ReadOnlyMemory<byte>>> change, string? entry = null)
    {
        var problems = Problems(change);
        return entry is null ? problems.Should().ContainSingle().Which : problems.First(p => p.StartsWith($"entry {entry}:", StringComparison.Ordinal));
    }

    /// <summary>The problems after a change by somebody who corrects the hashes.</summary>
    private static IReadOnlyList<string> Problems(Action<Dictionary<string, ReadOnlyMemory<byte>>> change)
    {
        var files = new Dictionary<string, ReadOnlyMemory<byte>>(Bundle, StringComparer.Ordinal);
        change(files);
        files[BundleFiles.Sums] = Encoding.UTF8.GetBytes(BundleFiles.SumsOf(files));
        return [.. Check(files).Problems.Select(p => p.ToString())];
    }

    private static void ChangeReport(Dictionary<string, ReadOnlyMemory<byte>> files, Action<JsonNode> change)
    {
        var report = JsonNode.Parse(files["report.json"].Span)!;
        change(report["grant"]!);
        files["report.json"] = Encoding.UTF8.GetBytes(report.ToJsonString());
    }

    private static BundleReport Check(IReadOnlyDictionary<string, ReadOnlyMemory<byte>> files) => BundleCheck.Run(files, TestLog.Key.Verifier);

    private static IReadOnlyDictionary<string, ReadOnlyMemory<byte>> Make(BreakGlassGrant grant) =>
        Files(BundleFiles.Write(Log(grant).Report, TestLog.Key.Verifier, [Report(grant)]));

    internal static LogFile Report(BreakGlassGrant grant) => new(BundleFiles.Report, Encoding.UTF8.GetBytes(new JsonObject
    {
        ["grant"] = JsonSerializer.SerializeToNode(grant, KubeKinds.Of<BreakGlassGrant>().Json),
    }.ToJsonString()));

    private static (TestLog Log, GrantReport Report) Log(BreakGlassGrant grant, SigningKey? key = null)
    {
        var log = TestLog.Of((int)First);
        log.Append([.. GrantEntries.Of(grant, 0).Select(e => (ReadOnlyMemory<byte>)e.Bytes()), .. Enumerable.Range(100, 50).Select(TestLog.Entry)]);
        log.Sign(key);
        var report = JournalCheck.RunFor(log.Reader, (key ?? TestLog.Key).Verifier, grant.Metadata.Name);
        report.Problems.Should().BeEmpty();
        return (log, report);
    }

    private static IReadOnlyDictionary<string, ReadOnlyMemory<byte>> Files(IEnumerable<LogFile> files) =>
        files.ToDictionary(f => f.Path, f => f.Content, StringComparer.Ordinal);
}
