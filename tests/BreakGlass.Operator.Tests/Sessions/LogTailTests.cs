using System.Globalization;
using System.Text;
using BreakGlass.Operator.Sessions;
using FluentAssertions;
using Xunit;

namespace BreakGlass.Operator.Tests.Sessions;

public sealed class LogTailTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("audit-").FullName;
    private LogPosition? _position;
    private int _most = 1000;

    private string Log => Path.Combine(_directory, "audit.log");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Whole_lines_are_read_once()
    {
        Read().Should().BeEmpty("there is no file yet");
        Append("a1\na2\nhal");
        Read().Should().Equal("a1", "a2");
        Read().Should().BeEmpty();
        Append("f\n");
        Read().Should().Equal("half");
    }

    [Fact]
    public void After_a_rotation_the_rest_of_the_old_file_comes_before_the_new_one()
    {
        Append("a1\na2\n");
        Read();
        Append("a3\n");
        Rotate("audit-2026-11-29T21-00-00.000.log");
        Append("b1\n");
        Read().Should().Equal("a3");
        Read().Should().Equal("b1");
        Append("b2\n");
        Rotate("audit-2026-11-29T22-00-00.000.log");
        Append("c1\n");
        Rotate("audit-2026-11-29T23-00-00.000.log");
        Append("d1\n");
        (Read().Concat(Read()).Concat(Read())).Should().Equal("b2", "c1", "d1");
    }

    [Fact]
    public void A_log_that_is_copied_and_truncated_loses_nothing_that_is_in_the_copy()
    {
        Append("a1\n");
        Read();
        Append("a2\n");
        File.Copy(Log, Log + ".1");
        File.WriteAllText(Log, "");
        Read().Should().Equal("a2");
        Append("b1\nb2\n");
        Read().Should().Equal("b1", "b2");
        Read().Should().BeEmpty();
    }

    [Fact]
    public void A_restart_goes_on_where_it_was_and_a_position_of_a_file_that_is_gone_begins_with_the_log()
    {
        Append("a1\n");
        Read();
        _position = LogPosition.Parse($"{_position}\n");
        Append("a2\n");
        Read().Should().Equal("a2");
        File.Delete(Log);
        Append("b1\n");
        new LogTail(Log, 1000).Next(_position, out var isLost)!.Value.Lines.Should().Equal(Encoding.UTF8.GetBytes("b1\n"));
        isLost.Should().BeTrue();
        LogPosition.Parse("nonsense").Should().BeNull();
    }

    [Fact]
    public void A_line_that_is_too_long_is_left_out()
    {
        Append($"a1\n{new string('x', 5000)}\na2\n");
        Read().Should().Equal("a1");
        Read().Should().BeEmpty();
        Read().Should().Equal("a2");
    }

    [Fact]
    public void A_line_with_a_long_text_is_read_without_most_of_it()
    {
        Append($"{{\"a\":\"{new string('x', 100_000)}\",\"b\":1}}\na2\n");
        _most = 8000;
        Read().Should().ContainSingle().Which.Should().HaveLength(4096 + 14).And.EndWith("x\",\"b\":1}");
        Read().Should().Equal("a2");

        Append($"{{\"torn\":\"{new string('x', 100_000)}\nb2\n");
        new LogTail(Log, _most).Next(_position, out _)!.Value.Lines.Should().EndWith((byte)'\n', "each line that is sent has an end");
        Read().Should().ContainSingle();
        Read().Should().Equal("b2");
    }

    private void Append(string text) => File.AppendAllText(Log, text);

    // The order of rotated files is by their last write.
    private void Rotate(string name)
    {
        File.Move(Log, Path.Combine(_directory, name));
        var hour = int.Parse(name[17..19], CultureInfo.InvariantCulture);
        File.SetLastWriteTimeUtc(Path.Combine(_directory, name), new DateTime(2026, 11, 29, hour, 0, 0, DateTimeKind.Utc));
    }

    private string[] Read()
    {
        if (new LogTail(Log, _most).Next(_position, out _) is not var (lines, after)) return [];
        _position = after;
        return Encoding.UTF8.GetString(lines).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
