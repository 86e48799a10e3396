namespace BreakGlass.Core.Lifecycle;

/// <summary>A token, or a key with its certificate, that is held in memory: described without what is secret of it.</summary>
/// <param name="ServiceAccountUid">UID of the ServiceAccount it stands for.</param>
/// <param name="SecretUid">UID of the Secret it is bound to.</param>
/// <param name="ExpiresAt">When the API server stops accepting it, or the certificate ends.</param>
/// <param name="Jwe">The encrypted kubeconfig, for grants with a recipient key.</param>
/// <param name="Gateway">The way through the gateway with the certificate, for grants with path Gateway.</param>
public sealed record IssuedToken(string ServiceAccountUid, string SecretUid, DateTimeOffset ExpiresAt, string? Jwe, GatewayAccess? Gateway = null);
