namespace Kube.Client;

/// <summary>A credential that never changes.</summary>
internal sealed class FixedCredentials(Credential credential) : CredentialSource
{
    public override ValueTask<Credential> GetAsync(CancellationToken cancellationToken) => ValueTask.FromResult(credential);
}
