using System.Buffers;
using BreakGlass.Core.Sessions;
using BreakGlass.Operator.Sessions;

namespace BreakGlass.Operator.Reporting;

/// <summary>
/// Takes the requests that the gateway reports (<see cref="GatewayReports.RequestsPath"/>). A body is counted as a whole or not at all; what is answered with
/// 503 is sent again.
/// </summary>
internal sealed class RequestReports(SessionBook book, ILogger logger)
{
    /// <summary>The largest body; the gateway sends at most half of it.</summary>
    public const int MostBytes = 2 * 1024 * 1024;

    private const int Piece = 64 * 1024;

    public async Task ServeAsync(HttpContext context)
    {
        if (!HttpMethods.IsPost(context.Request.Method))
        {
            await RefuseAsync(context, StatusCodes.Status405MethodNotAllowed, "Report requests with POST.");
            return;
        }

        if (!book.IsOpen)
        {
            await ClosedAsync(context);
            return;
        }

        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(context.Request.ContentLength ?? Piece, Piece, MostBytes));
        try
        {
            var length = 0;
            while (await context.Request.Body.ReadAsync(buffer.AsMemory(length), context.RequestAborted) is > 0 and var read)
            {
                length += read;
                if (length < buffer.Length) continue;
                if (length >= MostBytes)
                {
                    await RefuseAsync(context, StatusCodes.Status413PayloadTooLarge, $"The body is larger than {MostBytes} bytes, the limit.");
                    return;
                }

                buffer = Grow(buffer, length);
            }

            var until = Timestamp.TryParse(context.Request.Query[GatewayReports.Until], out var at) ? at : (DateTimeOffset?)null;
            if (!book.TakeReport(buffer.AsSpan(0, length), until)) await ClosedAsync(context);
        }
        catch (FormatException e)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, e.Message);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
    }

    private static byte[] Grow(byte[] buffer, int length)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Min(length * 2, MostBytes));
        buffer.AsSpan(0, length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        return larger;
    }

    private Task ClosedAsync(HttpContext context) =>
        RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, "The operator is starting or stopping. Send the report again.");

    private async Task RefuseAsync(HttpContext context, int code, string sentence)
    {
        logger.ReportRefused(sentence);
        context.Response.StatusCode = code;
        context.Response.ContentType = "text/plain; charset=utf-8";
        await context.Response.WriteAsync(sentence + "\n", context.RequestAborted);
    }
}
