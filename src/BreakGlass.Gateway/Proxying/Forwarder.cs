using BreakGlass.Gateway.Admission;
using BreakGlass.Gateway.Cutting;
using BreakGlass.Gateway.Recording;
using BreakGlass.Gateway.Streams;
using Microsoft.AspNetCore.Http.Features;

namespace BreakGlass.Gateway.Proxying;

/// <summary>
/// Carries one admitted request to the API server and its answer back, and ends it if its grant ends: with a 401 if no answer has begun, otherwise so that the
/// client sees an error and no complete answer.
/// </summary>
/// <param name="upstream">The connections to the API server.</param>
/// <param name="server">Its address.</param>
/// <param name="limits">The limits.</param>
/// <param name="recordings">Records streams.</param>
/// <param name="logger">Log.</param>
internal sealed class Forwarder(HttpMessageInvoker upstream, Uri server, GatewayLimits limits, Recordings recordings, ILogger logger)
{
    /// <summary>The most bytes of an answer that is read whole.</summary>
    private const long MostOfAnAnswer = 1024 * 1024;

    private readonly UpstreamRequest _requests = new(server);
    private readonly MessageMemory _messages = new(limits.AllMessageBytes);

    /// <summary>Carries out a request.</summary>
    /// <param name="context">The client's request.</param>
    /// <param name="open">Its place among those of its grant.</param>
    /// <param name="token">The grant's token.</param>
    /// <param name="mayImpersonate">Whether the policy allows impersonation.</param>
    /// <param name="stream">What to record; null for nothing.</param>
    /// <returns>False if the API server did not accept the token, nothing was answered yet, and the request can be sent again.</returns>
    public async Task<bool> ForwardAsync(HttpContext context, OpenRequest open, string token, bool mayImpersonate, RecordedStream? stream)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, open.Cut);
        var answers = new Answers(open.Traffic);
        RequestBody? body = null;
        try
        {
            var protocol = Upgrades.Requested(context);
            using var message = protocol is null
                ? _requests.Create(context, open, token, mayImpersonate, ends.Token)
                : _requests.CreateUpgrade(context, open, token, mayImpersonate, protocol);
            body = message.Content as RequestBody;
            var handshake = protocol == Upgrades.WebSocket ? WebSocketHandshake.Begin(context.Request, message) : null;
            using var response = await upstream.SendAsync(message, ends.Token);
            if (IsTokenRefused(context, response))
            {
                if (body is not { IsBegun: true }) return false;
                await StatusAnswer.SendAsync(context, Unavailable(GatewaySentences.TokenRefused), ends.Token);
            }
            else if (response.StatusCode != HttpStatusCode.SwitchingProtocols)
            {
                open.Report?.Started((int)response.StatusCode);
                if (stream is not null && handshake is not null) await RememberAsync(context, stream, response, ends.Token);
                await answers.CopyAsync(response, context.Response, ends.Token);
            }
            else if (protocol is null || handshake?.IsAcceptedBy(response) is false)
            {
                await StatusAnswer.SendAsync(context, Unavailable(GatewaySentences.Broken), ends.Token);
            }
            else if (stream is not null && !(handshake is not null && ChannelMessage.IsRead(handshake.Protocol)))
            {
                await StatusAnswer.SendAsync(context, RecordingRules.Refuse(RecordingRules.OtherProtocol), ends.Token);
            }
            else
            {
                open.Report?.Started(StatusCodes.Status101SwitchingProtocols);
                await RelayAsync(context, open, response, handshake, stream);
            }
        }
        catch (Exception e) when (open.Why is { } why)
        {
            logger.RequestEnded(e.GetType().Name);
            await EndAsync(context, why, answers);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            context.Abort(); // the client is gone
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException or BadHttpRequestException
            or InvalidOperationException)
        {
            logger.RequestEnded(e.GetType().Name);
            await FailAsync(context, body);
        }

        return true;
    }

    /// <summary>kubectl tries SPDY after a WebSocket that was not accepted, and must then read why it was not.</summary>
    private async Task RememberAsync(HttpContext context, RecordedStream stream, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        await response.Content.LoadIntoBufferAsync(MostOfAnAnswer, cancellationToken);
        var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        recordings.Refused.Add(stream.Grant, context.Request.Path.Value ?? "", (int)response.StatusCode, body);
    }

    private async Task RelayAsync(
        HttpContext context, OpenRequest open, HttpResponseMessage response, WebSocketHandshake? handshake, RecordedStream? stream)
    {
        Answers.CopyHead(response, context.Response);
        context.Response.Headers.Upgrade = Upgrades.Requested(context);
        handshake?.Accept(context.Response);
        var remote = await response.Content.ReadAsStreamAsync(CancellationToken.None);
        await using (remote)
        {
            var client = await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
            await using (client)
            {
                var isClean = handshake is null ? await ByteRelay.RunAsync(client, remote, open.Traffic, open.Cut)
                    : await RelayAsync(context, open, client, remote, handshake, stream);
                if (!isClean) context.Abort();
            }
        }
    }

    private async Task<bool> RelayAsync(
        HttpContext context, OpenRequest open, Stream client, Stream remote, WebSocketHandshake handshake, RecordedStream? stream)
    {
        var recording = stream is null ? null : recordings.Begin(stream with { Protocol = handshake.Protocol }, () =>
        {
            if (stream.EndsOnFailure) open.CutBy(RecordingRules.NotRecorded());
        });
        try
        {
            return await new WebSocketRelay(client, remote, limits, _messages, recording)
                .RunAsync(open, LastWords.Places(context.Request.Path.Value ?? "", context.Request.Query, handshake.Protocol));
        }
        finally
        {
            recording?.End(open.Why?.Message);
        }
    }

    /// <summary>
    /// A 401 of the API server is about the gateway's token. One of a service behind its proxy is the service's own, and is passed on.
    /// </summary>
    private static bool IsTokenRefused(HttpContext context, HttpResponseMessage response) =>
        response.StatusCode == HttpStatusCode.Unauthorized && response.Content.Headers.ContentType?.MediaType == "application/json"
        && context.Request.Path.Value?.Split('/').Contains("proxy") is not true;

    private async Task EndAsync(HttpContext context, Refusal why, Answers answers)
    {
        using var limit = new CancellationTokenSource(context.Response.HasStarted ? limits.LastWords : limits.Answer, TimeProvider.System);
        try
        {
            if (!context.Response.HasStarted)
            {
                await StatusAnswer.SendAsync(context, why, limit.Token);
                await context.Response.CompleteAsync();

                // A body that the client still sends is not read, and is not waited for. The client may need a moment to read the answer.
                if (context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody is true)
                {
                    await Task.Delay(limits.AnswerToSender, TimeProvider.System, context.RequestAborted);
                    context.Abort();
                }

                return;
            }

            if (IsWatch(context) && answers.IsAtLineEnd)
            {
                await context.Response.Body.WriteAsync(StatusAnswer.WatchError(why), limit.Token);
                await context.Response.CompleteAsync();
                return;
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or InvalidOperationException)
        {
            // The client does not read, or is gone.
        }

        context.Abort();
    }

    private static async Task FailAsync(HttpContext context, RequestBody? body)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }

        if (body?.Fault is { } fault)
        {
            await StatusAnswer.SendAsync(
                context, new(RefusalReasons.BadRequest, fault.StatusCode, "the body of the request is incomplete or malformed"), context.RequestAborted);
            return;
        }

        await StatusAnswer.SendAsync(
            context, Unavailable(body is { IsBegun: true } ? GatewaySentences.Broken : GatewaySentences.Unreachable), context.RequestAborted);
    }

    private static bool IsWatch(HttpContext context) =>
        context.Request.Query["watch"] is [{ } watch] && watch is "true" or "1" && context.Response.ContentType is { } type
        && type.StartsWith("application/json", StringComparison.Ordinal);

    private static Refusal Unavailable(string message) => new(RefusalReasons.Upstream, StatusCodes.Status503ServiceUnavailable, message) { RetryAfter = 1 };
}
