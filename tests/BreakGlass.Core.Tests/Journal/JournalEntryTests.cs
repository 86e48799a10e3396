using System.Text;
using System.Text.Json;
using BreakGlass.Core.Api;
using BreakGlass.Core.Journal;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Journal;

/// <summary>Entries: CloudEvents in the bytes of RFC 8785, the same whenever they are made.</summary>
public sealed class JournalEntryTests
{
    private static BreakGlassGrant Grant => new()
    {
        Metadata = new() { Name = "inc-4711", Uid = "0b5c" },
        Spec = new() { Policy = "payments", Justification = "checkout returns 5xx \u20ac \"now\"", Requester = new() { Username = "alice" } },
        Status = new()
        {
            CredentialJwe = "secret",
            Transitions =
            [
                new() { At = A.Start, To = GrantPhase.Pending, Actor = "alice", Reason = "Requested" },
                new() { At = A.Start.AddSeconds(1), From = GrantPhase.Pending, To = GrantPhase.Active, Actor = "alice", Reason = "PolicyAllows" },
            ],
        },
    };

    [Fact]
    public void A_transition_is_a_CloudEvent_in_canonical_JSON()
    {
        var entries = GrantEntries.Of(Grant, 0).ToList();

        Encoding.UTF8.GetString(entries[0].Bytes()).Should().Be("{\"data\":{\"actor\":\"alice\",\"grant\":\"inc-4711\","
            + "\"justification\":\"checkout returns 5xx \u20ac \\\"now\\\"\",\"policy\":\"payments\",\"reason\":\"Requested\",\"requester\":\"alice\","
            + "\"to\":\"Pending\"},\"datacontenttype\":\"application/json\",\"id\":\"0b5c/0\",\"source\":\"breakglass-operator\",\"specversion\":\"1.0\","
            + $"\"subject\":\"grants/inc-4711\",\"time\":\"{Timestamp.Text(A.Start)}\",\"type\":\"dev.breakglass.grant.recorded\"}}");
        entries[1].Type.Should().Be("dev.breakglass.grant.activated");
        entries[1].Data.Justification.Should().BeNull();
        entries[1].Position.Should().Be(("0b5c", 1));
    }

    [Fact]
    public void An_entry_reads_back()
    {
        var entry = GrantEntries.Of(Grant, 1).Single();
        JournalEntry.Read(entry.Bytes()).Should().Be(entry);
    }

    [Fact]
    public void An_entry_is_the_same_after_the_grant_went_on()
    {
        TransitionRecord[] transitions = [.. Grant.Status.Transitions, new() { To = GrantPhase.Expired }];
        var later = Grant with { Status = Grant.Status with { Phase = GrantPhase.Expired, Transitions = transitions } };
        GrantEntries.Of(later, 0).First().Bytes().Should().Equal(GrantEntries.Of(Grant, 0).First().Bytes());
    }

    [Fact]
    public void No_credential_gets_into_an_entry() =>
        GrantEntries.Of(Grant, 0).Select(e => Encoding.UTF8.GetString(e.Bytes())).Should().OnlyContain(text => !text.Contains("secret"));

    [Fact]
    public void Every_phase_has_a_type_of_its_own() =>
        Enum.GetValues<GrantPhase>().Select(GrantEntries.TypeOf).Should().OnlyHaveUniqueItems().And.NotContain(type => type.EndsWith("changed"));

    [Fact]
    public void An_entry_above_the_limit_is_refused_with_a_clear_message()
    {
        var entry = GrantEntries.Of(Grant, 0).First();
        var rest = EntryBundle.LargestEntry - (entry with { Data = entry.Data with { Reason = "" } }).Bytes().Length;
        (entry with { Data = entry.Data with { Reason = new('x', rest) } }).Bytes().Should().HaveCount(EntryBundle.LargestEntry);

        FluentActions.Invoking(() => (entry with { Data = entry.Data with { Reason = new('x', rest + 1) } }).Bytes())
            .Should().Throw<JournalException>().WithMessage("*65536 bytes*65535*");
        FluentActions.Invoking(() => LogEdge.Empty.Append([new byte[EntryBundle.LargestEntry + 1]])).Should().Throw<JournalException>();
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"specversion\":\"1.0\"}")]
    [InlineData("{\"data\":{},\"id\":null,\"source\":\"s\",\"specversion\":\"1.0\",\"subject\":\"s\",\"time\":\"2026-01-01T00:00:00Z\",\"type\":\"t\"}")]
    [InlineData("{\"data\":{},\"id\":\"a\",\"id\":\"b\",\"source\":\"s\",\"specversion\":\"1.0\","
        + "\"subject\":\"s\",\"time\":\"2026-01-01T00:00:00Z\",\"type\":\"t\"}")]
    [InlineData("{\"data\":{},\"id\":\"a\",\"source\":\"s\",\"specversion\":\"2.0\",\"subject\":\"s\",\"time\":\"2026-01-01T00:00:00Z\",\"type\":\"t\"}")]
    public void What_is_not_an_entry_is_not_read(string json) => JournalEntry.Read(Encoding.UTF8.GetBytes(json)).Should().BeNull();

    [Theory]
    [InlineData("{\"b\":1,\"a\":[true,null,\"\\u0001\\n\\u20ac\\/\"]}", "{\"a\":[true,null,\"\\u0001\\n\u20ac/\"],\"b\":1}")]
    [InlineData("{\"\\ud83d\\ude00\":1,\"\\ufb33\":2}", "{\"\ud83d\ude00\":1,\"\ufb33\":2}")]
    [InlineData(" -9007199254740991 ", "-9007199254740991")]
    public void Canonical_JSON_is_that_of_RFC_8785(string json, string expected)
    {
        using var document = JsonDocument.Parse(json);
        Encoding.UTF8.GetString(CanonicalJson.Write(document.RootElement)).Should().Be(expected);
    }

    [Theory]
    [InlineData("1.5")]
    [InlineData("9007199254740992")]
    [InlineData("\"\\ud800\"")]
    public void What_readers_take_differently_is_refused(string json)
    {
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        FluentActions.Invoking(() => CanonicalJson.Write(root)).Should().Throw<JournalException>();
    }
}
