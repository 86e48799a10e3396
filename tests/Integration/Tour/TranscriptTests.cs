using FluentAssertions;
using Xunit;

namespace Integration.Tour;

/// <summary>A comparison that always says yes would hold nothing.</summary>
public sealed class TranscriptTests
{
    [Theory]
    [InlineData("until 2026-11-22T01:00:00.000Z\n", "until 2027-01-02T03:04:05Z\n")]
    [InlineData("first\n…\nlast\n", "first\nlast\n")]
    [InlineData("first\n…\nlast\n", "first\nsecond\nthird\nlast\n")]
    [InlineData("NAME       AGE\ninc-4711   5s\n", "NAME       AGE\ninc-4711   1m12s\n")]
    [InlineData("sa:inc-4711-0123456789\n\n", "\nsa:inc-4711-abcdefabcd\n")]
    public void What_differs_each_time_does_not_matter(string shown, string output) => Transcript.Matches(shown, output).Should().BeTrue();

    [Theory]
    [InlineData("", "something\n")]
    [InlineData("something\n", "")]
    [InlineData("first\n", "first\nsecond\n")]
    [InlineData("first\n…\nlast\n", "first\nsecond\n")]
    [InlineData("inc-4711 revoked\n", "inc-4712 revoked\n")]
    public void Anything_else_does(string shown, string output) => Transcript.Matches(shown, output).Should().BeFalse();
}
