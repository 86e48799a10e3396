using BreakGlass.Core.Journal;
using BreakGlass.Operator.Options;

namespace BreakGlass.Operator.Journal;

/// <summary>
/// Answers readers of the journal, with the paths of C2SP tlog-tiles under <see cref="Prefix"/>. It reads the storage, so every replica answers the same. It
/// answers only those who have the token, and gives nothing of the storage but the checkpoint, tiles, entries and recordings.
/// </summary>
/// <param name="storage">Where the journal is.</param>
/// <param name="token">Whom it answers.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Log.</param>
internal sealed class JournalEndpoint(IJournalStorage storage, TokenFile token, TimeProvider time, ILogger logger) : IDisposable
{
    /// <summary>The start of all paths.</summary>
    public const string Prefix = "/journal/";

    // A bundle can have 17 MB.
    private const int MostAtOnce = 4;

    /// <summary>The longest that one answer takes, so that readers who read slowly, or not at all, do not keep others out.</summary>
    internal static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    private readonly SemaphoreSlim _reading = new(MostAtOnce);

    /// <summary>Answers a request.</summary>
    public async Task ServeAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        response.Headers.CacheControl = "no-store";
        if (!token.IsIn(request.Headers.Authorization))
        {
            response.StatusCode = StatusCodes.Status401Unauthorized;
            response.Headers.WWWAuthenticate = "Bearer";
            return;
        }

        var path = request.Path.Value is { } whole && whole.StartsWith(Prefix, StringComparison.Ordinal) ? whole[Prefix.Length..] : "";
        var isCheckpoint = path == Checkpoint.Path;
        if (!isCheckpoint && !Tile.IsPath(path) && !RecordingFile.IsPath(path))
        {
            response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method))
        {
            response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            response.Headers.Allow = "GET, HEAD";
            return;
        }

        await _reading.WaitAsync(context.RequestAborted);
        try
        {
            using var limit = new CancellationTokenSource(Longest, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, context.RequestAborted);
            await AnswerAsync(context, path, isCheckpoint, either.Token);
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            // The reader must see that the answer is not whole.
            context.Abort();
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _reading.Dispose();

    private async Task AnswerAsync(HttpContext context, string path, bool isCheckpoint, CancellationToken cancellationToken)
    {
        var response = context.Response;
        ReadOnlyMemory<byte>? content;
        try
        {
            content = await storage.ReadAsync(path, cancellationToken);
        }
        catch (Exception e) when (!context.RequestAborted.IsCancellationRequested)
        {
            logger.JournalNotRead(JournalFailure.Of(e));
            response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return;
        }

        if (content is not { } bytes)
        {
            response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        // As tlog-tiles demands. Private: a cache that others share must not answer those who have no token.
        response.ContentType = isCheckpoint ? "text/plain; charset=utf-8" : "application/octet-stream";
        response.Headers.CacheControl = isCheckpoint ? "no-cache" : "private, max-age=31536000, immutable";
        response.ContentLength = bytes.Length;
        if (HttpMethods.IsGet(context.Request.Method)) await response.Body.WriteAsync(bytes, cancellationToken);
    }
}
