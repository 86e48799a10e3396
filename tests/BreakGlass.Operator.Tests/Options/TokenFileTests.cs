using BreakGlass.Operator.Options;
using FluentAssertions;
using Simulation;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.Options;

/// <summary>The files with the tokens of those who send audit events, and of those who read the journal.</summary>
public sealed class TokenFileTests : IDisposable
{
    private const string Token = "0123456789abcdef0123456789abcdef";

    private readonly string _file = Path.GetTempFileName();
    private readonly FakeClock _clock = new();
    private readonly LogBook _logs = new();

    public void Dispose() => File.Delete(_file);

    [Theory]
    [InlineData("too short", "does not contain a token")]
    [InlineData("0123456789abcdef0123456789abcde", "does not contain a token")]
    [InlineData("0123456789abcdef 0123456789abcdef", "does not contain a token")]
    [InlineData("0123456789abcdef0123456789abcdef\n0123456789abcdef0123456789abcdef\n", "does not contain a token")]
    [InlineData("", "does not contain a token")]
    [InlineData(null, "cannot be read")]
    public void A_file_without_a_token_is_refused_and_repeated_in_no_message(string? content, string message)
    {
        if (content is null) File.Delete(_file);
        else File.WriteAllText(_file, content);
        TokenFile.Read(_file, out _).Should().Contain(message).And.Contain("openssl rand -hex 32").And.NotContain("0123456789abcdef");
        this.Invoking(_ => TokenFile.Of(_file)).Should().Throw<IOException>();
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("\r\n")]
    public void Space_around_the_token_does_not_belong_to_it(string end)
    {
        File.WriteAllText(_file, $" {Token}{end}");
        TokenFile.Read(_file, out var path).Should().BeNull();
        path.Should().Be(_file);
        TokenFile.Of(_file).Should().Be(Token);
        new TokenFile(_file, _clock, _logs.CreateLogger("Audit")).IsIn($"bearer {Token}").Should().BeTrue();
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("Bearer")]
    [InlineData("Bearer 0123456789abcdef0123456789abcdee")]
    [InlineData("Bearer 0123456789abcdef0123456789abcdef0")]
    [InlineData("Basic 0123456789abcdef0123456789abcdef")]
    [InlineData("0123456789abcdef0123456789abcdef")]
    public void Every_other_header_is_refused(string? header)
    {
        File.WriteAllText(_file, Token);
        new TokenFile(_file, _clock, _logs.CreateLogger("Audit")).IsIn(header).Should().BeFalse();
    }

    [Fact]
    public void A_new_token_counts_within_seconds_and_the_last_good_one_stays_until_there_is_another()
    {
        File.WriteAllText(_file, Token);
        var file = new TokenFile(_file, _clock, _logs.CreateLogger("Audit"));
        file.IsIn($"Bearer {Token}").Should().BeTrue();
        foreach (var bad in (string?[])["too short", null])
        {
            if (bad is null) File.Delete(_file);
            else File.WriteAllText(_file, bad);
            _clock.Advance(TimeSpan.FromSeconds(11));
            file.IsIn($"Bearer {Token}").Should().BeTrue();
        }

        _logs.Lines.Should().HaveCount(2).And.OnlyContain(l => l.Contains("continuing with the current token", StringComparison.Ordinal));
        var next = new string('n', 40);
        File.WriteAllText(_file, next);
        file.IsIn($"Bearer {next}").Should().BeFalse("it is read again after some seconds");
        _clock.Advance(TimeSpan.FromSeconds(11));
        (file.IsIn($"Bearer {next}"), file.IsIn($"Bearer {Token}")).Should().Be((true, false));
    }
}
