using Org.BouncyCastle.Math.EC.Rfc8032;

namespace BreakGlass.Core.Journal;

/// <summary>
/// The public key that verifies the journal's checkpoints. Its text form is that of Go's <c>note</c>: <c>name+hash+base64</c>. If the key was replaced, there
/// is one line for each key that is accepted, all with the journal's name.
/// </summary>
public sealed class VerifierKey
{
    private readonly byte[] _publicKey;

    private VerifierKey(NoteKey key, byte[] publicKey) => (Key, _publicKey) = (key, publicKey);

    /// <summary>The name, which is also the origin of the journal.</summary>
    public string Name => Key.Name;

    /// <summary>The id: eight hexadecimal digits, which are the second part of the text form.</summary>
    public string Id => Key.Id.ToString("x8", CultureInfo.InvariantCulture);

    internal NoteKey Key { get; }

    /// <summary>This key, and the others that are accepted in its place.</summary>
    internal IReadOnlyList<VerifierKey> All => [this, .. Others];

    private IReadOnlyList<VerifierKey> Others { get; init; } = [];

    /// <summary>Reads the text form; false if it is not one, or a hash is not that of its name and key.</summary>
    public static bool TryParse(string? text, out VerifierKey key)
    {
        key = null!;
        var keys = new List<VerifierKey>();
        foreach (var line in LinesOf(text))
        {
            if (!TryParseLine(line, out var one)) return false;
            keys.Add(one);
        }

        if (keys.Count == 0 || keys.Exists(k => k.Name != keys[0].Name)) return false;
        key = keys[0].With(keys.Skip(1));
        return true;
    }

    /// <summary>The text form.</summary>
    public override string ToString() => Key.Text(_publicKey);

    /// <summary>The lines of a text with keys.</summary>
    internal static string[] LinesOf(string? text) => (text ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    internal static bool TryParseLine(string line, out VerifierKey key)
    {
        key = null!;
        if (!NoteKey.TryParse(line, out var parsed, out var publicKey)) return false;
        if (NoteKey.Of(parsed.Name, publicKey) != parsed || !Ed25519.ValidatePublicKeyFull(publicKey, 0)) return false;
        key = new(parsed, publicKey);
        return true;
    }

    /// <summary>This key, with others that are accepted in its place.</summary>
    internal VerifierKey With(IEnumerable<VerifierKey> others) => new(Key, _publicKey) { Others = [.. others] };

    internal static VerifierKey Of(string name, byte[] publicKey) => new(NoteKey.Of(name, publicKey), publicKey);

    internal bool Verifies(byte[] text, byte[] signature) =>
        signature.Length == Ed25519.SignatureSize && Ed25519.Verify(signature, 0, _publicKey, 0, text, 0, text.Length);
}
