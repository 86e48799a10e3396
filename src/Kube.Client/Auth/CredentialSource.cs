namespace Kube.Client;

/// <summary>What a request is authenticated with. Compared by reference: another one is another credential.</summary>
internal sealed class Credential(AuthenticationHeaderValue? header, SslStreamCertificateContext? certificate = null)
{
    public static Credential None { get; } = new(null);

    public AuthenticationHeaderValue? Header => header;

    public SslStreamCertificateContext? Certificate => certificate;

    /// <exception cref="KubeConfigException">No header can hold the token.</exception>
    public static Credential Bearer(string token, string source) => IsToken(token)
        ? new(new AuthenticationHeaderValue("Bearer", token))
        : throw new KubeConfigException(
            $"the token ({source}) contains spaces, line breaks or characters that a token cannot have. Copy it again, on one line.");

    /// <summary>Whether it can be a bearer token: visible ASCII.</summary>
    public static bool IsToken(string text) => !text.AsSpan().ContainsAnyExceptInRange('!', '~');
}

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

/// <summary>A credential that never changes.</summary>
internal sealed class FixedCredentials(Credential credential) : CredentialSource
{
    public override ValueTask<Credential> GetAsync(CancellationToken cancellationToken) => ValueTask.FromResult(credential);
}

/// <summary>A token in a file that the kubelet (or whoever issues it) renews: read again every minute and after a 401.</summary>
internal sealed class TokenFileCredentials(string path, TimeProvider time, Action<Exception>? onFailure) : CredentialSource
{
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    private readonly ReloadingFile<Credential> _token = new(last => Read(path, last), Period, time, onFailure);

    public override ValueTask<Credential> GetAsync(CancellationToken cancellationToken) => ValueTask.FromResult(_token.Get());

    public override ValueTask<bool> RefreshAsync(Credential refused, CancellationToken cancellationToken) =>
        ValueTask.FromResult(!ReferenceEquals(_token.Reread(), refused));

    private static Credential Read(string path, Credential? last)
    {
        string token;
        try
        {
            token = File.ReadAllText(path).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KubeConfigException($"the token file '{path}' cannot be read ({e.Message}). Check the path and the file's permissions.", e);
        }

        if (token.Length == 0) throw new KubeConfigException($"the token file '{path}' is empty.");
        return last?.Header?.Parameter == token ? last : Credential.Bearer(token, path);
    }
}
