using System.Security.Cryptography;
using BreakGlass.Core.Credentials;

namespace BreakGlass.Core.Vouchers;

/// <summary>Signs vouchers, and proves that a person holds one.</summary>
public static class VoucherSigning
{
    /// <summary>Signs a new voucher.</summary>
    /// <param name="voucher">What it says; times are cut to whole seconds.</param>
    /// <param name="key">The key of the authority.</param>
    /// <returns>The compact form.</returns>
    /// <exception cref="ArgumentException">It could not be read; the message says why.</exception>
    public static string Sign(Voucher voucher, VoucherKey key)
    {
        var content = Base64UrlText.Encode(Encoding.UTF8.GetBytes(Claims(voucher)));
        return Readable(Jws.WriteCompact(Sign(content, key), content), nameof(voucher));
    }

    /// <summary>Adds a signature.</summary>
    /// <param name="voucher">The voucher as others signed it.</param>
    /// <param name="key">Another key of the authority.</param>
    /// <returns>The general JSON form.</returns>
    /// <exception cref="ArgumentException">The key signed it already, or it has no room; the message says which.</exception>
    public static string AddSignature(SignedVoucher voucher, VoucherKey key) =>
        Readable(Jws.WriteGeneral(voucher.Content, [.. voucher.Signatures, Sign(voucher.Content, key)]), nameof(key));

    /// <summary>Makes the proof that goes with a voucher in a grant.</summary>
    /// <param name="voucher">The voucher.</param>
    /// <param name="grant">The name of the grant.</param>
    /// <param name="now">The time of the cluster.</param>
    /// <param name="holder">The private key of the holder.</param>
    public static string Prove(SignedVoucher voucher, string grant, DateTimeOffset now, ECDsa holder)
    {
        var content = Base64UrlText.Encode(Encoding.UTF8.GetBytes(Jws.Write(json =>
        {
            json.WriteString("grant", grant);
            json.WriteString("aud", voucher.Claims.Cluster);
            json.WriteString("voucher", voucher.Hash);
            json.WriteNumber("iat", now.ToUnixTimeSeconds());
        })));
        return Jws.WriteCompact(Jws.Sign(content, VoucherProof.Type, kid: null, JwsSignature.Es256, input =>
            holder.SignData(input, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation)), content);
    }

    private static JwsSignature Sign(string content, VoucherKey key) => Jws.Sign(content, SignedVoucher.Type, key.Kid, key.Algorithm, key.Sign);

    private static string Readable(string text, string parameter) =>
        SignedVoucher.TryRead(text, out var problem) is null ? throw new ArgumentException(problem, parameter) : text;

    private static string Claims(Voucher voucher) => Jws.Write(json =>
    {
        json.WriteString("jti", voucher.Id);
        json.WriteString("iss", voucher.Authority);
        json.WriteString("aud", voucher.Cluster);
        json.WriteString("sub", voucher.Person);
        json.WriteString("policy", voucher.Policy);
        Texts(json, "access", voucher.Access);
        Texts(json, "namespaces", voucher.Namespaces);
        json.WriteString("max_duration", GoDuration.Format(voucher.MaxDuration));
        json.WriteNumber("iat", voucher.IssuedAt.ToUnixTimeSeconds());
        json.WriteNumber("nbf", voucher.NotBefore.ToUnixTimeSeconds());
        json.WriteNumber("exp", voucher.Expires.ToUnixTimeSeconds());
        json.WriteStartObject("cnf");
        json.WriteStartObject("jwk");
        json.WriteString("kty", voucher.HolderKey.Kty);
        json.WriteString("crv", voucher.HolderKey.Crv);
        json.WriteString("x", voucher.HolderKey.X);
        json.WriteString("y", voucher.HolderKey.Y);
        json.WriteEndObject();
        json.WriteEndObject();
    });

    private static void Texts(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        if (texts.Count == 0) return;
        json.WriteStartArray(name);
        foreach (var text in texts) json.WriteStringValue(text);
        json.WriteEndArray();
    }
}
