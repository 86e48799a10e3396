using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace TestKit;

/// <summary>Ports of this machine for processes that must know theirs before they start.</summary>
public static class Ports
{
    private const int First = 20_000;
    private const int End = 32_000; // Linux takes the ports of outgoing connections from above: there a free port may be taken before it is used
    private const int Tries = 10_000;

    // Where hack/control-plane.sh claims the ports of its processes, which are of the same range.
    private static readonly string s_directory = Path.Combine(Cache(), "ports");

    // A claim lasts until its file is closed: until this process ends.
    private static readonly ConcurrentBag<SafeFileHandle> s_claims = [];

    /// <summary>
    /// A port on which nothing listens now, and that no test process and no control plane of this user has claimed. It is claimed until this process ends.
    /// </summary>
    public static int Free()
    {
        Directory.CreateDirectory(s_directory);
        for (var tries = 0; tries < Tries; tries++)
        {
            // Claimed before it is looked at: the look itself takes the port for a moment, and who has claimed it may be about to bind it.
            var port = RandomNumberGenerator.GetInt32(First, End);
            if (Claim(port) is not { } claim) continue;
            if (IsFree(port))
            {
                s_claims.Add(claim);
                return port;
            }

            claim.Dispose();
        }

        throw new InvalidOperationException($"in {Tries} tries no port from {First} to {End} was free and could be claimed in {s_directory}");
    }

    /// <summary>Claims a port as the script does: FileShare.None is <c>flock</c> on Linux. Null where somebody else has it.</summary>
    private static SafeFileHandle? Claim(int port)
    {
        try
        {
            return File.OpenHandle(
                Path.Combine(s_directory, port.ToString(CultureInfo.InvariantCulture)), FileMode.Create, FileAccess.Write, FileShare.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
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

    /// <summary>The directory that hack/lib.sh names.</summary>
    private static string Cache()
    {
        static string? Set(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
        return Set("BREAKGLASS_CACHE") ?? Path.Combine(Set("XDG_CACHE_HOME") ?? Path.Combine(Set("HOME") ?? "/root", ".cache"), "breakglass-operator");
    }
}
