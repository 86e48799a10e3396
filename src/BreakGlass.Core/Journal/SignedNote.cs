using System.Buffers.Binary;

namespace BreakGlass.Core.Journal;

/// <summary>A text with signatures, as C2SP signed-note defines it.</summary>
internal static class SignedNote
{
    /// <summary>The longest note that is read, in bytes.</summary>
    public const int Longest = 64 * 1024;

    private const string SignatureStart = "— ";
    private const int MostSignatures = 100;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Signs a text that ends in a newline.</summary>
    public static byte[] Sign(string text, SigningKey key)
    {
        var bytes = Strict.GetBytes(text);
        var signature = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(signature, key.Verifier.Key.Id);
        return [.. bytes, .. Strict.GetBytes($"\n{SignatureStart}{key.Verifier.Name} {Convert.ToBase64String([.. signature, .. key.Sign(bytes)])}\n")];
    }

    /// <summary>The text of a note, if the key signed it; otherwise null, and why. Signatures of other keys are ignored, as the standard demands.</summary>
    public static string? Open(ReadOnlySpan<byte> note, VerifierKey key, out string problem)
    {
        var text = Text(note);
        var end = text?.LastIndexOf("\n\n", StringComparison.Ordinal) ?? -1;
        problem = "it is not a signed note: a text, an empty line, and lines with signatures";
        if (end < 0 || end + 2 >= text!.Length || text[^1] != '\n') return null;
        var lines = text[(end + 2)..^1].Split('\n');
        if (lines.Length > MostSignatures) return null;
        var (body, isSigned) = (text[..(end + 1)], false);
        foreach (var line in lines)
        {
            if (!line.StartsWith(SignatureStart, StringComparison.Ordinal) || line[SignatureStart.Length..].Split(' ') is not [var name, var base64]
                || !NoteKey.IsName(name) || Base64Text.Decode(base64) is not { Length: > sizeof(uint) } bytes)
            {
                return null;
            }

            if (new NoteKey(name, BinaryPrimitives.ReadUInt32BigEndian(bytes)) != key.Key) continue;
            isSigned = key.Verifies(Strict.GetBytes(body), bytes[sizeof(uint)..]);
            if (isSigned) continue;
            problem = $"the signature of {key.Name} does not match the text; the text or the signature was changed";
            return null;
        }

        problem = isSigned ? "" : $"it is not signed by the key {key.Name} ({key.Key.Id:x8})";
        return isSigned ? body : null;
    }

    private static string? Text(ReadOnlySpan<byte> note)
    {
        if (note.Length is 0 or > Longest) return null;
        try
        {
            var text = Strict.GetString(note);
            return text.Any(c => c < ' ' && c != '\n') ? null : text;
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
