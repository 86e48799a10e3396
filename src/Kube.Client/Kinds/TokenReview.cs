namespace Kube.Client;

/// <summary>A TokenReview (authentication.k8s.io/v1) whose text form leaves out the token; that of the package's record shows it.</summary>
public sealed record TokenReview : V1TokenReview
{
    /// <summary>A review of a token.</summary>
    public static TokenReview Of(string token) => new() { Spec = new TokenReviewQuestion { Token = token } };

    /// <inheritdoc/>
    public override string ToString() => $"{nameof(TokenReview)} {{ Authenticated = {Status?.Authenticated} }}";
}
