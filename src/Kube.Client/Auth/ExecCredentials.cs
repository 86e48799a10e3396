namespace Kube.Client;

/// <summary>
/// Credentials from a plugin: one run at a time, kept until they expire, asked for again after a 401 unless that has happened already.
/// </summary>
internal sealed class ExecCredentials(ExecPlugin plugin, ClusterConnection connection, TimeProvider time) : CredentialSource
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private Credential? _current;
    private DateTimeOffset? _expires;
    private Task<Credential>? _running;

    public override async ValueTask<Credential> GetAsync(CancellationToken cancellationToken)
    {
        Task<Credential> run;
        lock (_gate)
        {
            // The expiry is a wall-clock instant of the issuer's.
            if (_current is not null && !(_expires <= time.GetUtcNow())) return _current;
            run = Run();
        }

        return await run.WaitAsync(cancellationToken);
    }

    public override async ValueTask<bool> RefreshAsync(Credential refused, CancellationToken cancellationToken)
    {
        Task<Credential> run;
        lock (_gate)
        {
            if (_current is not null && !ReferenceEquals(_current, refused)) return true;
            run = Run();
        }

        return !ReferenceEquals(await run.WaitAsync(cancellationToken), refused);
    }

    public override void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
        base.Dispose();
    }

    /// <summary>
    /// The run under way, or a new one. It belongs to no request: one that gives up waiting must not end a log-in that others wait for.
    /// </summary>
    private Task<Credential> Run() => _running ??= Task.Run(() => RunAsync(_stop.Token), CancellationToken.None);

    private async Task<Credential> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            var output = await ExecProcess.RunAsync(plugin, connection, time, cancellationToken);
            var (credential, expires) = Read(output);
            lock (_gate)
            {
                _current = credential;
                _expires = expires;
            }

            return credential;
        }
        finally
        {
            lock (_gate)
            {
                _running = null;
            }
        }
    }

    private (Credential Credential, DateTimeOffset? Expires) Read(byte[] output)
    {
        ExecCredential? answer;
        try
        {
            answer = JsonSerializer.Deserialize(output, ClientJson.Default.ExecCredential);
        }
        catch (JsonException)
        {
            // Neither the text nor the parser's words about it: there is a token in it.
            throw Wrong("its output is not JSON");
        }

        if (answer?.Kind != "ExecCredential") throw Wrong("its output is not an ExecCredential");
        if (answer.ApiVersion != plugin.ApiVersion)
        {
            throw Wrong($"it printed the apiVersion '{answer.ApiVersion}', but the kubeconfig requests '{plugin.ApiVersion}'");
        }

        if (answer.Status is not { } status) throw Wrong("its output has no status");
        var hasCertificate = !string.IsNullOrEmpty(status.ClientCertificateData);
        if (hasCertificate == string.IsNullOrEmpty(status.ClientKeyData))
            throw Wrong("it printed a client certificate without a key, or a key without a certificate");
        if (!hasCertificate && string.IsNullOrEmpty(status.Token)) throw Wrong("it printed neither a token nor a client certificate");
        if (!Credential.IsToken(status.Token ?? "")) throw Wrong("it printed a token with spaces, line breaks or characters that a token cannot have");
        var identity = hasCertificate ? Certificates.ReadIdentity(status.ClientCertificateData!, status.ClientKeyData!, plugin.ToString()) : null;
        var header = string.IsNullOrEmpty(status.Token) ? null : new AuthenticationHeaderValue("Bearer", status.Token);
        return (new Credential(header, identity), status.ExpirationTimestamp);
    }

    private KubeConfigException Wrong(string what) => new($"credential plugin '{plugin.Command}': {what}. Run it manually to check it, or update it.");
}
