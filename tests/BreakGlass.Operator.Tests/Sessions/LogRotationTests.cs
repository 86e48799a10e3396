using System.Text;
using BreakGlass.Operator.Sessions;
using FluentAssertions;
using Xunit;

namespace BreakGlass.Operator.Tests.Sessions;

/// <summary>A log that is rotated between the moment in which it is found and the one in which it is read.</summary>
public sealed class LogRotationTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("audit-").FullName;

    private string Log => Path.Combine(_directory, "audit.log");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void A_new_file_was_read_from_the_position_in_the_old_one()
    {
        var position = Begin();
        var tail = Tail(2, () =>
        {
            File.Move(Log, Path.Combine(_directory, "audit-2026-11-29T21-00-00.000.log"));
            File.WriteAllText(Log, "b1 is longer\nb2\n");
        });

        tail.Next(position, out var isLost).HasValue.Should().BeFalse("the file is another one by now");
        isLost.Should().BeFalse();
        var (lines, after) = tail.Next(position, out isLost)!.Value;
        Encoding.UTF8.GetString(lines).Should().Be("a2\n");
        Encoding.UTF8.GetString(tail.Next(after, out isLost)!.Value.Lines).Should().Be("b1 is longer\nb2\n");
        isLost.Should().BeFalse();
    }

    [Fact]
    public void The_rest_of_a_rotated_file_was_left_out_if_it_got_its_next_name_before_it_was_read()
    {
        var position = Begin();
        File.Move(Log, Log + ".1");
        File.WriteAllText(Log, "b1\n");
        var tail = Tail(3, () => File.Move(Log + ".1", Log + ".2"));

        tail.Next(position, out _).HasValue.Should().BeFalse("the file has another name by now");
        Encoding.UTF8.GetString(tail.Next(position, out _)!.Value.Lines).Should().Be("a2\n");
    }

    /// <summary>A log of two lines, and the position after the first one.</summary>
    private LogPosition Begin()
    {
        File.WriteAllText(Log, "a1\n");
        var position = new LogTail(Log, 1000).Next(null, out _)!.Value.After;
        File.AppendAllText(Log, "a2\n");
        return position;
    }

    /// <summary>A reader that finds something changed when it opens a file for the nth time.</summary>
    private LogTail Tail(int nth, Action change)
    {
        var opened = 0;
        return new(Log, 1000, path =>
        {
            if (++opened == nth) change();
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        });
    }
}
