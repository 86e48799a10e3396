using BreakGlass.Core.Rules;
using FluentAssertions;
using Xunit;

namespace BreakGlass.Core.Tests.Rules;

public sealed class TicketPatternTests
{
    [Fact]
    public void A_pattern_is_compiled_once_for_all_decisions()
    {
        var first = TicketPattern.Of("^COMPILED-ONCE-[0-9]+$");

        TicketPattern.Of("^COMPILED-ONCE-" + "[0-9]+$")
            .Should().BeSameAs(first, "a grant is decided on some ten times until it is active, and compiling takes milliseconds");
    }

    [Fact]
    public void More_patterns_than_are_kept_are_all_still_answered()
    {
        for (var i = 0; i < 3 * TicketPattern.Most; i++)
        {
            TicketPattern.Of($"^MANY{i}-[0-9]+$").Matches($"MANY{i}-7").Should().BeTrue();
        }

        TicketPattern.Of("^MANY0-[0-9]+$").Matches("MANY0-7").Should().BeTrue();
    }

    [Fact]
    public void A_text_that_is_not_a_pattern_matches_nothing_and_says_why()
    {
        var pattern = TicketPattern.Of("^INC-(");

        pattern.Error.Should().Contain("Not enough )").And.NotEndWith(".");
        pattern.Matches("INC-(").Should().BeFalse();
    }
}
