using Microsoft.AspNetCore.Connections;

namespace BreakGlass.Gateway.Cutting;

/// <summary>
/// The connections on which no good certificate was shown yet are few: with one more, one of them is closed. So thousands of clients that send nothing, or
/// slowly, keep out no client with a good certificate from another address: that one is past this point with its first request.
/// </summary>
/// <param name="gate">All of them.</param>
/// <param name="connection">The connection.</param>
internal sealed class ConnectionSlot(ConnectionGate gate, BaseConnectionContext connection)
{
    /// <summary>Where a connection keeps its place among its items.</summary>
    public static readonly object Key = new();

    /// <summary>Where it comes from: the address, or the network of an IPv6 host.</summary>
    public string Source { get; } = connection.RemoteEndPoint is IPEndPoint { Address: var address } ? SourceOf(address) : "";

    /// <summary>Its node in the queue; null once a grant was admitted on it, or it is closed. Belongs to the gate.</summary>
    public LinkedListNode<ConnectionSlot>? Node { get; set; }

    /// <summary>A grant was admitted on it.</summary>
    public void Admit() => gate.Leave(this);

    /// <summary>Closes the connection.</summary>
    public void Close() => connection.Abort();

    private static string SourceOf(IPAddress address) => address.IsIPv4MappedToIPv6 || address.GetAddressBytes() is not { Length: 16 } bytes
        ? (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString() : Convert.ToHexString(bytes.AsSpan(0, 8));
}
