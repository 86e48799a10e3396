using System.Text.Json;
using System.Text.Json.Nodes;
using BreakGlass.Core.Api;
using BreakGlass.Core.Sealing;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using k8s;
using k8s.Models;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Sealing;

public class SealTests
{
    private static readonly SealKey Key = new("k1", A.Start.AddDays(-1), Enumerable.Range(0, 32).Select(i => (byte)i).ToArray());
    private static readonly SealKeys Keys = new([Key]);

    [Fact]
    public void A_sealed_object_verifies_and_its_text_is_the_contract()
    {
        var grant = Sealed(A.Grant());
        Seal.Verify(grant, Keys).Should().Be(SealState.Valid);
        Seal.Of(grant).Should().MatchRegex("^v1\\.k1\\.1795309323\\.[A-Za-z0-9_-]{43}$");
    }

    [Fact]
    public void Every_kind_of_ours_can_be_sealed_and_no_other()
    {
        IKubernetesObject<V1ObjectMeta>[] kinds =
        [
            Sealed(A.Grant()), Sealed(A.Policy() with { Metadata = new() { Name = "p", CreatedAt = A.Start } }),
            Sealed(new BreakGlassApproval { Metadata = Meta }),
            Sealed(new BreakGlassReview { Metadata = Meta }), Sealed(new BreakGlassLockdown { Metadata = Meta }),
        ];
        kinds.Select(o => Seal.Verify(o, Keys)).Should().AllBeEquivalentTo(SealState.Valid);
        FluentActions.Invoking(() => Seal.Make(A.Namespace("x"), Key, A.Start)).Should().Throw<ArgumentException>();
    }

    [Fact]
    public void An_object_without_a_seal_is_missing_one_whatever_keys_there_are()
    {
        Seal.Verify(A.Grant(), Keys).Should().Be(SealState.Missing);
        Seal.Verify(Annotated(A.Grant(), ""), Keys).Should().Be(SealState.Missing);
    }

    public static TheoryData<string, Func<BreakGlassGrant, BreakGlassGrant>> Changes => new()
    {
        { "another name", g => g with { Metadata = g.Metadata with { Name = "inc-4712" } } },
        { "another requester", g => g with { Spec = g.Spec with { Requester = A.Caller("mallory", "payments-oncall") } } },
        { "another group", g => g with { Spec = g.Spec with { Requester = A.Caller("alice", "admins") } } },
        { "no requester", g => g with { Spec = g.Spec with { Requester = null } } },
        { "a longer duration", g => g with { Spec = g.Spec with { Duration = "1h" } } },
        { "a revocation", g => g with { Spec = g.Spec with { Revoke = new() { Reason = "done" } } } },
        { "an empty revocation", g => g with { Spec = g.Spec with { Revoke = new() } } },
        { "31 seconds later", g => g with { Metadata = g.Metadata with { CreatedAt = A.Start.AddSeconds(31) } } },
        { "31 seconds earlier", g => g with { Metadata = g.Metadata with { CreatedAt = A.Start.AddSeconds(-31) } } },
        { "no time", g => g with { Metadata = g.Metadata with { CreationTimestamp = null } } },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public void A_sealed_grant_that_was_changed_is_broken(string what, Func<BreakGlassGrant, BreakGlassGrant> change) =>
        Seal.Verify(change(Sealed(A.Grant())), Keys).Should().Be(SealState.Broken, what);

    [Fact]
    public void A_seal_is_good_for_30_seconds_either_way_and_not_for_another_kind()
    {
        var grant = Sealed(A.Grant());
        Seal.Verify(grant with { Metadata = grant.Metadata with { CreatedAt = A.Start.AddSeconds(30) } }, Keys).Should().Be(SealState.Valid);
        Seal.Verify(grant with { Metadata = grant.Metadata with { CreatedAt = A.Start.AddSeconds(-30) } }, Keys).Should().Be(SealState.Valid);
        var approval = Sealed(new BreakGlassApproval { Metadata = Meta });
        Seal.Verify(new BreakGlassReview { Metadata = approval.Metadata }, Keys).Should().Be(SealState.Broken);
    }

    [Fact]
    public void Labels_annotations_and_status_are_not_sealed()
    {
        var grant = Sealed(A.Grant());
        Seal.Verify(grant with { Metadata = grant.Metadata with { Labels = A.Labels(("a", "b")), ResourceVersion = "9" },
            Status = new() { Phase = GrantPhase.Active } }, Keys)
            .Should().Be(SealState.Valid);
    }

    [Fact]
    public void A_key_that_is_gone_or_another_one_under_its_id_breaks_the_seal()
    {
        var grant = Sealed(A.Grant());
        Seal.Verify(grant, SealKeys.None).Should().Be(SealState.Broken);
        Seal.Verify(grant, new([Key with { Secret = new byte[32] }])).Should().Be(SealState.Broken);
        Seal.Verify(grant, new([Key, Key with { Id = "k2", CreatedAt = A.Start }])).Should().Be(SealState.Valid);
    }

    [Theory]
    [InlineData("dry-run")]
    [InlineData("v1")]
    [InlineData("v1...")]
    [InlineData("v2.k1.1795309323.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("v1.k1.1795309323.AAAA")]
    [InlineData("v1.k1.+1795309323.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("v1.k1.01795309323.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("v1.k1.99999999999999999999.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("v1.k1.9223372036854775807.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("v1.K1.1795309323.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("v1.k1.1795309323.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.x")]
    public void What_is_no_seal_is_broken_and_nothing_more(string text)
    {
        Seal.Verify(Annotated(A.Grant(), text), Keys).Should().Be(SealState.Broken);
    }

    [Fact]
    public void Formatting_order_and_written_defaults_do_not_matter()
    {
        var policy = JsonSerializer.Deserialize(
            """
            {"metadata":{"name":"p","creationTimestamp":"2026-11-22T01:02:03Z"},"spec":{"mode":"BreakGlass","requesters":[{"kind":"Group","name":"g"}],
             "access":[{"name":"a","roleRef":{"kind":"ClusterRole","name":"view"},"namespaces":["n"]}]}}
            """, KubeKinds.Of<BreakGlassPolicy>().Json)!;
        var defaulted = JsonSerializer.Deserialize(
            """
            {"spec":{"suspended":false,"rolePinning":"Warn","retainFor":"2160h","duration":{"max":"1h","default":"30m"},"credential":"ServiceAccountToken","limits":null,
             "access":[{"namespaces":["n"],"roleRef":{"name":"view","kind":"ClusterRole"},"name":"a"}],"requesters":[{"name":"g","kind":"Group"}],"mode":"BreakGlass","later":1},
             "metadata":{"name":"p","creationTimestamp":"2026-11-22T01:02:03Z"}}
            """, KubeKinds.Of<BreakGlassPolicy>().Json)!;
        Seal.Make(policy, Key, A.Start).ToString().Should().Be(Seal.Make(defaulted, Key, A.Start).ToString());
    }

    [Theory]
    [InlineData("""{"namespaceSelector":{}}""", """{}""")]
    [InlineData("""{"clusterWide":false}""", """{"clusterWide":true}""")]
    [InlineData("""{"clusterWide":false}""", """{}""")]
    [InlineData("""{"namespaces":["a","b"]}""", """{"namespaces":["b","a"]}""")]
    public void What_means_something_else_is_sealed_differently(string one, string other)
    {
        string Of(string entry) =>
            Seal.Make(new BreakGlassPolicy { Spec = new() { Access = [JsonNode.Parse(entry).Deserialize(BreakGlassApi.Json<AccessEntry>())!] } }, Key, A.Start)
                .ToString();
        Of(one).Should().NotBe(Of(other));
    }

    [Fact]
    public void Any_justification_and_reason_keep_their_seal_over_the_wire() => Prop.ForAll<string, string>((justification, reason) =>
    {
        var grant = Sealed(OverTheWire(A.Grant(s => s with { Justification = justification ?? "", Revoke = new() { Reason = reason } })));
        return Seal.Verify(OverTheWire(grant), Keys) is SealState.Valid;
    }).QuickCheckThrowOnFailure();

    private static BreakGlassGrant OverTheWire(BreakGlassGrant grant) =>
        JsonSerializer.Deserialize(JsonSerializer.SerializeToUtf8Bytes(grant, KubeKinds.Of<BreakGlassGrant>().Json), KubeKinds.Of<BreakGlassGrant>().Json)!;

    private static V1ObjectMeta Meta => new() { Name = "x", CreatedAt = A.Start };

    private static T Sealed<T>(T o)
        where T : class, IKubernetesObject<V1ObjectMeta> => Annotated(o, Seal.Make(o, Key, A.Start).ToString());

    private static T Annotated<T>(T o, string seal)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        o.WithMetadata(o.Metadata with { Annotations = new Dictionary<string, string> { [Seal.Annotation] = seal } });
}
