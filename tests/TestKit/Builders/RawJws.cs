using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace TestKit.Builders;

/// <summary>Makes signed texts (JWS) of any header and any payload, right or wrong, as a stranger does who has a key, or has none.</summary>
public static class RawJws
{
    /// <summary>The header of a voucher that <see cref="Key"/> signs.</summary>
    public const string Header = """{"alg":"ES256","kid":"raw","typ":"breakglass-voucher+jwt"}""";

    /// <summary>Signs where no other key is given.</summary>
    public static ECDsa Key { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    /// <summary>A text as base64url.</summary>
    public static string Url(string text) => Url(Encoding.UTF8.GetBytes(text));

    /// <summary>Bytes as base64url.</summary>
    public static string Url(ReadOnlySpan<byte> bytes) => Base64Url.EncodeToString(bytes);

    /// <summary>The compact form, signed with ES256 whatever the header says.</summary>
    public static string Compact(string header, string payload, ECDsa? key = null) =>
        Compact(Encoding.UTF8.GetBytes(header), Encoding.UTF8.GetBytes(payload), key);

    /// <summary>The compact form, signed with ES256 whatever the header says.</summary>
    public static string Compact(byte[] header, byte[] payload, ECDsa? key = null)
    {
        var input = $"{Url(header)}.{Url(payload)}";
        return $"{input}.{Url((key ?? Key).SignData(Encoding.ASCII.GetBytes(input), HashAlgorithmName.SHA256))}";
    }

    /// <summary>The compact form without a signature.</summary>
    public static string Unsigned(string header, string payload) => $"{Url(header)}.{Url(payload)}.";

    /// <summary>The compact form with a MAC instead of a signature.</summary>
    public static string Mac(string header, string payload, byte[] secret)
    {
        var input = $"{Url(header)}.{Url(payload)}";
        return $"{input}.{Url(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(input)))}";
    }

    /// <summary>The general JSON form with the signatures of all these compact texts, also if one is there twice, and the payload of the first.</summary>
    public static string General(params IReadOnlyList<string> compact)
    {
        var signatures = compact.Select(text => text.Split('.')).Select(parts => $$"""{"protected":"{{parts[0]}}","signature":"{{parts[2]}}"}""");
        return $$"""{"payload":"{{compact[0].Split('.')[1]}}","signatures":[{{string.Join(',', signatures)}}]}""";
    }

    /// <summary>The payload of a compact text.</summary>
    public static string PayloadOf(string compact) => Encoding.UTF8.GetString(Base64Url.DecodeFromChars(compact.Split('.')[1]));
}
