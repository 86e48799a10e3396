using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace BreakGlass.Gateway.Streams;

/// <summary>
/// The two handshakes of one WebSocket (RFC 6455, 4.2): the client's with the gateway, and the gateway's with the API server. No extension is negotiated,
/// because the gateway reads the messages.
/// </summary>
internal sealed class WebSocketHandshake
{
    private const string Suffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    private readonly string _clientKey;
    private readonly string _ownKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(16));

    private WebSocketHandshake(string clientKey) => _clientKey = clientKey;

    /// <summary>The subprotocol that the API server chose; null for none.</summary>
    public string? Protocol { get; private set; }

    /// <summary>What is wrong with a client's handshake; null if nothing is.</summary>
    public static string? Problem(HttpRequest request)
    {
        if (!HttpMethods.IsGet(request.Method)) return "a WebSocket begins with a GET";
        if (request.Headers.SecWebSocketVersion.ToString() != "13") return "Sec-WebSocket-Version must be 13";
        Span<byte> key = stackalloc byte[16];
        return Convert.TryFromBase64String(request.Headers.SecWebSocketKey.ToString(), key, out var length) && length == 16
            ? null : "Sec-WebSocket-Key must be 16 bytes in Base64";
    }

    /// <summary>Begins the gateway's handshake with the API server.</summary>
    public static WebSocketHandshake Begin(HttpRequest request, HttpRequestMessage message)
    {
        var handshake = new WebSocketHandshake(request.Headers.SecWebSocketKey.ToString());
        message.Headers.Remove("Sec-WebSocket-Extensions");
        message.Headers.Remove("Sec-WebSocket-Key");
        message.Headers.TryAddWithoutValidation("Sec-WebSocket-Key", handshake._ownKey);
        return handshake;
    }

    /// <summary>Whether the API server's answer completes the gateway's handshake.</summary>
    public bool IsAcceptedBy(HttpResponseMessage response)
    {
        if (response.Headers.Contains("Sec-WebSocket-Extensions")) return false;
        Protocol = response.Headers.TryGetValues("Sec-WebSocket-Protocol", out var protocols) ? protocols.FirstOrDefault() : null;
        return response.Headers.TryGetValues("Sec-WebSocket-Accept", out var accepted) && accepted.SequenceEqual([AcceptOf(_ownKey)]);
    }

    /// <summary>Completes the client's handshake.</summary>
    public void Accept(HttpResponse response) => response.Headers.SecWebSocketAccept = AcceptOf(_clientKey);

    [SuppressMessage("Security", "CA5350", Justification = "RFC 6455 names SHA-1; nothing depends on its strength.")]
    private static string AcceptOf(string key) => Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + Suffix)));
}
