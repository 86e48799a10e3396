using System.IO.Pipelines;

namespace TestKit.Kubelet;

/// <summary>Copies what one side of a stream sends to the other, until one of them has gone.</summary>
internal static class Copying
{
    private const int BufferSize = 32 * 1024;

    /// <summary>Reads a stream to its end. One that breaks has ended.</summary>
    public static async Task CopyAsync(this Stream from, Func<ReadOnlyMemory<byte>, ValueTask> to)
    {
        var buffer = new byte[BufferSize];
        try
        {
            for (int read; (read = await from.ReadAsync(buffer)) > 0;) await to(buffer.AsMemory(0, read));
        }
        catch (Exception e) when (HasGone(e))
        {
        }
    }

    /// <summary>Reads a pipe to its end or until the read is cancelled, and writes into a stream until that breaks.</summary>
    public static async Task CopyAsync(this PipeReader from, Stream to)
    {
        try
        {
            while (true)
            {
                var read = await from.ReadAsync();
                foreach (var part in read.Buffer) await to.WriteAsync(part);
                await to.FlushAsync();
                from.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted || read.IsCanceled) break;
            }
        }
        catch (Exception e) when (HasGone(e))
        {
        }

        await from.CompleteAsync();
    }

    private static bool HasGone(Exception e) =>
        e is IOException or System.Net.Sockets.SocketException or ObjectDisposedException or OperationCanceledException or InvalidOperationException;
}
