using System.Buffers;
using System.Buffers.Text;

namespace BreakGlass.Core.Credentials;

/// <summary>base64url as JOSE wants it (RFC 7515 section 2): no padding, no white space, which <see cref="Base64Url"/> would let pass.</summary>
internal static class Base64UrlText
{
    private static readonly SearchValues<char> Alphabet =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    public static string Encode(ReadOnlySpan<byte> bytes) => Base64Url.EncodeToString(bytes);

    /// <summary>Decodes; false where it is not base64url.</summary>
    public static bool TryDecode(ReadOnlySpan<char> text, out byte[] bytes)
    {
        bytes = [];
        if (text.ContainsAnyExcept(Alphabet) || text.Length % 4 == 1) return false;
        var buffer = new byte[Base64Url.GetMaxDecodedLength(text.Length)];

        // The method called TryDecodeFromChars throws where the last character has bits that stand for nothing.
        if (Base64Url.DecodeFromChars(text, buffer, out _, out var written) != OperationStatus.Done) return false;
        bytes = buffer[..written];
        return true;
    }
}
