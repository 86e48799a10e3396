using Org.BouncyCastle.Math.EC.Rfc8032;

namespace BreakGlass.Core.Journal;

/// <summary>The public key that verifies the journal's checkpoints. Its text form is that of Go's <c>note</c>: <c>name+hash+base64</c>.</summary>
public sealed class VerifierKey
{
    private readonly byte[] _publicKey;

    private VerifierKey(NoteKey key, byte[] publicKey) => (Key, _publicKey) = (key, publicKey);

    /// <summary>The name, which is also the origin of the journal.</summary>
    public string Name => Key.Name;

    internal NoteKey Key { get; }

    /// <summary>Reads the text form; false if it is not one, or its hash is not that of its name and key.</summary>
    public static bool TryParse(string? text, out VerifierKey key)
    {
        key = null!;
        if (text is null || !NoteKey.TryParse(text, out var parsed, out var publicKey)) return false;
        if (NoteKey.Of(parsed.Name, publicKey) != parsed || !Ed25519.ValidatePublicKeyFull(publicKey, 0)) return false;
        key = new(parsed, publicKey);
        return true;
    }

    /// <summary>The text form.</summary>
    public override string ToString() => Key.Text(_publicKey);

    internal static VerifierKey Of(string name, byte[] publicKey) => new(NoteKey.Of(name, publicKey), publicKey);

    internal bool Verifies(byte[] text, byte[] signature) =>
        signature.Length == Ed25519.SignatureSize && Ed25519.Verify(signature, 0, _publicKey, 0, text, 0, text.Length);
}
