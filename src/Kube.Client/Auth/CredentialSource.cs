namespace Kube.Client;

/// <summary>Where credentials come from.</summary>
internal abstract class CredentialSource : IDisposable
{
    /// <summary>The credential to use now.</summary>
    /// <exception cref="KubeConfigException">It cannot be had.</exception>
    public abstract ValueTask<Credential> GetAsync(CancellationToken cancellationToken);

    /// <summary>Told that the server answered 401 to <paramref name="refused"/>: true if there is another one now, so that one more try makes sense.</summary>
    public virtual ValueTask<bool> RefreshAsync(Credential refused, CancellationToken cancellationToken) => ValueTask.FromResult(false);

    public virtual void Dispose()
    {
    }

    /// <summary>
    /// Chooses as client-go does: a token file, else a token, else basic authentication, else the client certificate alone; a plugin only where
    /// there is none of them.
    /// </summary>
    public static CredentialSource Of(ClusterConnection connection, TimeProvider time, KubeClientOptions options)
    {
        if (connection is { Exec: { } exec, HasCredentialOfItsOwn: false }) return new ExecCredentials(exec, connection, time);
        if (connection.TokenFile is { } file) return new TokenFileCredentials(file, time, options.OnReloadFailed);
        if (connection.Token is { } token) return new FixedCredentials(Credential.Bearer(token, connection.Source));
        if (connection.Username is not { } user) return new FixedCredentials(Credential.None);
        var basic = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{connection.Password}"));
        return new FixedCredentials(new Credential(new AuthenticationHeaderValue("Basic", basic)));
    }
}
