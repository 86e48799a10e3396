using System.Text.Encodings.Web;
using BreakGlass.Core.Credentials;

namespace BreakGlass.Core.Vouchers;

/// <summary>
/// JSON Web Signature (RFC 7515) as vouchers use it: the compact serialization for one signature, the general JSON serialization for several. The header is
/// protected, and has <c>alg</c>, <c>typ</c> and, where several keys can sign, <c>kid</c>, and nothing else.
/// </summary>
internal static class Jws
{
    private static readonly JsonWriterOptions s_writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Reads the compact serialization.</summary>
    public static string? ReadCompact(string text, string what, string type, bool withKid, out byte[] payload, out JwsSignature? signature)
    {
        (payload, signature) = ([], null);
        return text.Split('.') is not [var header, var content, var value] || !Base64UrlText.TryDecode(content, out payload)
            ? $"{what} is not a signed text (JWS): it has three base64url parts, separated by dots. Copy all of it, without line breaks"
            : JwsSignature.Read(header, content, value, what, type, withKid, out signature);
    }

    /// <summary>Reads the general JSON serialization.</summary>
    public static string? ReadGeneral(string text, string what, string type, int most, out string content, out byte[] payload,
        out IReadOnlyList<JwsSignature> signatures)
    {
        List<JwsSignature> read = [];
        (content, payload, signatures) = ("", [], read);
        var whole = StrictObject.Parse(Encoding.ASCII.GetBytes(text), what, "payload", "signatures");
        content = whole.Text("payload", static t => Base64UrlText.TryDecode(t, out _), "base64url");
        var parts = whole.Objects("signatures", most, "protected", "signature")
            .Select(o => (Object: o, Header: o.Text("protected", static _ => true, "base64url"), Value: o.Text("signature", static _ => true, "base64url")))
            .ToList();
        if (whole.Problem is { } problem) return problem;
        foreach (var part in parts)
        {
            if (part.Object.Problem is { } malformed) return malformed;
            if (JwsSignature.Read(part.Header, content, part.Value, what, type, withKid: true, out var signature) is { } wrong) return wrong;
            read.Add(signature!);
        }

        _ = Base64UrlText.TryDecode(content, out payload);
        return null;
    }

    /// <summary>Writes the compact serialization.</summary>
    public static string WriteCompact(JwsSignature signature, string content) => $"{signature.Header}.{content}.{Base64UrlText.Encode(signature.Value)}";

    /// <summary>Writes the general JSON serialization.</summary>
    public static string WriteGeneral(string content, IReadOnlyList<JwsSignature> signatures) => Write(json =>
    {
        json.WriteString("payload", content);
        json.WriteStartArray("signatures");
        foreach (var signature in signatures)
        {
            json.WriteStartObject();
            json.WriteString("protected", signature.Header);
            json.WriteString("signature", Base64UrlText.Encode(signature.Value));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    /// <summary>Signs a content.</summary>
    public static JwsSignature Sign(string content, string type, string? kid, string algorithm, Func<byte[], byte[]> sign)
    {
        var header = Base64UrlText.Encode(Encoding.UTF8.GetBytes(Write(json =>
        {
            json.WriteString("alg", algorithm);
            if (kid is not null) json.WriteString("kid", kid);
            json.WriteString("typ", type);
        })));
        var input = Encoding.ASCII.GetBytes($"{header}.{content}");
        return new(header, kid ?? "", algorithm, input, sign(input));
    }

    /// <summary>A JSON object as text, without white space.</summary>
    public static string Write(Action<Utf8JsonWriter> members)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, s_writing))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
