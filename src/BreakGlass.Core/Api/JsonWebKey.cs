using Kube.Model.Schema;

namespace BreakGlass.Core.Api;

/// <summary>A public key as RFC 7517 writes it: RSA (kty, n, e) or EC P-256 (kty, crv, x, y).</summary>
public sealed record JsonWebKey
{
    /// <summary>RSA or EC.</summary>
    [Required, Enum("RSA", "EC")]
    public string? Kty { get; init; }

    /// <summary>Name of the key, for the recipient.</summary>
    [Bounds(max: 256)]
    public string? Kid { get; init; }
}
