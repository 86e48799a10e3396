namespace Kube.Client;

/// <summary>The question of a <see cref="TokenReview"/>.</summary>
internal sealed record TokenReviewQuestion : V1TokenReviewSpec
{
    public override string ToString() => "TokenReviewSpec { Token = *** }";
}
