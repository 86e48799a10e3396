namespace Kube.Client;

/// <summary>The answer of a <see cref="TokenRequest"/>.</summary>
internal sealed record TokenRequestAnswer : V1TokenRequestStatus
{
    public override string ToString() => $"TokenRequestStatus {{ Token = ***, ExpirationTimestamp = {ExpirationTimestamp:O} }}";
}
