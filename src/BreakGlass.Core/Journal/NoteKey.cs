using System.Buffers.Binary;
using System.Security.Cryptography;

namespace BreakGlass.Core.Journal;

/// <summary>What identifies a key of a C2SP signed-note: a name, and the first four bytes of a hash over the name and the public key.</summary>
/// <param name="Name">The name, without spaces and plus signs.</param>
/// <param name="Id">The four bytes, big-endian.</param>
internal readonly record struct NoteKey(string Name, uint Id)
{
    /// <summary>The signature type of Ed25519.</summary>
    public const byte Ed25519Type = 1;

    private const int KeySize = 32;
    private const int LongestName = 253;

    /// <summary>The key of a name and a public key of Ed25519.</summary>
    public static NoteKey Of(string name, ReadOnlySpan<byte> publicKey) =>
        new(name, BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData([.. Encoding.UTF8.GetBytes(name), (byte)'\n', Ed25519Type, .. publicKey])));

    /// <summary>Whether a text can be the name of a key.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= LongestName && !name.Any(c => c == '+' || char.IsWhiteSpace(c) || char.IsControl(c) || char.IsSurrogate(c));

    /// <summary>Reads <c>name+hash+base64</c>, where the base64 is the signature type and 32 bytes.</summary>
    public static bool TryParse(string text, out NoteKey key, out byte[] bytes)
    {
        (key, bytes) = (default, []);
        if (text.Split('+', 3) is not [var name, { Length: 8 } hash, var base64] || !IsName(name)) return false;
        if (!uint.TryParse(hash, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var id)) return false;
        if (Base64Text.Decode(base64) is not [Ed25519Type, .. { Length: KeySize } rest]) return false;
        (key, bytes) = (new(name, id), rest);
        return true;
    }

    /// <summary>Writes <c>name+hash+base64</c>.</summary>
    public string Text(ReadOnlySpan<byte> bytes) => $"{Name}+{Id:x8}+{Convert.ToBase64String([Ed25519Type, .. bytes])}";
}
