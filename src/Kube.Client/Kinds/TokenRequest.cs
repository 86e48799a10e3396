namespace Kube.Client;

/// <summary>A TokenRequest (authentication.k8s.io/v1) whose text form leaves out the token; that of the package's record shows it.</summary>
public sealed record TokenRequest : Authenticationv1TokenRequest
{
    /// <inheritdoc/>
    public override string ToString() => $"{nameof(TokenRequest)} {{ ExpirationTimestamp = {Status?.ExpirationTimestamp:O} }}";
}
