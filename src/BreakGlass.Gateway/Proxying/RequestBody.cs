using System.Net.Http.Headers;
using BreakGlass.Gateway.Reporting;

namespace BreakGlass.Gateway.Proxying;

/// <summary>The body of a client's request, sent on as it comes. It can be sent once.</summary>
internal sealed class RequestBody(HttpRequest request, Traffic traffic, CancellationToken cancelled) : HttpContent
{
    private const int BufferSize = 64 * 1024;

    /// <summary>Whether anything of it was read: then the request cannot be sent again.</summary>
    public bool IsBegun { get; private set; }

    /// <summary>What was wrong with the client's message; null if nothing was.</summary>
    public BadHttpRequestException? Fault { get; private set; }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        IsBegun = true;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancelled, cancellationToken);

        // The headers go out at once, though the client may send its first byte later.
        await stream.FlushAsync(either.Token);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            while (await request.Body.ReadAsync(buffer, either.Token) is > 0 and var read)
            {
                traffic.In(read);
                await stream.WriteAsync(buffer.AsMemory(0, read), either.Token);
                await stream.FlushAsync(either.Token);
            }
        }
        catch (BadHttpRequestException e)
        {
            Fault = e;
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = request.ContentLength ?? 0;
        return request.ContentLength is not null;
    }
}
