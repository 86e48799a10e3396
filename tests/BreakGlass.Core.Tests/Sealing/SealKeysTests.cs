using BreakGlass.Core.Sealing;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Sealing;

public class SealKeysTests
{
    private static readonly SealKeys First = SealKeys.None.Rotated(A.Start, "one", new byte[32]);

    [Fact]
    public void The_first_key_is_used_at_once() => First.Current(A.Start)!.Id.Should().Be("one");

    [Fact]
    public void Nothing_is_sealed_where_there_is_no_key() => SealKeys.None.Current(A.Start).Should().BeNull();

    [Fact]
    public void A_key_is_used_for_30_days_and_its_successor_once_every_replica_has_it()
    {
        var due = A.Start.AddDays(30);
        First.IsRotationDue(due.AddSeconds(-1)).Should().BeFalse();
        First.IsRotationDue(due).Should().BeTrue();
        var second = First.Rotated(due, "two", new byte[32]);
        second.IsRotationDue(due).Should().BeFalse();
        second.Current(due.AddSeconds(59))!.Id.Should().Be("one");
        second.Current(due.AddSeconds(60))!.Id.Should().Be("two");
    }

    [Fact]
    public void A_key_verifies_for_90_days_after_it_was_replaced()
    {
        var replaced = A.Start.AddDays(30);
        var keys = First.Rotated(replaced, "two", new byte[32]).Rotated(A.Start.AddDays(60), "three", new byte[32])
            .Rotated(A.Start.AddDays(90), "four", new byte[32]);
        keys.All.Select(k => k.Id).Should().Equal("one", "two", "three", "four");
        var over = replaced.AddDays(90);
        keys.Rotated(over.AddSeconds(-1), "five", new byte[32]).Find("one").Should().NotBeNull();
        keys.IsRotationDue(over).Should().BeTrue();
        keys.Rotated(over, "five", new byte[32]).All.Select(k => k.Id).Should().Equal("two", "three", "four", "five");
    }

    [Fact]
    public void The_last_key_is_never_given_up_without_a_successor() =>
        First.Rotated(A.Start.AddYears(3), "two", new byte[32]).All.Select(k => k.Id).Should().Equal("one", "two");

    [Fact]
    public void Keys_are_read_back_as_they_were_written_and_what_is_no_key_is_left_out()
    {
        var keys = First.Rotated(A.Start.AddDays(30), "two", Enumerable.Repeat((byte)7, 32).ToArray());
        var data = new Dictionary<string, byte[]>(keys.Write()) { ["short.1"] = [1], ["noted"] = new byte[32], ["UP.1"] = new byte[32],
            ["x.99999999999999"] = new byte[32], ["y.-1"] = new byte[32] };
        var read = SealKeys.Read(data);
        read.SameAs(keys).Should().BeTrue();
        read.All.Select(k => k.CreatedAt).Should().Equal(A.Start, A.Start.AddDays(30));
        SealKeys.Read(null).All.Should().BeEmpty();
    }

    [Fact]
    public void A_key_shows_its_id_and_never_its_secret() => First.All[0].ToString().Should().Be("SealKey one of 2026-11-22 01:02:03Z");
}
