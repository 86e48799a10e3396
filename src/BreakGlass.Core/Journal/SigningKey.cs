using Org.BouncyCastle.Math.EC.Rfc8032;

namespace BreakGlass.Core.Journal;

/// <summary>
/// The private key that signs the journal's checkpoints. Its text form is that of Go's <c>note</c>: <c>PRIVATE+KEY+name+hash+base64</c>. It has no text form
/// of its own, so that it does not get into a log. If the key was replaced, more lines follow: private keys that sign as well, so that people who do not have
/// the new public key yet can go on to verify, and public keys whose signatures are accepted.
/// </summary>
public sealed class SigningKey
{
    /// <summary>The number of random bytes that a key is made of.</summary>
    public const int SeedSize = 32;

    /// <summary>The most bytes of a file with keys that the operator reads.</summary>
    public const int LargestFile = 4096;

    private const string Prefix = "PRIVATE+KEY+";

    private readonly byte[] _seed;

    private SigningKey(byte[] seed, VerifierKey verifier) => (_seed, Verifier) = (seed, verifier);

    /// <summary>The public key, with those of the keys that it replaced.</summary>
    public VerifierKey Verifier { get; }

    /// <summary>This key, and the others that sign as well.</summary>
    internal IReadOnlyList<SigningKey> All => [this, .. Others];

    private IReadOnlyList<SigningKey> Others { get; init; } = [];

    /// <summary>Makes a key from 32 random bytes.</summary>
    /// <param name="name">The name, for example <c>breakglass.example.com/prod</c>.</param>
    /// <param name="seed">The bytes.</param>
    public static SigningKey Of(string name, ReadOnlySpan<byte> seed)
    {
        if (!NoteKey.IsName(name)) throw new ArgumentException("the name of a key must not be empty, and has no spaces and no plus sign", nameof(name));
        if (seed.Length != SeedSize) throw new ArgumentException($"a seed has {SeedSize} bytes", nameof(seed));
        var (secret, publicKey) = (seed.ToArray(), new byte[Ed25519.PublicKeySize]);
        Ed25519.GeneratePublicKey(secret, 0, publicKey, 0);
        return new(secret, VerifierKey.Of(name, publicKey));
    }

    /// <summary>Reads the text form; false if it is not one.</summary>
    public static bool TryParse(string? text, out SigningKey key)
    {
        key = null!;
        var lines = VerifierKey.LinesOf(text);
        if (lines.Length == 0 || !TryParseLine(lines[0], out var first)) return false;
        var (signing, accepted) = (new List<SigningKey>(), new List<VerifierKey>());
        foreach (var line in lines[1..])
        {
            if (TryParseLine(line, out var other)) signing.Add(other);
            else if (VerifierKey.TryParseLine(line, out var verifier)) accepted.Add(verifier);
            else return false;
        }

        accepted.AddRange(signing.Select(k => k.Verifier));
        if (accepted.Exists(k => k.Name != first.Verifier.Name)) return false;
        key = new(first._seed, first.Verifier.With(accepted)) { Others = signing };
        return true;
    }

    /// <summary>The text form, for the file that keeps the key. It is a secret.</summary>
    public string ToSecretText() => Prefix + Verifier.Key.Text(_seed);

    /// <summary>
    /// The text of a key file with another key before this one. The other key signs; this one and those after it go on to sign as well, or, if they may have
    /// leaked, are only accepted. The text is a secret.
    /// </summary>
    /// <param name="seed">32 random bytes, for the other key.</param>
    /// <param name="haveLeaked">Whether the private keys in this file may have leaked.</param>
    public string Succeeded(ReadOnlySpan<byte> seed, bool haveLeaked)
    {
        var next = Of(Verifier.Name, seed);
        var onlyAccepted = Verifier.All.Where(v => haveLeaked || All.All(k => k.Verifier.Key != v.Key)).Select(v => $"{v}");
        var signing = haveLeaked ? [] : All.Select(k => k.ToSecretText());
        return string.Join('\n', [next.ToSecretText(), .. signing, .. onlyAccepted]) + "\n";
    }

    private static bool TryParseLine(string line, out SigningKey key)
    {
        key = null!;
        if (!line.StartsWith(Prefix, StringComparison.Ordinal) || !NoteKey.TryParse(line[Prefix.Length..], out var parsed, out var seed)) return false;
        var made = Of(parsed.Name, seed);
        if (made.Verifier.Key != parsed) return false;
        key = made;
        return true;
    }

    internal byte[] Sign(byte[] text)
    {
        var signature = new byte[Ed25519.SignatureSize];
        Ed25519.Sign(_seed, 0, text, 0, text.Length, signature, 0);
        return signature;
    }
}
