using System.Buffers;
using System.IO.Pipelines;

namespace TestKit.Kubelet.Spdy;

/// <summary>Exec and attach over SPDY: each channel is a stream that the client opens, with its type in a header.</summary>
internal sealed class SpdyCommandChannels : CommandChannels
{
    private readonly Dictionary<string, SpdyStream> _streams;

    private SpdyCommandChannels(Dictionary<string, SpdyStream> streams, Task closed, bool hasStatus)
    {
        _streams = streams;
        Closed = closed;
        HasStatus = hasStatus;
        if (_streams.TryGetValue("resize", out var resize)) _ = ReadSizesAsync(resize.Input);
        else EndSizes();
    }

    /// <inheritdoc/>
    public override PipeReader? Input => _streams.GetValueOrDefault("stdin")?.Input;

    /// <inheritdoc/>
    public override Task Closed { get; }

    /// <summary>Waits until the client has opened all streams that its options name.</summary>
    /// <param name="version">The version of the protocol, 1 to 4.</param>
    /// <param name="closed">Ends with the connection.</param>
    /// <returns>Null if the client went away before that.</returns>
    public static async Task<SpdyCommandChannels?> OpenAsync(SpdyConnection connection, CommandOptions options, int version, Task closed)
    {
        // A terminal has one output for both.
        string[] wanted =
        [
            "error",
            .. options.Input ? ["stdin"] : Array.Empty<string>(),
            .. options.Output ? ["stdout"] : Array.Empty<string>(),
            .. options.Error && !options.Tty ? ["stderr"] : Array.Empty<string>(),
            .. options.Tty && version >= 3 ? ["resize"] : Array.Empty<string>(),
        ];
        var streams = new Dictionary<string, SpdyStream>(StringComparer.Ordinal);
        while (wanted.Any(name => !streams.ContainsKey(name)))
        {
            if (!await connection.Accepted.WaitToReadAsync()) return null;
            while (connection.Accepted.TryRead(out var stream)) streams[stream.Headers.GetValueOrDefault("streamtype", "")] = stream;
        }

        return new(streams, closed, hasStatus: version >= 4);
    }

    /// <inheritdoc/>
    public override ValueTask WriteOutputAsync(ReadOnlyMemory<byte> data) => WriteAsync("stdout", data);

    /// <inheritdoc/>
    public override ValueTask WriteErrorAsync(ReadOnlyMemory<byte> data) => WriteAsync("stderr", data);

    /// <inheritdoc/>
    protected override async Task FinishAsync(byte[] status)
    {
        await WriteAsync("error", status);
        foreach (var stream in _streams.Values)
        {
            stream.Input.CancelPendingRead();
            await stream.Input.CompleteAsync();
            await stream.CloseAsync();
        }
    }

    private ValueTask WriteAsync(string name, ReadOnlyMemory<byte> data) =>
        _streams.TryGetValue(name, out var stream) ? stream.WriteAsync(data) : ValueTask.CompletedTask;

    private async Task ReadSizesAsync(PipeReader input)
    {
        for (ReadResult read; !(read = await input.ReadAsync()).IsCompleted || !read.Buffer.IsEmpty;)
        {
            // Clients write an object and its line break at once.
            if (read.Buffer.PositionOf((byte)'\n') is { } end)
            {
                var line = read.Buffer.GetPosition(1, end);
                ReadSizes(read.Buffer.Slice(0, line).ToArray());
                input.AdvanceTo(line);
            }
            else if (read.IsCompleted) break;
            else input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }

        EndSizes();
    }
}
