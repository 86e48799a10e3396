namespace Kube.Client;

/// <summary>A TokenReview (authentication.k8s.io/v1) whose text form leaves out the token; that of the package's record shows it.</summary>
public sealed record TokenReview : V1TokenReview
{
    /// <summary>A review of a token.</summary>
    public static TokenReview Of(string token) => new() { Spec = new TokenReviewQuestion { Token = token } };

    /// <inheritdoc/>
    public override string ToString() => $"{nameof(TokenReview)} {{ Authenticated = {Status?.Authenticated} }}";
}

/// <summary>A TokenRequest (authentication.k8s.io/v1) whose text form leaves out the token; that of the package's record shows it.</summary>
public sealed record TokenRequest : Authenticationv1TokenRequest
{
    /// <inheritdoc/>
    public override string ToString() => $"{nameof(TokenRequest)} {{ ExpirationTimestamp = {Status?.ExpirationTimestamp:O} }}";
}

/// <summary>The question of a <see cref="TokenReview"/>.</summary>
internal sealed record TokenReviewQuestion : V1TokenReviewSpec
{
    public override string ToString() => "TokenReviewSpec { Token = *** }";
}

/// <summary>The answer of a <see cref="TokenRequest"/>.</summary>
internal sealed record TokenRequestAnswer : V1TokenRequestStatus
{
    public override string ToString() => $"TokenRequestStatus {{ Token = ***, ExpirationTimestamp = {ExpirationTimestamp:O} }}";
}
