using System.Buffers.Binary;

namespace BreakGlass.Core.Journal;

/// <summary>A text with signatures, as C2SP signed-note defines it.</summary>
internal static class SignedNote
{
    /// <summary>The longest note that is read, in bytes.</summary>
    public const int Longest = 64 * 1024;

    /// <summary>What is wrong with a text that is not a note.</summary>
    internal const string NotANote = "it is not a signed note: a text, an empty line, and lines with signatures";

    private const string SignatureStart = "— ";
    private const int MostSignatures = 100;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Signs a text that ends in a newline.</summary>
    public static byte[] Sign(string text, SigningKey key)
    {
        var bytes = Strict.GetBytes(text);
        var signatures = new StringBuilder("\n");
        foreach (var signer in key.All)
        {
            var id = new byte[sizeof(uint)];
            BinaryPrimitives.WriteUInt32BigEndian(id, signer.Verifier.Key.Id);
            var signature = Convert.ToBase64String([.. id, .. signer.Sign(bytes)]);
            signatures.Append(CultureInfo.InvariantCulture, $"{SignatureStart}{signer.Verifier.Name} {signature}\n");
        }

        return [.. bytes, .. Strict.GetBytes(signatures.ToString())];
    }

    /// <summary>
    /// The text of a note, if the key, or one that is accepted in its place, signed it; otherwise null, and why. Signatures of other keys are ignored, as the
    /// standard demands.
    /// </summary>
    public static string? Open(ReadOnlySpan<byte> note, VerifierKey key, out string problem)
    {
        var text = Text(note);
        var end = text?.LastIndexOf("\n\n", StringComparison.Ordinal) ?? -1;
        problem = NotANote;
        if (end < 0 || end + 2 >= text!.Length || text[^1] != '\n') return null;
        var lines = text[(end + 2)..^1].Split('\n');
        if (lines.Length > MostSignatures) return null;
        var (body, isSigned, others) = (text[..(end + 1)], false, new List<string>());
        foreach (var line in lines)
        {
            if (!line.StartsWith(SignatureStart, StringComparison.Ordinal) || line[SignatureStart.Length..].Split(' ') is not [var name, var base64]
                || !NoteKey.IsName(name) || Base64Text.Decode(base64) is not { Length: > sizeof(uint) } bytes)
            {
                return null;
            }

            var signer = new NoteKey(name, BinaryPrimitives.ReadUInt32BigEndian(bytes));
            if (key.All.FirstOrDefault(k => k.Key == signer) is not { } accepted)
            {
                if (name == key.Name) others.Add(signer.Id.ToString("x8", CultureInfo.InvariantCulture));
                continue;
            }

            isSigned = accepted.Verifies(Strict.GetBytes(body), bytes[sizeof(uint)..]);
            if (isSigned) continue;
            problem = $"the signature of {key.Name} does not match the text; the text or the signature was changed";
            return null;
        }

        problem = isSigned ? "" : $"it is not signed by the key {key.Name} ({string.Join(", ", key.All.Select(k => k.Id))})"
            + (others.Count == 0 ? "" : $", and signed by {string.Join(", ", others)} of the same name: if the journal's key was replaced, get the new public "
                + "key from the person who replaced it, and add it to the file of --key as another line");
        return isSigned ? body : null;
    }

    /// <summary>The text of a note, without a check of its signatures; null if it is not one.</summary>
    internal static string? Unverified(ReadOnlySpan<byte> note) =>
        Text(note) is { } text && text.LastIndexOf("\n\n", StringComparison.Ordinal) is >= 0 and var end ? text[..(end + 1)] : null;

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
