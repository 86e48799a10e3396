using BreakGlass.Core.Api;
using BreakGlass.Core.Sealing;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using k8s.Models;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Sealing;

/// <summary>Seal keys that were replaced on request.</summary>
public sealed class SealRotationTests
{
    private static readonly SealKeys Before = new([Key("one", -40), Key("two", -10)]);

    [Fact]
    public void A_key_that_is_made_on_request_is_used_at_once_and_the_others_are_not_any_more()
    {
        var keys = Replace("24h");
        keys.Current(A.Start)!.Id.Should().Be("three");
        keys.All.Select(k => k.Id).Should().Equal("one", "two", "three");
        keys.In(RotationPhase.OldRefused).All.Select(k => k.Id).Should().Equal("three");
        keys.In(RotationPhase.OldRefused).Current(A.Start)!.Id.Should().Be("three");
    }

    [Fact]
    public void A_key_that_was_made_by_a_clock_that_was_ahead_is_replaced_like_the_others()
    {
        var keys = new SealKeys([Key("one", -1), Key("ahead", 300)]).Replaced(Request("0s"), A.Start, "three", new byte[32]);
        keys.Current(A.Start.AddDays(301))!.Id.Should().Be("three");
        keys.In(RotationPhase.OldRefused).All.Select(k => k.Id).Should().Equal("three");
    }

    [Fact]
    public void With_an_overlap_what_is_sealed_with_an_old_key_is_believed_until_the_key_is_dropped()
    {
        var keys = Replace("24h");
        var late = Sealed(A.Grant() with { Metadata = new() { Name = "late", CreatedAt = A.Start.AddHours(1) } }, Before.Find("two")!);
        Seal.Verify(late, keys).Should().Be(SealState.Valid);
        Seal.Verify(late, keys.In(RotationPhase.Replaced)).Should().Be(SealState.Valid);
        Seal.Verify(late, keys.In(RotationPhase.OldRefused)).Should().Be(SealState.Broken);
    }

    [Theory]
    [InlineData(-60, SealState.Valid)]
    [InlineData(2, SealState.Valid)]
    [InlineData(3, SealState.Broken)]
    [InlineData(3600, SealState.Broken)]
    public void Without_one_what_is_created_later_is_not_believed_whatever_time_its_seal_says(int seconds, SealState expected)
    {
        var keys = Replace("0s");
        var created = A.Start.AddSeconds(seconds);
        var grant = A.Grant() with { Metadata = new() { Name = "inc", CreatedAt = created } };
        Seal.Verify(Sealed(grant, Before.Find("two")!, created.AddSeconds(-20)), keys).Should().Be(expected);
        Seal.Verify(Sealed(grant, keys.Find("three")!), keys).Should().Be(SealState.Valid);
        Seal.Verify(Sealed(grant, Before.Find("two")!), keys.In(RotationPhase.OldRefused)).Should().Be(SealState.Broken);
    }

    [Fact]
    public void The_rotation_is_read_back_as_it_was_written_and_belongs_to_the_keys()
    {
        var keys = Replace("30m").In(RotationPhase.Replaced);
        var read = SealKeys.Of(keys.In(new V1Secret { Metadata = new() { Name = SealKeys.SecretName } }));
        read.SameAs(keys).Should().BeTrue();
        read.SameAs(keys.In(RotationPhase.OldRefused)).Should().BeFalse();
        read.Rotation.Should().Be(keys.Rotation);
        read.Rotation!.EndsAt.Should().Be(A.Start.AddMinutes(30));
        read.Rotated(A.Start, "unused", new byte[32]).Rotation.Should().Be(keys.Rotation);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{\"id\":1}")]
    [InlineData("null")]
    public void An_annotation_that_is_no_rotation_says_nothing(string text)
    {
        var secret = Before.In(new V1Secret { Metadata = new() { Annotations = new Dictionary<string, string> { [KeyRotation.Annotation] = text } } });
        SealKeys.Of(secret).SameAs(Before).Should().BeTrue();
    }

    [Theory]
    [InlineData("a-1", "0s", null)]
    [InlineData("a-1", "24h", null)]
    [InlineData("", "0s", "id must")]
    [InlineData("A", "0s", "id must")]
    [InlineData("a\nb", "0s", "id must")]
    [InlineData("a", "", "is not a valid duration")]
    [InlineData("a", "-1h", "is not a valid duration")]
    [InlineData("a", "3000h", "is longer than 2160h")]
    public void A_request_says_what_is_wrong_with_it(string id, string overlap, string? problem)
    {
        var request = RotationRequest.Read(new RotationRequest { Id = id, Overlap = overlap }.Write())!;
        if (problem is null) request.Problem.Should().BeNull();
        else request.Problem.Should().Contain(problem);
    }

    [Theory]
    [InlineData("{\"id\":\"r-1\",\"steps\":[null]}")]
    [InlineData("{\"id\":\"r-1\",\"steps\":[{\"phase\":\"Never\"}]}")]
    [InlineData("{\"id\":\"r-1\",\"steps\":{}}")]
    public void An_answer_that_somebody_else_wrote_is_none(string text) => RotationProgress.Read(text).Should().BeNull();

    [Fact]
    public void Neither_a_request_nor_an_answer_is_so_long_that_the_ConfigMap_has_no_room_for_both()
    {
        RotationRequest.Read(new RotationRequest { Id = "r-1", Overlap = new string('0', 20_000) + "s" }.Write()).Should().BeNull();
        RotationProgress.Read(new RotationProgress { Id = "r-1", Problem = new string('x', 20_000) }.Write()).Should().BeNull();
    }

    [Fact]
    public void Whatever_rotations_follow_each_other_a_seal_by_a_dropped_key_is_never_valid_and_nothing_believed_loses_its_seal_with_an_overlap()
    {
        var step = Gen.Elements("rotate 0s", "rotate 24h", "seal", "reseal", "replaced", "drop", "month");
        Prop.ForAll(step.ListOf().ToArbitrary(), steps =>
        {
            var (keys, now, dropped, number) = (Before, A.Start, new HashSet<string>(), 0);
            var grant = Sealed(A.Grant() with { Metadata = new() { Name = "inc", CreatedAt = A.Start } }, keys.Current(now)!, A.Start);
            foreach (var what in steps)
            {
                now = now.AddMinutes(2);
                var known = keys.All.Select(k => k.Id).ToList();
                if (what.StartsWith("rotate ", StringComparison.Ordinal)) keys = keys.Replaced(Request(what[7..]), now, $"k{number++}", new byte[32]);
                else if (what == "seal") grant = grant with { Metadata = grant.Metadata with { CreatedAt = now } };
                else if (what == "month") (now, keys) = (now.AddDays(31), keys.Rotated(now.AddDays(31), $"k{number++}", new byte[32]));
                else if (what == "replaced") keys = keys.In(RotationPhase.Replaced);
                else if (what == "drop" && keys.Current(now)!.Id == KeyOf(grant)) keys = keys.In(RotationPhase.OldRefused);
                if (what is "seal" or "reseal" && (what == "seal" || Seal.Verify(grant, keys) is SealState.Valid))
                    grant = Sealed(grant, keys.Current(now)!, grant.Metadata.CreatedAt);
                dropped.UnionWith(known.Except(keys.All.Select(k => k.Id)));
                var state = Seal.Verify(grant, keys);
                if (dropped.Contains(KeyOf(grant)) && state is SealState.Valid) return false;
                if (keys.Find(KeyOf(grant)) is not null && keys.Rotation is not { IsUrgent: true } && state is not SealState.Valid) return false;
            }

            return keys.All.Count > 0 && keys.Current(now) is not null;
        }).QuickCheckThrowOnFailure();
    }

    private static SealKeys Replace(string overlap) => Before.Replaced(Request(overlap), A.Start, "three", Enumerable.Repeat((byte)3, 32).ToArray());

    private static RotationRequest Request(string overlap) => new() { Id = "r-1", Overlap = overlap };

    private static SealKey Key(string id, int days) => new(id, A.Start.AddDays(days), Enumerable.Repeat((byte)id[0], 32).ToArray());

    private static string KeyOf(BreakGlassGrant grant) => Seal.TryParse(Seal.Of(grant), out var seal) ? seal.KeyId : "";

    private static BreakGlassGrant Sealed(BreakGlassGrant grant, SealKey key, DateTimeOffset? at = null) => grant with
    {
        Metadata = grant.Metadata with
        {
            Annotations = new Dictionary<string, string> { [Seal.Annotation] = Seal.Make(grant, key, at ?? grant.Metadata.CreatedAt!.Value).ToString() },
        },
    };
}
