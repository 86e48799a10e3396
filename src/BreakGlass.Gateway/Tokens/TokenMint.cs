using System.Collections.Concurrent;

namespace BreakGlass.Gateway.Tokens;

/// <summary>
/// The tokens of grants' ServiceAccounts by which requests are forwarded. They are bound to the grant's credential Secret, so they die with it, and they are
/// in this process's memory alone.
/// </summary>
internal sealed class TokenMint(KubeClient client, TimeProvider time, ILogger logger)
{
    private const long Shortest = 600;
    private const long Longest = 3600;

    private readonly ConcurrentDictionary<string, Entry> _entries = new();

    /// <summary>The token of a grant that is at hand; null if there is none that lasts.</summary>
    public string? Held(BreakGlassGrant grant) => _entries.TryGetValue(grant.Metadata.Name, out var entry) && entry.Held is { } held
        && held.Uid == grant.Metadata.Uid && time.GetUtcNow() < held.Renew ? held.Token : null;

    /// <summary>The token of a grant, made if there is none that lasts.</summary>
    /// <returns>The token; null if the API server does not issue one.</returns>
    public async ValueTask<string?> GetAsync(BreakGlassGrant grant, CancellationToken cancellationToken)
    {
        if (Held(grant) is { } held) return held;
        var entry = _entries.GetOrAdd(grant.Metadata.Name, static _ => new());
        await entry.Gate.WaitAsync(cancellationToken);
        try
        {
            var now = time.GetUtcNow();
            if (entry.Held is { } made && made.Uid == grant.Metadata.Uid && now < made.Renew) return made.Token;
            if (await MintAsync(grant, now, cancellationToken) is not { } minted)
                return entry.Held is { } old && old.Uid == grant.Metadata.Uid && now < old.Expires ? old.Token : null;
            entry.Held = minted;
            return minted.Token;
        }
        finally
        {
            entry.Gate.Release();
        }
    }

    /// <summary>The API server did not accept a token.</summary>
    public void Drop(string grant, string token)
    {
        if (_entries.TryGetValue(grant, out var entry) && entry.Held?.Token == token) entry.Held = null;
    }

    /// <summary>The grant is over.</summary>
    public void Forget(string grant) => _entries.TryRemove(grant, out _);

    private async Task<Minted?> MintAsync(BreakGlassGrant grant, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (grant.Status.ServiceAccount?.Split('/') is not [var ns, var account]
            || grant.Status.CredentialSecret?.Split('/') is not [_, var secret]) return null;
        var left = (long)((grant.Status.ExpiresAt ?? now) - now).TotalSeconds + 1;
        var request = new TokenRequest
        {
            Spec = new()
            {
                ExpirationSeconds = Math.Clamp(left, Shortest, Longest), BoundObjectRef = new() { ApiVersion = "v1", Kind = V1Secret.KubeKind, Name = secret },
            },
        };
        try
        {
            var answer = (await client.CreateTokenAsync(ns, account, request, cancellationToken)).Status;
            if (answer?.Token is not { Length: > 0 } token) return null;
            var expires = answer.ExpirationTimestamp is { } end ? new DateTimeOffset(end) : now + TimeSpan.FromSeconds(Shortest);
            return new(grant.Metadata.Uid, token, expires, now + ((expires - now) * 0.8));
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && e is KubeApiException or KubeConnectionException or KubeConfigException)
        {
            logger.TokenNotIssued(grant.Metadata.Name, e.Message);
            return null;
        }
    }

    private sealed class Entry
    {
        private Minted? _held;

        public SemaphoreSlim Gate { get; } = new(1);

        public Minted? Held
        {
            get => Volatile.Read(ref _held);
            set => Volatile.Write(ref _held, value);
        }
    }

    private sealed record Minted(string Uid, string Token, DateTimeOffset Expires, DateTimeOffset Renew)
    {
        public override string ToString() => $"a token until {Expires:O}";
    }
}
