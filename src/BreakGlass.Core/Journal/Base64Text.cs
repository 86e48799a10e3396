using System.Buffers.Text;

namespace BreakGlass.Core.Journal;

/// <summary>Base64 of RFC 4648 section 4 in the one form that stands for some bytes: padded, without white space, unused bits zero.</summary>
internal static class Base64Text
{
    /// <summary>Decodes; null if the text is not that form.</summary>
    public static byte[]? Decode(string text)
    {
        if (text.Length % 4 != 0 || !Base64.IsValid(text)) return null;
        var bytes = new byte[text.Length / 4 * 3];
        return Convert.TryFromBase64String(text, bytes, out var written) && Convert.ToBase64String(bytes, 0, written) == text ? bytes[..written] : null;
    }

    /// <summary>Decodes exactly as many bytes as there is room for.</summary>
    public static bool TryDecode(string text, Span<byte> bytes)
    {
        if (Decode(text) is not { } decoded || decoded.Length != bytes.Length) return false;
        decoded.CopyTo(bytes);
        return true;
    }
}
