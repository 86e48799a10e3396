using BreakGlass.Gateway.Reporting;

namespace BreakGlass.Gateway.Streams;

/// <summary>Relays bytes both ways, for protocols that the gateway does not read (SPDY).</summary>
internal static class ByteRelay
{
    private const int BufferSize = 32 * 1024;

    /// <summary>How long the other direction may go on after one has ended, in real time.</summary>
    private static readonly TimeSpan HalfClosed = TimeSpan.FromSeconds(10);

    /// <summary>Relays until both sides have ended, one is broken, or the stream is cut.</summary>
    /// <returns>Whether it ended as both sides wanted it; otherwise the caller breaks off the client.</returns>
    public static async Task<bool> RunAsync(Stream client, Stream server, Traffic traffic, CancellationToken cut)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cut);
        var up = CopyAsync(client, server, traffic.In, over.Token);
        var down = CopyAsync(server, client, traffic.Out, over.Token);
        var first = await await Task.WhenAny(up, down);

        // The server's end ends the stream; after the client's end, the server may still have something to say.
        if (first && !down.IsCompleted) over.CancelAfter(HalfClosed);
        else await over.CancelAsync();
        var isWhole = await down;
        await over.CancelAsync();
        await up;
        return isWhole && !cut.IsCancellationRequested;
    }

    private static async Task<bool> CopyAsync(Stream from, Stream to, Action<int> count, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            while (await from.ReadAsync(buffer, cancellationToken) is > 0 and var read)
            {
                if (!KeepAlives.Is(buffer.AsSpan(0, read))) count(read);
                await to.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                await to.FlushAsync(cancellationToken);
            }

            return true;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
