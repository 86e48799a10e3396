namespace BreakGlass.Operator.Jobs.Drills;

/// <summary>
/// Acts as one of the ServiceAccounts of drills: with a token that the API server issues for ten minutes, and that is only in this process's memory. The
/// operator needs the right to request tokens of these two accounts, and does not impersonate users (ADR 0034). Not thread-safe: one run uses it.
/// </summary>
/// <param name="client">The operator's client; writes are fenced with it.</param>
/// <param name="ns">The operator's namespace.</param>
/// <param name="account">The ServiceAccount.</param>
/// <param name="time">Clock.</param>
internal sealed class DrillIdentity(KubeClient client, string ns, string account, TimeProvider time) : IDisposable
{
    private const long Seconds = 600;

    private static readonly TimeSpan RenewAfter = TimeSpan.FromMinutes(7);

    private KubeClient? _own;
    private long _issuedAt;

    /// <summary>A client that is the ServiceAccount.</summary>
    /// <exception cref="KubeApiException">The API server issued no token.</exception>
    /// <exception cref="KubeConnectionException">It could not be asked.</exception>
    public async Task<KubeClient> ClientAsync(CancellationToken cancellationToken)
    {
        if (_own is { } own && time.GetElapsedTime(_issuedAt) < RenewAfter) return own;
        var answer = await client.CreateTokenAsync(ns, account, new TokenRequest { Spec = new() { ExpirationSeconds = Seconds } }, cancellationToken);
        var token = answer.Status?.Token
            ?? throw new InvalidOperationException($"The API server answered the token request for ServiceAccount {ns}/{account} without a token.");
        _own?.Dispose();
        _issuedAt = time.GetTimestamp();
        return _own = client.As(token);
    }

    /// <inheritdoc/>
    public void Dispose() => _own?.Dispose();
}
