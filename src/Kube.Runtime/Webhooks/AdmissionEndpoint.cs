using System.Text.Unicode;
using Microsoft.Net.Http.Headers;

namespace Kube.Runtime;

/// <summary>
/// The protocol of one admission webhook: reads an AdmissionReview, asks the handler, writes the answer. Whatever is sent here, there is an
/// answer and never a crash. Source: Kubernetes docs, "Dynamic Admission Control", Request and Response.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "It lives as long as the process, and its semaphore never has a handle to let go of.")]
public sealed partial class AdmissionEndpoint
{
    /// <summary>The largest body: an object of 3 MiB (the API server's limit for a request) twice, as object and oldObject, and what is around it.</summary>
    public const int MaxBodyBytes = 7 * 1024 * 1024;

    // A body that is larger is looked at before the rest of it is read.
    private const int FirstLook = 544 * 1024;

    private readonly AdmissionHandler _handler;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly AdmissionLimits _limits;
    private readonly JsonSieve.Fields? _fields;
    private readonly SemaphoreSlim _processors;

    /// <param name="path">The URL path, which is also the <c>webhook</c> label of its metrics.</param>
    /// <param name="handler">Decides.</param>
    /// <param name="time">Clock, for the latency.</param>
    /// <param name="logger">Log.</param>
    /// <param name="limits">What it spends on requests; null for bodies of any size that the API server sends.</param>
    public AdmissionEndpoint(string path, AdmissionHandler handler, TimeProvider time, ILogger logger, AdmissionLimits? limits = null)
    {
        (Path, _handler, _time, _logger, _limits) = (path, handler, time, logger, limits ?? new());
        _processors = new(_limits.Processors);
        _fields = _limits.Fields is { } fields ? new(fields) : null;
        WebhookMetrics.StartAtZero(path);
    }

    /// <summary>The URL path.</summary>
    public string Path { get; }

    /// <summary>Answers one HTTP request.</summary>
    public async Task ServeAsync(HttpContext context)
    {
        var started = _time.GetTimestamp();
        WebhookMetrics.InFlight.Add(1, WebhookMetrics.Webhook(Path));
        var code = 0;
        try
        {
            var reply = await ReplyToAsync(context, new(context.Request.Query["timeout"], started));
            code = reply.HttpCode;
            context.Response.StatusCode = code;
            context.Response.ContentType = reply.ContentType;
            context.Response.ContentLength = reply.Body.Length;
            await context.Response.Body.WriteAsync(reply.Body, context.RequestAborted);
        }
        catch (BadHttpRequestException e) when (!context.Response.HasStarted)
        {
            // Kestrel read no further: too large, too slow, not HTTP. Without this the answer would be 200 and empty.
            context.Response.StatusCode = code = e.StatusCode;
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The API server went away and takes no answer. Kestrel ends the connection.
            LogCallerWentAway(Path);
        }
        finally
        {
            WebhookMetrics.InFlight.Add(-1, WebhookMetrics.Webhook(Path));
            WebhookMetrics.Latency.Record(_time.GetElapsedTime(started).TotalSeconds, WebhookMetrics.Webhook(Path));
            if (code != 0) WebhookMetrics.Requests.Add(1, WebhookMetrics.Webhook(Path), new("code", code.ToString(CultureInfo.InvariantCulture)));
        }
    }

    /// <summary>Answers a body: all of the protocol but HTTP.</summary>
    /// <param name="contentType">The Content-Type header.</param>
    /// <param name="body">The body.</param>
    /// <param name="cancellationToken">Cancelled when the API server no longer waits.</param>
    public ValueTask<WebhookReply> AnswerAsync(string? contentType, ReadOnlyMemory<byte> body, CancellationToken cancellationToken) =>
        AnswerAsync(contentType, body, new Caller(null, _time.GetTimestamp()), cancellationToken);

    private async ValueTask<WebhookReply> AnswerAsync(
        string? contentType, ReadOnlyMemory<byte> body, Caller caller, CancellationToken cancellationToken)
    {
        if (!IsJson(contentType))
        {
            return WebhookReply.Refuse(415, "Send an AdmissionReview with the header Content-Type: application/json.");
        }

        if (body.Length > MaxBodyBytes) return TooLarge;
        ValueTask<WebhookReply> reply;
        await _processors.WaitAsync(cancellationToken);
        try
        {
            reply = DecideAsync(body, caller, cancellationToken);
        }
        finally
        {
            // Not held while the handler waits for the API server.
            _processors.Release();
        }

        return await reply;
    }

    private async ValueTask<WebhookReply> DecideAsync(ReadOnlyMemory<byte> body, Caller caller, CancellationToken cancellationToken)
    {
        if (Excess(ReviewScan.Of(body.Span)) is { } excess) return excess;
        if (!Utf8.IsValid(body.Span) || HasLoneSurrogate(body)) return WebhookReply.Refuse(400, "The body is not valid UTF-8.");
        AdmissionReview? review;
        try
        {
            review = JsonSerializer.Deserialize(body.Span, AdmissionReview.Json);
        }
        catch (JsonException e)
        {
            // Position only: what the text says may be anybody's secret.
            return WebhookReply.Refuse(
                400, $"The body is not a valid AdmissionReview in JSON (line {(e.LineNumber ?? 0) + 1}, byte {(e.BytePositionInLine ?? 0) + 1}).");
        }

        if (review is not { Kind: nameof(AdmissionReview), ApiVersion: AdmissionReview.V1 })
        {
            return WebhookReply.Refuse(
                400, $"The body is not an AdmissionReview of {AdmissionReview.V1}. List only v1 in the webhook's admissionReviewVersions.");
        }

        if (review.Request is not { } request) return WebhookReply.Refuse(400, "The AdmissionReview has no request.");
        if (request.Uid.Length == 0) return WebhookReply.Refuse(400, "The request of the AdmissionReview has no uid.");
        if (string.IsNullOrEmpty(request.UserInfo?.Username))
        {
            return WebhookReply.Of(request.Uid, AdmissionAnswer.Deny(
                "The API server did not say who sent the request, and the webhook admits nothing without a user. Send the request with credentials.",
                401, "Unauthorized"));
        }

        var wait = new AdmissionWait(caller.Timeout, _time.GetElapsedTime(caller.Since));
        return WebhookReply.Of(request.Uid, await AskAsync(request with { Wait = wait }, cancellationToken));
    }

    private static WebhookReply TooLarge { get; } =
        WebhookReply.Refuse(413, $"The AdmissionReview is larger than {MaxBodyBytes / 1024 / 1024} MiB, the limit. Make the object smaller.");

    private async ValueTask<AdmissionAnswer> AskAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await _handler(request, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception e)
        {
            WebhookMetrics.Panics.Add(1, WebhookMetrics.Webhook(Path));
            LogHandlerFailed(Path, request.Uid, e);
            return AdmissionAnswer.Deny(
                $"The webhook could not decide on this request, so it refused it. Try again; if it fails again, look for {request.Uid} in the operator's log.",
                500, "InternalError");
        }
    }

    private async Task<WebhookReply> ReplyToAsync(HttpContext context, Caller caller)
    {
        var request = context.Request;
        if (!HttpMethods.IsPost(request.Method)) return WebhookReply.Refuse(405, "Only POST is supported.");
        if (!IsJson(request.ContentType)) return await AnswerAsync(request.ContentType, default, caller, context.RequestAborted);
        if (request.ContentLength > MaxBodyBytes) return TooLarge;
        if (_fields is not null) return await SiftAsync(context, _fields, caller);
        if (_limits.Budget is not { } budget) return await ReadAsync(context, caller);
        using var room = await budget.TakeAsync((request.ContentLength ?? FirstLook) * _limits.CostPerByte, context.RequestAborted);
        return room is null ? await NoRoomAsync(context) : await ReadAsync(context, caller);
    }

    /// <summary>Reads at once whatever comes: a body that waits takes up the connection's window, and so the requests behind it.</summary>
    private async Task<WebhookReply> SiftAsync(HttpContext context, JsonSieve.Fields fields, Caller caller)
    {
        var sieve = new JsonSieve(fields);
        var buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        try
        {
            var length = 0;
            int read;
            while ((read = await context.Request.Body.ReadAsync(buffer, context.RequestAborted)) > 0)
            {
                if ((length += read) > MaxBodyBytes) return TooLarge;
                sieve.Write(buffer.AsSpan(0, read));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }

        return await AnswerAsync(context.Request.ContentType, sieve.Kept, caller, context.RequestAborted);
    }

    private async Task<WebhookReply> ReadAsync(HttpContext context, Caller caller)
    {
        using var body = new PooledBody((int)Math.Min(context.Request.ContentLength ?? 4096, FirstLook));
        var look = FirstLook;
        while (await body.ReadAsync(context.Request.Body, context.RequestAborted))
        {
            if (body.Length > MaxBodyBytes) return TooLarge;
            if (body.Length < look) continue;

            // Refused before the rest is in memory.
            if (Excess(ReviewScan.Of(body.Text.Span)) is { } excess) return excess;
            look *= 2;
        }

        return await AnswerAsync(context.Request.ContentType, body.Text, caller, context.RequestAborted);
    }

    /// <summary>The answer has to repeat the uid, which stands at the beginning; the rest is not read.</summary>
    private async Task<WebhookReply> NoRoomAsync(HttpContext context)
    {
        LogNoRoom(Path, context.Request.ContentLength ?? 0);
        using var head = new PooledBody(4096);
        while (head.Length < 4096 && await head.ReadAsync(context.Request.Body, context.RequestAborted))
        {
            if (ReviewScan.Of(head.Text.Span).Uid is { Length: > 0 } uid) return WebhookReply.Of(uid, AdmissionAnswer.Deny(NoRoom, 429, "TooManyRequests"));
        }

        return WebhookReply.Refuse(429, NoRoom);
    }

    private const string NoRoom =
        "The operator has no memory left for this request, because others are in progress, so it did not check it. Try again in a few seconds.";

    private WebhookReply? Excess(ReviewScan seen)
    {
        // What was let in is still let in once its status is filled, and its old version comes along.
        var share = seen.IsCreate ? 1 : 2;
        var (bytes, tokens) = (share * (long)_limits.MaxObjectBytes, share * (long)_limits.MaxTokens);
        if ((seen.ObjectBytes <= bytes && seen.Tokens <= tokens) || _limits.IsExempt(seen.Username ?? "")) return null;
        var sentence = seen.ObjectBytes > bytes
            ? $"The object is larger than {bytes / 1024} KiB, which is the limit for this kind. Make it smaller."
            : $"The object holds too many values: the request has more than {tokens} JSON tokens. Make it smaller.";
        return string.IsNullOrEmpty(seen.Uid)
            ? WebhookReply.Refuse(413, sentence)
            : WebhookReply.Of(seen.Uid, AdmissionAnswer.Deny(sentence, 413, "RequestEntityTooLarge"));
    }

    // An escape that stands for half a character is valid JSON, and throws only when the text is read.
    private static bool HasLoneSurrogate(ReadOnlyMemory<byte> body)
    {
        if (body.Span.IndexOf("\\ud"u8) < 0 && body.Span.IndexOf("\\uD"u8) < 0) return false;
        try
        {
            var reader = new Utf8JsonReader(body.Span);
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName) _ = reader.GetString();
            }

            return false;
        }
        catch (InvalidOperationException)
        {
            return true;
        }
        catch (JsonException)
        {
            return false; // the parser reports it
        }
    }

    private static bool IsJson(string? contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var type) && type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase);

    [LoggerMessage(LogLevel.Error, "The webhook {Path} could not decide on request {Uid}; it was refused")]
    private partial void LogHandlerFailed(string path, string uid, Exception error);

    [LoggerMessage(LogLevel.Information, "The caller of webhook {Path} disconnected before the answer")]
    private partial void LogCallerWentAway(string path);

    [LoggerMessage(LogLevel.Warning, "The webhook {Path} had no memory left for a request of {Bytes} bytes and refused it with 429")]
    private partial void LogNoRoom(string path, long bytes);

    /// <summary>How long the caller says it waits, and since when.</summary>
    private readonly record struct Caller(string? Timeout, long Since);
}
