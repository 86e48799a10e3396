using System.Security.Cryptography;
using System.Text;
using BreakGlass.Core.Credentials;

namespace BreakGlass.Core.Tests.Vouchers;

/// <summary>Signs any header and any payload, right or wrong, as a stranger would who has the key.</summary>
internal static class RawJws
{
    public static readonly ECDsa Key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public const string Header = """{"alg":"ES256","kid":"raw","typ":"breakglass-voucher+jwt"}""";

    public static string Url(string text) => Base64UrlText.Encode(Encoding.UTF8.GetBytes(text));

    public static string Url(ReadOnlySpan<byte> bytes) => Base64UrlText.Encode(bytes);

    public static string Compact(string header, string payload, ECDsa? key = null) =>
        Compact(Encoding.UTF8.GetBytes(header), Encoding.UTF8.GetBytes(payload), key);

    public static string Compact(byte[] header, byte[] payload, ECDsa? key = null)
    {
        var input = $"{Url(header)}.{Url(payload)}";
        return $"{input}.{Url((key ?? Key).SignData(Encoding.ASCII.GetBytes(input), HashAlgorithmName.SHA256))}";
    }
}
