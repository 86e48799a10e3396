using BreakGlass.Core.Rules;
using BreakGlass.Gateway.Admission;
using BreakGlass.Gateway.Cutting;
using BreakGlass.Gateway.Proxying;
using BreakGlass.Gateway.Recording;
using BreakGlass.Gateway.Reporting;
using BreakGlass.Gateway.Streams;
using BreakGlass.Gateway.Tokens;
using Microsoft.AspNetCore.Http.Features;

namespace BreakGlass.Gateway;

/// <summary>
/// The way of one request: whose certificate its connection shows, whether the grant allows it now, what is recorded of it, and with which token it is
/// forwarded.
/// </summary>
/// <param name="certificates">The authorities of grants' certificates.</param>
/// <param name="book">Grants and policies.</param>
/// <param name="tokens">The tokens of grants' ServiceAccounts.</param>
/// <param name="openGrants">What grants have open.</param>
/// <param name="forwarder">Forwards.</param>
/// <param name="recordings">Records streams.</param>
/// <param name="reporter">Reports requests; null if the gateway reports to nobody.</param>
/// <param name="metrics">Metrics.</param>
/// <param name="logger">Log.</param>
internal sealed class RequestPipeline(
    GatewayCertificates certificates, GrantBook book, TokenMint tokens, OpenGrants openGrants, Forwarder forwarder, Recordings recordings, Reporter? reporter,
    GatewayMetrics metrics, ILogger logger)
{
    /// <summary>Serves a request.</summary>
    public async Task ServeAsync(HttpContext context)
    {
        metrics.Began();
        try
        {
            if (await TryServeAsync(context) is { } refusal) await RefuseAsync(context, refusal);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client is gone.
        }
        catch (Exception e)
        {
            logger.RequestFailed(e);
            context.Abort();
        }
        finally
        {
            metrics.Ended(context.Response.StatusCode);
        }
    }

    /// <summary>Carries out a request, or says why not.</summary>
    private async Task<Refusal?> TryServeAsync(HttpContext context)
    {
        var connection = ClientConnection.Of(context);
        var certificate = connection.Identify(context, certificates.Authorities);
        if (certificate is { IsTrusted: true, Grant: { } named })
        {
            // Its certificate is good: it does not wait among strangers while the API server is asked. Where it is refused, the connection is closed.
            connection.Slot?.Admit();
            if (book.IsStale || !await book.ConfirmAsync(named, context.RequestAborted)) return Stale();
        }

        var head = RequestHead.Of(context.Request, context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget);
        var (open, refusal) = openGrants.Open(connection, head);
        if (open is null)
        {
            ReportRefused(context, connection, refusal);
            return refusal;
        }

        using (open)
        {
            int? code = null;
            Begin(context, open);
            try
            {
                var refused = Unrecorded(open) ?? Problem(context, out var mayImpersonate, open.Grant.Name)
                    ?? Plan(context, open, out var stream) ?? await ForwardAsync(context, open, mayImpersonate, stream);
                code = refused?.Code ?? CodeOf(context);
                return refused;
            }
            finally
            {
                open.Report?.Ended(code);
            }
        }
    }

    private void Begin(HttpContext context, OpenRequest open)
    {
        if (reporter is not null && book.Get(open.Grant.Name) is { } grant && GatewayRules.ShowsUse(grant.Status))
            open.Report = reporter.Begin(context, grant, open.AuditId, open.Traffic);
    }

    /// <summary>Reports a request that was refused, if its certificate is that of a grant: a grant that is over, or has too many requests open.</summary>
    private void ReportRefused(HttpContext context, ClientConnection connection, Refusal? refusal)
    {
        if (reporter is null || refusal is not { Reason: RefusalReasons.Ended or RefusalReasons.Stopped or RefusalReasons.TooMany }
            || connection.Certificate is not { IsTrusted: true, Grant: { } named } || book.Get(named.Grant) is not { } grant
            || grant.Metadata.Uid != named.Uid || !GatewayRules.ShowsUse(grant.Status) || !reporter.TakesRefusal(named.Grant)) return;
        reporter.Begin(context, grant, $"{Guid.NewGuid()}", new()).Ended(refusal.Code);
    }

    /// <summary>Why a request cannot go on that could not be recorded.</summary>
    private Refusal? Unrecorded(OpenRequest open) =>
        reporter is not null && (reporter.Health.IsFailing || reporter.IsLosing(open.Grant.Name)) && book.Get(open.Grant.Name) is { } grant
            && RecordingRules.MustBeRecorded(grant) ? RecordingRules.NotRecorded() : null;

    /// <summary>The status of the answer; null if the client left before there was one.</summary>
    private static int? CodeOf(HttpContext context) =>
        context.Response.HasStarted || !context.RequestAborted.IsCancellationRequested ? context.Response.StatusCode : null;

    /// <summary>Finds out what of the request is recorded, and why it is not forwarded if it could not be.</summary>
    private Refusal? Plan(HttpContext context, OpenRequest open, out RecordedStream? stream)
    {
        stream = null;
        if (book.Get(open.Grant.Name) is not { Status.Recording: { Record: RecordingMode.Streams } terms } grant) return null;
        var request = context.Request;
        var (path, upgrade) = (request.Path.Value ?? "", Upgrades.Requested(context));
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var found = PodStream.Of(path, target.IndexOf('?', StringComparison.Ordinal) is var at and >= 0 ? target[(at + 1)..] : "");
        if (RecordingRules.Problem(path, found, upgrade, HeaderRules.Protocols(request.Headers.SecWebSocketProtocol)) is { } problem)
            return upgrade == Upgrades.Spdy && recordings.Refused.Find(grant.Metadata.Name, path) is { } refused ? refused : problem;
        if (found is not null && terms.OnFailure is RecordingFailureHandling.End && recordings.IsFailingOf(grant.Metadata.Uid))
            return RecordingRules.NotRecorded();
        if (found is not null && upgrade is not null)
            stream = new(grant.Metadata.Name, grant.Metadata.Uid, open.AuditId, found.ToString(), terms);
        return null;
    }

    private async Task<Refusal?> ForwardAsync(HttpContext context, OpenRequest open, bool mayImpersonate, RecordedStream? stream)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, open.Cut);
        for (var isFirst = true; ; isFirst = false)
        {
            string? token = null;
            try
            {
                if (book.Get(open.Grant.Name) is { } grant && grant.Metadata.Uid == open.Connection.Certificate?.Grant?.Uid)
                {
                    token = tokens.Held(grant);
                    if (token is null)
                    {
                        token = await tokens.GetAsync(grant, ends.Token);

                        // What is known now counts: a grant that ended while its token was on the way is not always cut yet.
                        if (openGrants.Judge(open.Connection) is { } over) return over;
                    }
                }
            }
            catch (OperationCanceledException) when (open.Why is not null)
            {
                return open.Why;
            }

            if (open.Why is { } why) return why;
            if (token is null) return Upstream(GatewaySentences.TokenNotIssued);
            if (await forwarder.ForwardAsync(context, open, token, mayImpersonate, stream)) return null;
            logger.TokenRefused(open.Grant.Name);
            tokens.Drop(open.Grant.Name, token);
            if (!isFirst) return Upstream(GatewaySentences.TokenRefused);
        }
    }

    /// <summary>What is wrong with the request itself.</summary>
    private Refusal? Problem(HttpContext context, out bool mayImpersonate, string name)
    {
        var request = context.Request;
        var grant = book.Get(name);
        mayImpersonate = grant is not null && book.MayImpersonate(grant);
        if (TargetRules.Problem(request.Method, context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget) is { } target) return Bad(target);
        var (isHttp1, policy) = (!HttpProtocol.IsHttp2(request.Protocol), grant?.Spec.Policy ?? "");
        if (HeaderRules.Problem(request.Headers, isHttp1, policy, mayImpersonate) is { } header) return header;
        var protocol = Upgrades.Requested(context);
        if (!Upgrades.IsForwarded(protocol))
            return new(RefusalReasons.Upgrade, StatusCodes.Status400BadRequest, GatewaySentences.OtherProtocol);
        return protocol == Upgrades.WebSocket && WebSocketHandshake.Problem(request) is { } handshake ? Bad(handshake) : null;
    }

    private async Task RefuseAsync(HttpContext context, Refusal refusal)
    {
        metrics.Refused(refusal.Reason);
        if (refusal.IsUnauthorized) ClientConnection.Of(context).RequestClose();

        // Whatever follows on the connection of such a request may have been meant as a part of it.
        if (refusal.Code == StatusCodes.Status400BadRequest && HttpProtocol.IsHttp11(context.Request.Protocol))
            context.Features.GetRequiredFeature<IHttpResponseFeature>().OnStarting(CloseAsync, context);
        if (context.Response.HasStarted) context.Abort();
        else await StatusAnswer.SendAsync(context, refusal, context.RequestAborted);
    }

    private static Task CloseAsync(object context)
    {
        ((HttpContext)context).Response.Headers.Connection = "close";
        return Task.CompletedTask;
    }

    private static Refusal Bad(string message) => new(RefusalReasons.BadRequest, StatusCodes.Status400BadRequest, message);

    private static Refusal Stale() =>
        new(RefusalReasons.Stale, StatusCodes.Status503ServiceUnavailable, GatewaySentences.Stale) { RetryAfter = 5 };

    private static Refusal Upstream(string message) => new(RefusalReasons.Upstream, StatusCodes.Status503ServiceUnavailable, message) { RetryAfter = 1 };
}
