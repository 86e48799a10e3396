namespace BreakGlass.Core.Lifecycle;

/// <summary>A token held in memory, described without itself.</summary>
/// <param name="ServiceAccountUid">UID of the ServiceAccount it stands for.</param>
/// <param name="SecretUid">UID of the Secret it is bound to.</param>
/// <param name="ExpiresAt">When the API server stops accepting it.</param>
/// <param name="Jwe">The encrypted kubeconfig, for grants with a recipient key.</param>
public sealed record IssuedToken(string ServiceAccountUid, string SecretUid, DateTimeOffset ExpiresAt, string? Jwe);
