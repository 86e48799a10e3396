using BreakGlass.Core.Sessions;
using FluentAssertions;
using Xunit;

namespace BreakGlass.Core.Tests.Sessions;

public sealed class QueryTextTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("a=1&A=2&a=3", "a=1 A=2 a=3")]
    [InlineData("&&a&b=&=c", "a= b= =c")]
    [InlineData("a=1;b=2&c=3", "c=3")]
    [InlineData("a=%zz&b=%4&c=%&d=%41", "d=A")]
    [InlineData("comm%61nd=l+s%2B%20x=y", "command=l s+ x=y")]
    public void A_query_is_read_as_the_API_server_reads_it(string query, string expected) =>
        string.Join(' ', QueryText.Read(query).Select(p => $"{p.Name}={p.Value}")).Should().Be(expected);

    [Theory]
    [InlineData("", true)]
    [InlineData("a=1&b=2&a=3", true)]
    [InlineData("a=1&A=2", false)]
    [InlineData("a=1;b=2", false)]
    [InlineData("a=%zz", false)]
    [InlineData("a=1&c", false)]
    public void Whether_everybody_reads_the_same_is_known(string query, bool expected) => QueryText.HasOnly(query, "a", "b").Should().Be(expected);
}
