using System.Buffers;
using System.Security.Cryptography;

namespace BreakGlass.Core.Credentials;

/// <summary>The protected header of a JWE (RFC 7516 section 4), as far as it is used here.</summary>
internal sealed record JweHeader(string? Algorithm, string? Encryption, JsonWebKey? EphemeralKey, byte[] PartyU, byte[] PartyV)
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    public static byte[] Write(RecipientKey recipient, string encryption, string? contentType, JsonWebKey? ephemeral)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("alg", recipient.Algorithm);
            json.WriteString("enc", encryption);
            if (recipient.KeyId is not null) json.WriteString("kid", recipient.KeyId);

            // RFC 7515 section 4.1.10: "application/" is left out where no other slash follows.
            if (contentType is not null)
                json.WriteString("cty", contentType.StartsWith("application/", StringComparison.Ordinal) ? contentType[12..] : contentType);
            if (ephemeral is not null)
            {
                json.WriteStartObject("epk");
                json.WriteString("kty", ephemeral.Kty);
                json.WriteString("crv", ephemeral.Crv);
                json.WriteString("x", ephemeral.X);
                json.WriteString("y", ephemeral.Y);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads the header of somebody's JWE.</summary>
    /// <exception cref="CryptographicException">It is no header, or asks for something that is not done here.</exception>
    public static JweHeader Read(byte[] utf8)
    {
        try
        {
            using var document = JsonDocument.Parse(utf8, Strict);
            var header = document.RootElement;
            if (header.ValueKind != JsonValueKind.Object) throw new CryptographicException("The JWE is malformed: its header is not a JSON object.");

            // "crit" names extensions that a reader must understand or refuse; none is understood here.
            if (header.TryGetProperty("crit", out _) || header.TryGetProperty("zip", out _))
                throw new CryptographicException("The JWE uses compression or an extension (zip, crit), which is not supported.");
            return new JweHeader(Text(header, "alg"), Text(header, "enc"), Key(header), Party(header, "apu"), Party(header, "apv"));
        }
        catch (Exception cause) when (cause is JsonException or InvalidOperationException)
        {
            throw new CryptographicException("The JWE is malformed: its header is not a JSON object.", cause);
        }
    }

    private static string? Text(JsonElement element, string name)
    {
        if (!element.TryGetProperty(name, out var value) || value.ValueKind != JsonValueKind.String) return null;
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            return null; // a string that is no Unicode
        }
    }

    private static JsonWebKey? Key(JsonElement header) =>
        header.TryGetProperty("epk", out var key) && key.ValueKind == JsonValueKind.Object
            ? new JsonWebKey { Kty = Text(key, "kty"), Crv = Text(key, "crv"), X = Text(key, "x"), Y = Text(key, "y") }
            : null;

    private static byte[] Party(JsonElement header, string name)
    {
        if (Text(header, name) is not { } text) return [];
        return Base64UrlText.TryDecode(text, out var bytes) ? bytes : throw new CryptographicException($"The JWE is malformed: its {name} is not base64url.");
    }
}
