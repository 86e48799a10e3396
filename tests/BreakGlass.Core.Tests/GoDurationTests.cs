using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace BreakGlass.Core.Tests;

public sealed class GoDurationTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("0s", 0)]
    [InlineData("30m", 18_000_000_000)]
    [InlineData("1h30m", 54_000_000_000)]
    [InlineData("1h0m5s", 36_050_000_000)]
    [InlineData("45s", 450_000_000)]
    [InlineData("1.5s", 15_000_000)]
    [InlineData(".5s", 5_000_000)]
    [InlineData("1.s", 10_000_000)]
    [InlineData("1.5h", 54_000_000_000)]
    [InlineData("250ms", 2_500_000)]
    [InlineData("3us", 30)]
    [InlineData("3\u00b5s", 30)]
    [InlineData("3\u03bcs", 30)]
    [InlineData("100ns", 1)]
    [InlineData("99ns", 0)]
    [InlineData("5s30m", 18_050_000_000)]
    [InlineData("0.3333333333333333333h", 11_999_999_999)]
    [InlineData("2562047h47m16.854775807s", 92_233_720_368_547_758)]
    public void Reads_what_Go_reads(string text, long ticks)
    {
        GoDuration.TryParse(text, out var duration).Should().BeTrue();
        duration.Ticks.Should().Be(ticks);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("30")]
    [InlineData("-30m")]
    [InlineData("+30m")]
    [InlineData("30 m")]
    [InlineData(" 30m")]
    [InlineData("30m ")]
    [InlineData("m")]
    [InlineData(".s")]
    [InlineData("1..5s")]
    [InlineData("1d")]
    [InlineData("30M")]
    [InlineData("30min")]
    [InlineData("1h30")]
    [InlineData("1,5s")]
    [InlineData("\u0661s")]
    [InlineData("00:30:00")]
    [InlineData("2562047h47m16.854775808s")]
    [InlineData("9223372036854775808ns")]
    [InlineData("99999999999999999999h")]
    [InlineData("2562047h2562047h")]
    public void Refuses_what_is_no_duration_of_ours(string? text)
    {
        GoDuration.TryParse(text, out var duration).Should().BeFalse();
        duration.Should().Be(TimeSpan.Zero);
    }

    [Theory]
    [InlineData(0, "0s")]
    [InlineData(18_000_000_000, "30m")]
    [InlineData(54_000_000_000, "1h30m")]
    [InlineData(36_050_000_000, "1h5s")]
    [InlineData(450_000_000, "45s")]
    [InlineData(6_048_000_000_000, "168h")]
    [InlineData(15_000_000, "1.5s")]
    [InlineData(10_000_001, "1.0000001s")]
    [InlineData(2_500_000, "250ms")]
    [InlineData(25, "2.5us")]
    [InlineData(-18_000_000_000, "-30m")]
    [InlineData(long.MinValue, "-256204778h48m5.4775808s")]
    public void Writes_what_users_write(long ticks, string text) => GoDuration.Format(TimeSpan.FromTicks(ticks)).Should().Be(text);

    [Fact]
    public void What_is_written_reads_back_the_same() =>
        Prop.ForAll(
            (from bits in Gen.Choose(0, 56) from high in Gen.Choose(0, int.MaxValue) from low in Gen.Choose(0, int.MaxValue)
             select (((long)high << 31) | (uint)low) & ((1L << bits) - 1)).ToArbitrary(),
            ticks => GoDuration.TryParse(GoDuration.Format(TimeSpan.FromTicks(ticks)), out var read) && read.Ticks == ticks)
        .QuickCheckThrowOnFailure();

    [Fact]
    public void No_text_makes_it_throw() =>
        Prop.ForAll(
            Gen.Elements([.. "0123456789.hmsnu-+ \u00b5"]).ListOf().Select(chars => string.Concat(chars)).ToArbitrary(),
            text => !GoDuration.TryParse(text, out var read) || read >= TimeSpan.Zero)
        .QuickCheckThrowOnFailure();
}
