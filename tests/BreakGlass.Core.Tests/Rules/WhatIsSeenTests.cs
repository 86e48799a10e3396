using BreakGlass.Core.Api;
using BreakGlass.Core.Rules;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Rules;

/// <summary>Names that pass for others, tickets that match by what nobody sees, justifications that say nothing.</summary>
public sealed class WhatIsSeenTests
{
    [Theory]
    [InlineData("alice", "alice")]
    [InlineData("system:serviceaccount:a:b", "system:serviceaccount:a:b")]
    [InlineData("CORP\\alice", "CORP\\alice")]
    [InlineData("Alice Smith", "Alice Smith")]
    [InlineData("alic\u0435\u200B", "alic\\u{435}\\u{200B} (unusual characters)")]
    [InlineData("jos\u00E9", "jos\\u{E9} (unusual characters)")]
    [InlineData("\u202Eecila", "\\u{202E}ecila (unusual characters)")]
    [InlineData("alice\u001b[2J", "alice\\u{1B}[2J (unusual characters)")]
    [InlineData("alice\n", "alice\\u{A} (unusual characters)")]
    [InlineData("alice ", "alice\\u{20} (unusual characters)")]
    [InlineData("alice  smith", "alice \\u{20}smith (unusual characters)")]
    [InlineData("\U0001F600", "\\u{1F600} (unusual characters)")]
    [InlineData("alic\\u{435}", "alic\\u{5C}u{435} (unusual characters)")]
    [InlineData(null, "")]
    public void A_name_that_is_not_plain_is_written_out_and_flagged(string? name, string shown) => VisibleText.Name(name).Should().Be(shown);

    [Fact]
    public void Free_text_keeps_its_letters_and_hides_nothing()
    {
        VisibleText.Line("Zahlung h\u00E4ngt\r\nseit\t1:00 \U0001F600").Should().Be("Zahlung h\u00E4ngt  seit 1:00 \U0001F600");
        VisibleText.Line("a\u202Eb\u200Bc\u001b[31m").Should().Be("a\\u{202E}b\\u{200B}c\\u{1B}[31m");
        VisibleText.Lines("a\nb\tc\u0000").Should().Be("a\nb\tc\\u{0}");
    }

    [Fact]
    public void Sentences_about_a_grant_show_who_it_is_really()
    {
        var policy = A.Policy(s => s with { Mode = PolicyMode.JustInTime, Approval = new() { Approvers = [A.Group("approvers")] } });
        var grant = A.Grant(s => s with { Requester = A.Caller("alic\u0435\u200B") });
        GrantRules.AtAdmission(grant, policy, Core.Sealing.SealState.Valid, A.Settings)!.ToString()
            .Should().Contain("'alic\\u{435}\\u{200B} (unusual characters)' is not among the requesters");
        Callers.Shown(A.Lockdown(by: "ki\u043C").Spec.By).Should().Be("ki\\u{43C} (unusual characters)");
    }

    [Theory]
    [InlineData("^INC-[0-9]+$", "INC-4711", true)]
    [InlineData("^INC-[0-9]+$", "INC-4711\n", false)]
    [InlineData("^INC-[0-9]+\\Z", "INC-4711\n", false)]
    [InlineData("^INC-\\d+$", "INC-4711", true)]
    [InlineData("^INC-\\d+$", "INC-\u0664\u0667", false)]
    [InlineData("^INC-[\\d.]+$", "INC-\u0664", false)]
    [InlineData("^INC-[\\d.]+$", "INC-4.7", true)]
    [InlineData("^\\w+$", "INC_1", true)]
    [InlineData("^\\w+$", "INC\u0663", false)]
    [InlineData("^\\w+$", "\u0406NC", false)]
    [InlineData("^INC\\s1$", "INC 1", true)]
    [InlineData("^INC\\s1$", "INC\u00A01", false)]
    [InlineData("^\\D+$", "\u0664", true)]
    [InlineData("^[^\\D]+$", "\u0664", false)]
    [InlineData("^[^\\D]+$", "47", true)]
    [InlineData("^[^\\W]+$", "a\u0663", false)]
    [InlineData("^[]\\d]+$", "]4", true)]
    [InlineData("^[\\w-[\\d]]+$", "abc", true)]
    [InlineData("^[\\w-[\\d]]+$", "ab1", false)]
    [InlineData("^\\\\d$", "\\d", true)]
    [InlineData("^.+$", "INC\u200B-1", false)]
    [InlineData("^.+$", "Vorfall \u00E4", true)]
    public void A_ticket_matches_as_everybody_reads_the_pattern(string pattern, string ticket, bool matches)
    {
        var policy = A.Policy(s => s with { Justification = new() { TicketPattern = pattern } });
        PolicyRules.Check(policy, A.Settings).Should().BeEmpty();
        (RequestRules.Reason(A.Grant(s => s with { Ticket = ticket }).Spec, policy.Spec)?.Reason).Should().Be(matches ? null : "TicketMismatch");
    }

    [Theory]
    [InlineData("checkout returns 5xx", true)]
    [InlineData("\u30C1\u30A7\u30C3\u30AF\u30A2\u30A6\u30C8\u304C\u843D\u3061\u3066\u3044\u307E\u3059\u306D\u6025\u304E\u3067\u3059\u3088", true)]
    [InlineData("\u200B", false)]
    [InlineData("\u2800", false)]
    [InlineData("\u3164", false)]
    [InlineData("\u00A0", false)]
    [InlineData("\u0301", false)]
    [InlineData("\u00AD", false)]
    [InlineData("\uE000", false)]
    [InlineData("\u0007", false)]
    [InlineData(" \u200B ", false)]
    public void What_cannot_be_seen_is_no_justification(string text, bool counts)
    {
        var written = counts ? text : string.Concat(Enumerable.Repeat(text, 30));
        var policy = A.Policy(s => s with { Justification = new() { MinLength = 20 } });
        (RequestRules.Reason(A.Grant(s => s with { Justification = written }).Spec, policy.Spec)?.Reason).Should().Be(counts ? null : "JustificationTooShort");
        (RequestRules.Reason(A.Grant(s => s with { Justification = $"x{written}x" }).Spec, policy.Spec)?.Reason)
            .Should().Be(counts ? null : "JustificationTooShort");
    }
}
