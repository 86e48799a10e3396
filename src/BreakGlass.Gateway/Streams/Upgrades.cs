using Microsoft.AspNetCore.Http.Features;

namespace BreakGlass.Gateway.Streams;

/// <summary>Which other protocols are forwarded: those by which kubectl and client-go stream.</summary>
internal static class Upgrades
{
    public const string WebSocket = "websocket";
    public const string Spdy = "SPDY/3.1";

    /// <summary>The protocol that a request asks for; null for none, and the text as it is if it is not forwarded.</summary>
    public static string? Requested(HttpContext context)
    {
        if (context.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true }) return null;
        var asked = context.Request.Headers.Upgrade.ToString();
        return asked.Equals(WebSocket, StringComparison.OrdinalIgnoreCase) ? WebSocket : asked.Equals(Spdy, StringComparison.OrdinalIgnoreCase) ? Spdy : asked;
    }

    /// <summary>Whether a protocol is forwarded.</summary>
    public static bool IsForwarded(string? protocol) => protocol is null or WebSocket or Spdy;
}
