using Microsoft.AspNetCore.Connections;

namespace BreakGlass.Gateway.Cutting;

/// <summary>
/// Counts the connections on which no good certificate was shown yet. When they are too many, it closes the oldest of the address that has most of them.
/// </summary>
/// <param name="most">How many there may be.</param>
internal sealed class ConnectionGate(int most)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<ConnectionSlot> _waiting = new();

    /// <summary>How many there are.</summary>
    public int Waiting
    {
        get { lock (_lock) return _waiting.Count; }
    }

    /// <summary>Runs a connection.</summary>
    public async Task RunAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var slot = new ConnectionSlot(this, connection);
        connection.Items[ConnectionSlot.Key] = slot;
        Enter(slot)?.Close();
        try
        {
            await next(connection);
        }
        finally
        {
            Leave(slot);
        }
    }

    /// <summary>Takes a connection out of the queue.</summary>
    public void Leave(ConnectionSlot slot)
    {
        lock (_lock)
        {
            if (slot.Node is null) return;
            _waiting.Remove(slot.Node);
            slot.Node = null;
        }
    }

    private ConnectionSlot? Enter(ConnectionSlot slot)
    {
        lock (_lock)
        {
            slot.Node = _waiting.AddLast(slot);
            if (_waiting.Count <= most) return null;
            var oldest = _waiting.GroupBy(s => s.Source).MaxBy(g => g.Count())!.First();
            _waiting.Remove(oldest.Node!);
            oldest.Node = null;
            return oldest;
        }
    }
}
