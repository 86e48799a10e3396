using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace TestKit;

/// <summary>Ports of this machine for processes that must know theirs before they start.</summary>
public static class Ports
{
    private const int First = 20_000;
    private const int End = 32_000; // Linux takes the ports of outgoing connections from above: there a free port may be taken before it is used

    private static readonly ConcurrentDictionary<int, bool> s_given = new();

    /// <summary>A port on which nothing listens now, and that this process has not given away before.</summary>
    public static int Free()
    {
        while (true)
        {
            var port = RandomNumberGenerator.GetInt32(First, End);
            if (!IsFree(port) || !s_given.TryAdd(port, true)) continue;
            return port;
        }
    }

    private static bool IsFree(int port)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ExclusiveAddressUse = true };
        try
        {
            listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
