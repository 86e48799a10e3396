using System.Net.Http.Headers;
using Microsoft.Extensions.Primitives;

namespace BreakGlass.Gateway.Proxying;

/// <summary>Passes the API server's answer on, as it comes.</summary>
internal sealed class Answers
{
    private const int BufferSize = 64 * 1024;
    private const byte NewLine = (byte)'\n';

    /// <summary>Whether what was passed on ends with a whole line.</summary>
    public bool IsAtLineEnd { get; private set; } = true;

    /// <summary>Copies status and headers.</summary>
    public static void CopyHead(HttpResponseMessage from, HttpResponse to)
    {
        to.StatusCode = (int)from.StatusCode;
        var named = HeaderRules.Named(from.Headers.Connection);
        CopyHeaders(from.Headers.NonValidated, to.Headers, named);
        CopyHeaders(from.Content.Headers.NonValidated, to.Headers, named);

        // A message that never has a body has no length either (RFC 9110, 8.6).
        if (from.StatusCode is HttpStatusCode.NoContent or HttpStatusCode.SwitchingProtocols) to.Headers.ContentLength = null;
    }

    /// <summary>Passes on an answer whole, each part of the body at once.</summary>
    public async Task CopyAsync(HttpResponseMessage from, HttpResponse to, CancellationToken cancellationToken)
    {
        CopyHead(from, to);
        if (HttpMethods.IsHead(to.HttpContext.Request.Method) || from.StatusCode is HttpStatusCode.NoContent or HttpStatusCode.NotModified) return;
        var body = await from.Content.ReadAsStreamAsync(cancellationToken);
        await using (body)
        {
            // Without a buffer until there is something to read: a watch may be silent for long. Its headers must not wait for its first event.
            var first = body.ReadAsync(Memory<byte>.Empty, cancellationToken);
            if (!first.IsCompleted) await to.BodyWriter.FlushAsync(cancellationToken);
            await first;
            while (await PassAsync(body, to, cancellationToken) && await body.ReadAsync(Memory<byte>.Empty, cancellationToken) == 0)
            {
                // A read into no buffer only waits.
            }
        }

        if (!to.SupportsTrailers()) return;
        foreach (var (name, values) in from.TrailingHeaders.NonValidated) to.AppendTrailer(name, Values(values));
    }

    private async Task<bool> PassAsync(Stream body, HttpResponse to, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            var read = await body.ReadAsync(buffer, cancellationToken);
            if (read == 0) return false;
            IsAtLineEnd = buffer[read - 1] == NewLine;
            await to.Body.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static void CopyHeaders(HttpHeadersNonValidated from, IHeaderDictionary to, IReadOnlySet<string> named)
    {
        foreach (var (name, values) in from)
        {
            if (HeaderRules.Returns(name, named)) to[name] = Values(values);
        }
    }

    private static StringValues Values(HeaderStringValues values) => values.Count == 1 ? new(values.ToString()) : new([.. values]);
}
