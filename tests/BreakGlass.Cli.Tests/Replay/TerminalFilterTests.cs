using System.Text.RegularExpressions;
using BreakGlass.Cli.Replay;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace BreakGlass.Cli.Tests.Replay;

/// <summary>What a recording contains was chosen by the person who was recorded, and the terminal is that of an auditor.</summary>
public sealed partial class TerminalFilterTests
{
    private static readonly Config Thousands = Config.QuickThrowOnFailure.WithMaxTest(5000).WithEndSize(200);

    /// <summary>What terminals take for the begin, the middle or the end of a sequence, and whole ones that do harm.</summary>
    private static readonly Arbitrary<string> Recorded = Gen.Elements(
        "\e", "[", "]", "?", "0", "1", "2", "4", "5", "6", "8", "9", "25", "47", "1049", "2004", "99999", ";", ":", "<", "=", ">", "!", "\"", "$", " ", "#",
        "%", "(", ")", "*", "-", "A", "B", "H", "J", "K", "P", "X", "^", "_", "\\", "c", "d", "h", "l", "m", "n", "p", "q", "r", "s", "t", "u", "~", "a",
        "é", "日", "\U0001F600", "\0", "\a", "\b", "\t", "\n", "\f", "\r", "\u000E", "\u000F", "\u007F", "\u0085", "\u0090", "\u0098", "\u009B",
        "\u009C", "\u0018", "\u001A", "\v", "\u009D", "\u009E", "\u009F", "\u202E", "\e[", "\e]", "\e[?", "\eP",
        "\e]52;c;Y3VybCBldmlsfHNo\a", "\e]0;title\e\\", "\e[6n", "\e[c",
        "\e[21t", "\e[3J", "\e[31m", "\e[?1049h", "\e[?1000h", "\e[?2004h", "\e[?25l", "\e]8;;http://x\a", "\eP$qm\e\\", "\e_Gf=100;AAAA\e\\", "\e[>4;2m",
        "\e[5;10r", "\e(0", "\e#8", "\ec", "\e[1;2;3;4;5T", "\e[2;5s", "\e[?6;1000;25h").ListOf().Select(string.Concat).ToArbitrary();

    [Theory]
    [InlineData("plain text, é, 日本\r\n")]
    [InlineData("\e[31;1mred\e[0m \e[38;5;208m\e[48:2::1:2:3mx\e[m")]
    [InlineData("\e[2J\e[H\e[10;20Hx\e[5Ay\e[K\e[1K\e[2;10r\e[r\e7\e8\eM\eD")]
    [InlineData("\e[?1049h\e[?25l\e[?7l\e[?1049;25h\e[4h\e[4l")]
    [InlineData("\e[3@\e[2L\e[2M\e[4P\e[4X\e[S\e[2T\e[5b\e[d\e[G\e[s\e[u")]
    [InlineData("\e(0lqk\e(B\u000Ex\u000F\b\t")]
    public void What_programs_draw_with_gets_through_as_it_is(string text) => new TerminalFilter().Pass(text).Should().Be(text);

    [Theory]
    [InlineData("a\e]52;c;Y3VybCBldmlsfHNo\ab", "ab")]
    [InlineData("a\e]52;c;Y3VybCBldmlsfHNo\e\\b", "ab")]
    [InlineData("a\u009D52;c;Y3VybCBldmlsfHNo\u009Cb", "ab")]
    [InlineData("a\e]0;title\ab\e]2;title\e\\c", "abc")]
    [InlineData("\e]8;;http://evil.example\aclick\e]8;;\a", "click")]
    [InlineData("\e]4;1;#000000\a\e]10;?\a\e]1337;File=name=x:AAAA\a", "")]
    [InlineData("a\e[cb\e[>c\e[=c\e[5n\e[6n\e[?6n\e[x\e[18t\e[21t\e[?25$p\eZ\u0005", "ab")]
    [InlineData("a\eP$qm\e\\b\eP+q544e\e\\c\eX\e\\d\e^x\e\\e\e_Gf=100;AAAA\e\\f", "abcdef")]
    [InlineData("\e[?1000h\e[?1006h\e[?2004h\e[?1h\e[?5h\e[?2026h\e=\e>\e[>4;2m\e[>1u\e[20h", "")]
    [InlineData("\e[3J", "")]
    [InlineData("\e[?1000;25h", "\e[?25h")]
    [InlineData("\e[1;2;3;4;5T\e[2;5s\e[!p\e#8\e[4i\e[5i\e[2 q\e%G\e[8;50;50t", "")]
    [InlineData("\e[99999999b\e[1;1;1H", "")]
    [InlineData("\e[01049d\e[00001;1H", "")]
    [InlineData("a\ab\0c\u007F\u0080\u0085", "abc\eE")]
    [InlineData("\e[3\n1mx", "\n\e[31mx")]
    [InlineData("\e[3\e[31mx\e[1\u0018y\e[1\u001Az", "\e[31mxyz")]
    [InlineData("\u009B31mx\u008D", "\e[31mx\eM")]
    [InlineData("\e[31éx", "éx")]
    public void Everything_else_is_dropped(string text, string expected) => new TerminalFilter().Pass(text).Should().Be(expected);

    [Fact]
    public void A_title_that_does_not_end_hides_nothing()
    {
        new TerminalFilter().Pass("\e]0;title\nseen").Should().Be("\nseen");
        new TerminalFilter().Pass("\eP" + new string('x', 5000)).Should().HaveLength(5000 - 4096);
        new TerminalFilter(plain: true).Pass("\e]0;\rseen").Should().Be("[0;]\nseen");
    }

    [Fact]
    public void What_is_missing_ends_a_sequence()
    {
        var filter = new TerminalFilter();
        filter.Pass("\e]0;ti").Should().BeEmpty();
        filter.Interrupt();
        filter.Pass("seen").Should().Be("seen");
    }

    [Fact]
    public void A_reset_resets_what_a_recording_may_change()
    {
        var filter = new TerminalFilter();
        OnlyAllowed().IsMatch(filter.Pass("\ec")).Should().BeTrue();
        filter.Pass("\e[?1049h\e[2;5r\e[?25l\e[31m\e(0\e[4h\e[?7l");
        filter.End().Should().Be("\e[?1049l\e[?6l\e[r\e[999;1H\e[0m\e(B\e)B\u000F\e[4l\e[?7h\e[?25h\n");
        new TerminalFilter().End().Should().NotContain("1049", "leaving a screen that was not entered moves the cursor").And.NotContain("\e[r");
    }

    [Fact]
    public void Nothing_but_the_documented_sequences_gets_out() => Check.One(Thousands, Prop.ForAll(Recorded, text =>
    {
        var filter = new TerminalFilter();
        var passed = filter.Pass(text);
        return OnlyAllowed().IsMatch(passed) && !passed.Contains("\e[3J", StringComparison.Ordinal) && OnlyAllowed().IsMatch(filter.End());
    }));

    [Fact]
    public void How_a_sequence_is_split_over_events_makes_no_difference() => Check.One(
        Thousands, Prop.ForAll(Recorded, ArbMap.Default.ArbFor<int>(), (text, seed) =>
    {
        var (whole, parts, random) = (new TerminalFilter(), new TerminalFilter(), new Random(seed));
        var pieces = new List<string>();
        for (var from = 0; from < text.Length;)
        {
            var length = Math.Min(random.Next(1, 4), text.Length - from);
            var piece = parts.Pass(text.Substring(from, length));
            if (!OnlyAllowed().IsMatch(piece)) return false;
            pieces.Add(piece);
            from += length;
        }

        return string.Concat(pieces) == whole.Pass(text) && parts.End() == whole.End();
    }));

    [Fact]
    public void What_got_out_gets_out_again() => Check.One(Thousands, Prop.ForAll(Recorded, text =>
    {
        var once = new TerminalFilter().Pass(text);
        return new TerminalFilter().Pass(once) == once;
    }));

    [Fact]
    public void Plain_text_contains_nothing_that_moves_or_hides() => Check.One(Thousands, Prop.ForAll(Recorded, text =>
        new TerminalFilter(plain: true).Pass(text).All(c => c is '\n' or '\t' || (!char.IsControl(c) && c != '\u202E'))));

    [Theory]
    [InlineData("$ ls\r\na  b\r\n", "$ ls\na  b\n")]
    [InlineData("10%\r20%\r\r\n", "10%\n20%\n")]
    [InlineData("passwd\b\b\b\b\b\b      \r\n", "passwd      \n")]
    [InlineData("\e[31mred\e[0m\n", "red\n")]
    [InlineData("\e[Hone\e[2;1Htwo\e[10Cthree\r\n", "one\ntwo three\n")]
    [InlineData("a\u202Eb\u200B", "a\\u{202E}b\\u{200B}")]
    [InlineData("a\tb", "a\tb")]
    [InlineData("a\e]0;secret\ab\ePmore\e\\\n", "a[0;secret]b[more]\n")]
    [InlineData("\U000E0041\U0001F600", "\\u{E0041}\U0001F600")]
    public void Plain_text_is_what_grep_needs(string text, string expected) => new TerminalFilter(plain: true).Pass(text).Should().Be(expected);

    [GeneratedRegex(
        @"\A(?:[\u0020-\u007E\u00A0-\uFFFF]|[\b\t\n\r\x0E\x0F]|\e[78DEM]|\e[()][0B]|\e\[[0-9;:]*m|\e\[4[hl]"
            + @"|\e\[[0-9]{0,4}(?:;[0-9]{0,4})?[@A-IJKLMPSTXZ`abdefrsu]"
            + @"|\e\[\?(?:6|7|25|47|1047|1048|1049)(?:;(?:6|7|25|47|1047|1048|1049))*[hl])*\z",
        RegexOptions.CultureInvariant, 5000)]
    private static partial Regex OnlyAllowed();
}
