namespace Kube.Client;

/// <summary>A token in a file that the kubelet (or another issuer) renews: read again every minute and after a 401.</summary>
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
