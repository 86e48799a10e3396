using Microsoft.AspNetCore.Connections;

namespace BreakGlass.Gateway.Cutting;

/// <summary>
/// The connections on which no grant has been admitted yet are few: with one more, the oldest of them is closed. So thousands of clients that send nothing, or
/// slowly, keep out nobody whose certificate is good, because that one is past this point within the first request.
/// </summary>
/// <param name="gate">All of them.</param>
/// <param name="connection">The connection.</param>
internal sealed class ConnectionSlot(ConnectionGate gate, BaseConnectionContext connection)
{
    /// <summary>Where a connection keeps its place among its items.</summary>
    public static readonly object Key = new();

    /// <summary>Its node in the queue; null once a grant was admitted on it, or it is closed. Belongs to the gate.</summary>
    public LinkedListNode<ConnectionSlot>? Node { get; set; }

    /// <summary>A grant was admitted on it.</summary>
    public void Admit() => gate.Leave(this);

    /// <summary>Closes the connection.</summary>
    public void Close() => connection.Abort();
}
