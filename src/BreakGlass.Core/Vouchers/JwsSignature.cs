using BreakGlass.Core.Credentials;

namespace BreakGlass.Core.Vouchers;

/// <summary>One signature of a JWS. Whether it is valid only a key can say.</summary>
/// <param name="Header">The protected header, base64url.</param>
/// <param name="Kid">The name of the key; empty if only one key can have signed.</param>
/// <param name="Algorithm">ES256 or EdDSA.</param>
/// <param name="Input">What is signed.</param>
/// <param name="Value">The signature.</param>
internal sealed record JwsSignature(string Header, string Kid, string Algorithm, byte[] Input, byte[] Value)
{
    /// <summary>ECDSA on P-256 with SHA-256 (RFC 7518 section 3.4).</summary>
    public const string Es256 = "ES256";

    /// <summary>Ed25519 (RFC 8037 section 3.1).</summary>
    public const string EdDsa = "EdDSA";

    /// <summary>The bytes of a signature of either algorithm.</summary>
    public const int Size = 64;

    /// <summary>Reads the parts of a signature; gives what is wrong.</summary>
    public static string? Read(string header, string content, string value, string what, string type, bool withKid, out JwsSignature? signature)
    {
        signature = null;
        if (!Base64UrlText.TryDecode(header, out var headerBytes) || !Base64UrlText.TryDecode(value, out var bytes))
            return $"{what}: a part is not base64url, without = at the end; copy all of it, without line breaks";
        var about = $"{what}, header";
        var members = withKid ? StrictObject.Parse(headerBytes, about, "alg", "typ", "kid") : StrictObject.Parse(headerBytes, about, "alg", "typ");
        var algorithm = members.Text("alg", static a => a is Es256 or EdDsa, $"{Es256} or {EdDsa}");
        _ = members.Text("typ", t => t == type, $"\"{type}\"");
        var kid = withKid ? members.Text("kid", VoucherText.IsKid, "the name of a key: 1 to 64 letters, digits, '-', '_' and '.'") : "";
        if (members.Problem is { } problem) return problem;
        if (bytes.Length != Size) return $"{what}: a signature does not have {Size} bytes";
        signature = new(header, kid, algorithm, Encoding.ASCII.GetBytes($"{header}.{content}"), bytes);
        return null;
    }
}
