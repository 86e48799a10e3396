using System.Buffers;
using BreakGlass.Core.Sessions;
using Microsoft.AspNetCore.Http.Features;

namespace BreakGlass.Operator.Sessions;

/// <summary>
/// The path <c>/audit</c>: takes the API server's audit events, from the API server itself or from a log forwarder. A body is counted as a whole or not at
/// all; what is answered with 429 or 503 is sent again.
/// </summary>
internal sealed class AuditEndpoint(SessionBook book, OperatorMetrics metrics, TimeProvider time, ILogger logger)
{
    public const string Path = "/audit";

    /// <summary>The largest body, without what <see cref="LongTexts"/> cuts.</summary>
    public const int MostBytes = 10 * 1024 * 1024;

    /// <summary>The largest body that is read. It costs no memory: a batch of requests whose URIs are as long as the API server allows.</summary>
    public const long MostSent = 1024 * 1024 * 1024;

    private const int Piece = 64 * 1024;
    private const int LargestBuffer = MostBytes + Piece + LongTexts.Slack;

    // Large bodies share half of it, so one of the largest is read at a time, and small ones beside it.
    private readonly MemoryBudget _memory = new(2 * MostBytes, time);

    public async Task ServeAsync(HttpContext context)
    {
        if (!HttpMethods.IsPost(context.Request.Method))
        {
            await RefuseAsync(context, StatusCodes.Status405MethodNotAllowed, "Send audit events with POST.");
            return;
        }

        if (!book.IsOpen)
        {
            await ClosedAsync(context);
            return;
        }

        if (context.Request.Headers.ContentEncoding is { Count: > 0 } encoding && encoding != "identity")
        {
            await RefuseAsync(context, StatusCodes.Status415UnsupportedMediaType, "The body is compressed. Send it without compression.");
            return;
        }

        if (context.Request.ContentLength > MostSent)
        {
            await TooLargeAsync(context);
            return;
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = MostSent;
        using var room = await _memory.TakeAsync(context.Request.ContentLength ?? MostBytes, context.RequestAborted);
        if (room is null)
        {
            await RefuseAsync(context, StatusCodes.Status429TooManyRequests, "The operator reads too many events at the moment. Send them again.");
            return;
        }

        await ReadAsync(context);
    }

    private async Task ReadAsync(HttpContext context)
    {
        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp((context.Request.ContentLength ?? 0) + Piece + LongTexts.Slack, 2 * Piece, LargestBuffer));
        var piece = ArrayPool<byte>.Shared.Rent(Piece);
        var (texts, length) = (new LongTexts(), 0);
        try
        {
            int read;
            while ((read = await context.Request.Body.ReadAsync(piece.AsMemory(0, Piece), context.RequestAborted)) > 0)
            {
                if (buffer.Length - length < read + LongTexts.Slack) buffer = Grow(buffer, length);
                length += texts.Cut(piece.AsSpan(0, read), buffer.AsSpan(length));
                if (length > MostBytes)
                {
                    await TooLargeAsync(context);
                    return;
                }
            }

            if (!book.Take(buffer.AsSpan(0, length))) await ClosedAsync(context);
        }
        catch (FormatException e)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, e.Message);
        }
        catch (BadHttpRequestException e)
        {
            await RefuseAsync(context, e.StatusCode, "The body could not be read.");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
            ArrayPool<byte>.Shared.Return(piece, clearArray: true);
        }
    }

    private static byte[] Grow(byte[] buffer, int length)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Min(buffer.Length * 2, LargestBuffer));
        buffer.AsSpan(0, length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        return larger;
    }

    private Task ClosedAsync(HttpContext context) =>
        RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, "The operator is starting or stopping. Send the events again.");

    private Task TooLargeAsync(HttpContext context) => RefuseAsync(context, StatusCodes.Status413PayloadTooLarge,
        $"The body is larger than {MostBytes / 1024 / 1024} MiB, the limit. Send fewer events at once (--audit-webhook-batch-max-size).");

    private async Task RefuseAsync(HttpContext context, int code, string sentence)
    {
        metrics.AuditEvents(AuditResults.Refused, 1);
        logger.AuditRefused($"{context.Connection.RemoteIpAddress}", sentence);
        context.Response.StatusCode = code;
        context.Response.ContentType = "text/plain; charset=utf-8";
        await context.Response.WriteAsync(sentence + "\n", context.RequestAborted);
    }
}
