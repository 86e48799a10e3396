using System.Diagnostics.CodeAnalysis;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace BreakGlass.Gateway.Tests;

/// <summary>The server's side of a WebSocket handshake.</summary>
internal static class Upgrading
{
    /// <summary>Accepts a WebSocket with a subprotocol of the server's choice, as the API server does.</summary>
    [SuppressMessage("Security", "CA5350", Justification = "RFC 6455 names SHA-1.")]
    public static async Task<WebSocket> AcceptAsync(this IHttpUpgradeFeature feature, HttpContext context, string? protocol)
    {
        var key = context.Request.Headers.SecWebSocketKey.ToString();
        context.Response.Headers.Upgrade = "websocket";
        if (protocol is not null) context.Response.Headers.SecWebSocketProtocol = protocol;
        context.Response.Headers.SecWebSocketAccept =
            Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
        return WebSocket.CreateFromStream(await feature.UpgradeAsync(), new() { IsServer = true });
    }
}
