using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace BreakGlass.Operator.Options;

/// <summary>An address to listen on.</summary>
/// <param name="Address">The interface; null for all of them, IPv4 and IPv6.</param>
/// <param name="Port">The port; 0 for any free one.</param>
internal sealed record ListenAddress(IPAddress? Address, int Port)
{
    /// <summary>Makes Kestrel listen here, by HTTP/1 and without TLS.</summary>
    public void Listen(KestrelServerOptions server)
    {
        if (Address is null) server.ListenAnyIP(Port);
        else server.Listen(Address, Port);
    }

    /// <summary>The form of the option: <c>:8080</c>, <c>127.0.0.1:8080</c>, <c>[::1]:8080</c>.</summary>
    public override string ToString() => Address is null ? $":{Port}" : new IPEndPoint(Address, Port).ToString();
}
