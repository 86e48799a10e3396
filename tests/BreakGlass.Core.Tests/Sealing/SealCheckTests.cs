using BreakGlass.Core.Api;
using BreakGlass.Core.Sealing;
using FluentAssertions;
using k8s;
using k8s.Models;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Sealing;

/// <summary>Whether a stamp is believed is decided in one place.</summary>
public sealed class SealCheckTests
{
    private static readonly SealKey Key = new("abc", A.Start.AddDays(-1), new byte[SealKey.SecretBytes]);
    private static readonly SealCheck ByKeys = SealCheck.By(new([Key]));

    private static BreakGlassApproval Unstamped =>
        A.Approval(A.Grant(), A.Caller("carol")) with { Spec = new() { Grant = "inc-4711", Decision = "Approve", Approver = A.Caller("carol") } };

    private static BreakGlassReview Unreviewed =>
        A.Review(A.Grant(), A.Caller("rita")) with { Spec = new() { Grant = "inc-4711", Outcome = "Justified", Reviewer = A.Caller("rita") } };

    [Fact]
    public void A_check_by_keys_believes_what_carries_a_seal_and_nothing_else()
    {
        ByKeys.Of(Sealed(A.Grant())).Should().Be(SealState.Valid);
        ByKeys.Of(A.Grant()).Should().Be(SealState.Missing);
        ByKeys.OfRecord(A.Grant()).Should().Be(SealState.Missing);
        (ByKeys.Knows("abc"), ByKeys.Knows("def")).Should().Be((true, false));
        var approval = Sealed(A.Approval(A.Grant(), A.Caller("carol")));
        ByKeys.Believed([approval, A.Approval(A.Grant(), A.Caller("dave"))], A.Grant()).Should().Equal(approval);
        var review = Sealed(A.Review(A.Grant(), A.Caller("rita")));
        ByKeys.Believed([review, A.Review(A.Grant(), A.Caller("rob"))], A.Grant()).Should().Equal(review);
        ByKeys.Believed(Sealed(A.Lockdown())).Spec.By!.Username.Should().Be("sue");
        ByKeys.Believed(A.Lockdown()).Spec.Should().Match<LockdownSpec>(s => s.By == null && s.Reason == "token leaked", "it still locks down");
    }

    [Fact]
    public void A_sealed_decision_that_names_no_grant_is_not_given_one() =>
        ByKeys.Believed([Sealed(Unstamped)], A.Grant()).Should().ContainSingle().Which.Spec.GrantUid.Should().BeNull();

    [Fact]
    public void A_trusting_check_believes_everything_and_takes_a_decision_without_a_UID_for_one_on_the_grant_that_is_there()
    {
        var trusting = SealCheck.Trusting;
        trusting.Of(A.Policy()).Should().Be(SealState.Valid);
        trusting.OfRecord(A.Grant()).Should().Be(SealState.Valid);
        trusting.Knows("any").Should().BeTrue();
        trusting.Believed(A.Lockdown()).Spec.By!.Username.Should().Be("sue");
        trusting.Believed([Unstamped, A.Approval(A.Grant(uid: "grant-0"), A.Caller("dave"))], A.Grant()).Select(a => a.Spec.GrantUid)
            .Should().Equal("grant-1", "grant-0");
        trusting.Believed([Unreviewed], A.Grant()).Should().ContainSingle().Which.Spec.GrantUid.Should().Be("grant-1");
    }

    private static T Sealed<T>(T o)
        where T : IKubernetesObject<V1ObjectMeta>
    {
        var seal = Seal.Make(o, Key, o.Metadata.CreatedAt!.Value).ToString();
        o.Metadata = o.Metadata with { Annotations = new Dictionary<string, string> { [Seal.Annotation] = seal } };
        return o;
    }
}
