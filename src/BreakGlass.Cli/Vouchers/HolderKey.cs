using System.Buffers.Text;
using System.Security.Cryptography;
using BreakGlass.Core.Vouchers;

namespace BreakGlass.Cli.Vouchers;

/// <summary>The public key of a holder in a file: as a JWK, as <c>voucher holder</c> prints it, or as PEM.</summary>
internal static class HolderKey
{
    private const int Largest = 64 * 1024;

    public static JsonObject ToJson(JsonWebKey key) => new() { ["kty"] = key.Kty, ["crv"] = key.Crv, ["x"] = key.X, ["y"] = key.Y };

    /// <summary>
    /// The thumbprint of a key (RFC 7638), which signers compare with the one that the person reads to them. Somebody who writes a voucher with another key in
    /// a person's name gets the access, and the record names the person.
    /// </summary>
    public static string Thumbprint(JsonWebKey key) => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(
        $$"""{"crv":"{{key.Crv}}","kty":"{{key.Kty}}","x":"{{key.X}}","y":"{{key.Y}}"}""")));

    /// <summary>Whose key a voucher names, in one line for a person who signs it.</summary>
    public static string Line(Voucher voucher) =>
        $"for key {Thumbprint(voucher.HolderKey)}: the person who has it gets the access. Sign only if {VisibleText.Name(voucher.Person)} says that it is "
            + "theirs.";

    /// <summary>Reads it.</summary>
    /// <exception cref="CliException">It is not one.</exception>
    public static async Task<JsonWebKey> ReadAsync(string file, CancellationToken cancellationToken)
    {
        if (!File.Exists(file)) throw new CliException(ExitCodes.NotFound, $"there is no file '{file}'.");
        if (new FileInfo(file).Length > Largest) throw NotAKey(file);
        var text = await File.ReadAllTextAsync(file, cancellationToken);
        try
        {
            if (!text.Contains("-----BEGIN", StringComparison.Ordinal)) return OfJson(JsonNode.Parse(text), file);
            if (text.Contains("PRIVATE KEY", StringComparison.Ordinal))
                throw CliException.Usage($"'{file}' contains a private key. Give the public key, which 'kubectl breakglass voucher holder' printed.");
            using var key = ECDsa.Create();
            key.ImportFromPem(text);
            return VoucherKey.PublicJwk(key);
        }
        catch (Exception e) when (e is JsonException or ArgumentException or CryptographicException or InvalidOperationException)
        {
            throw NotAKey(file);
        }
    }

    private static JsonWebKey OfJson(JsonNode? node, string file)
    {
        if (node is not JsonObject jwk) throw NotAKey(file);
        if (jwk.ContainsKey("d")) throw CliException.Usage($"'{file}' contains a private key (d). Give the public key: kty, crv, x and y.");
        string? Text(string name) => jwk[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
        var key = new JsonWebKey { Kty = Text("kty"), Crv = Text("crv"), X = Text("x"), Y = Text("y") };
        return key.Kty == "EC" && AuthorityKeys.Problem(new() { Kid = "holder", Kty = "EC", Crv = key.Crv ?? "", X = key.X ?? "", Y = key.Y }) is null
            ? key : throw NotAKey(file);
    }

    private static CliException NotAKey(string file) =>
        CliException.Usage($"'{file}' does not contain a public key on P-256 (a JWK, or PEM). 'kubectl breakglass voucher holder' creates a pair.");
}
