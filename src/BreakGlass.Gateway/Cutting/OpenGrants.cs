using BreakGlass.Gateway.Admission;
using BreakGlass.Gateway.Proxying;
using BreakGlass.Gateway.Tokens;

namespace BreakGlass.Gateway.Cutting;

/// <summary>
/// Everything that is open, by grant. When a grant changes, when its time is over, when the clock jumps, and when a policy, a lockdown or
/// the authorities of certificates change, each of its connections is judged again, and what is no longer admitted is cut.
/// </summary>
internal sealed class OpenGrants : IDisposable
{
    /// <summary>A grant that was used so recently is read again all the time, so that its next request does not have to wait for a read.</summary>
    private static readonly TimeSpan Remembered = TimeSpan.FromSeconds(30);

    /// <summary>The API server's authorizer can lag behind a binding that is deleted, so it is asked a second time.</summary>
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, OpenGrant> _grants = [];
    private readonly GatewayCertificates _certificates;
    private readonly GrantBook _book;
    private readonly TokenMint _tokens;
    private readonly GrantRights _rights;
    private readonly CancellationTokenSource _stop = new();
    private readonly GatewayLimits _limits;
    private readonly SteadyClock _time;
    private readonly GatewayMetrics _metrics;
    private readonly ILogger _logger;

    // Beside the lock: the clock asks for it while it holds its own.
    private volatile bool _isIdle = true;

    public OpenGrants(
        GatewayCertificates certificates, GrantBook book, TokenMint tokens, GrantRights rights, GatewayLimits limits, SteadyClock time, GatewayMetrics metrics,
        ILogger logger)
    {
        (_certificates, _book, _tokens, _rights, _limits) = (certificates, book, tokens, rights, limits);
        (_time, _metrics, _logger) = (time, metrics, logger);
        certificates.AuthoritiesChanged = JudgeAll;
        book.Changed += JudgeAgain;
        book.PolicyChanged += JudgeGrantsOf;
        book.LockdownsChanged += JudgeAll;
        book.InUse = InUse;
        time.Jumped += JudgeAll;
        time.MayGoBack = () => _isIdle;
    }

    /// <summary>How many requests and streams are open.</summary>
    public int Count
    {
        get { lock (_lock) return _grants.Values.Sum(g => g.Requests.Count); }
    }

    /// <summary>Opens a request on a connection, or says why not.</summary>
    public (OpenRequest? Request, Refusal? Refusal) Open(ClientConnection connection, RequestHead head)
    {
        var certificate = connection.Certificate;
        if (certificate?.Grant is not { } named) return (null, Judge(connection));
        lock (_lock)
        {
            // Judged under the lock: a change that comes after this finds the request and cuts it.
            if (Judge(connection) is { } refusal) return (null, refusal);
            if (!_grants.TryGetValue(named.Grant, out var grant))
                _grants[named.Grant] = grant = new(named.Grant, _time.GetTimestamp()) { Bindings = _book.Get(named.Grant)?.Status.Bindings ?? [] };
            _isIdle = false;
            if (grant.Requests.Count >= _limits.RequestsPerGrant
                || (grant.Connections.Count >= _limits.RequestsPerGrant && !grant.Connections.Contains(connection)))
            {
                return (null, new(RefusalReasons.TooMany, StatusCodes.Status429TooManyRequests, GatewaySentences.TooMany(_limits.RequestsPerGrant))
                {
                    RetryAfter = 1,
                });
            }

            var request = new OpenRequest(this, grant, connection, head);
            grant.Requests.Add(request);
            grant.LastUse = _time.GetTimestamp();
            if (grant.Connections.Add(connection))
            {
                connection.Closed.UnsafeRegister(_ => Forget(grant, connection), null);
                SetAlarm(grant); // it stands still while no connection is open
            }

            return (request, null);
        }
    }

    /// <summary>Cuts what is open of some grants, though they go on.</summary>
    public void CutAll(Func<BreakGlassGrant, bool> which, Refusal why)
    {
        List<IGrouping<string, OpenRequest>> cut;
        lock (_lock)
        {
            cut = [.. _grants.Values.Where(g => _book.Get(g.Name) is { } grant && which(grant)).SelectMany(g => g.Requests).GroupBy(r => r.Grant.Name)];
        }

        foreach (var requests in cut)
        {
            var closed = requests.Count(r => r.CutBy(why));
            _metrics.Cut(closed);
            if (closed > 0) _logger.GrantCut(requests.Key, closed, why.Message);
        }
    }

    /// <summary>A request has ended.</summary>
    public void Close(OpenRequest request)
    {
        lock (_lock)
        {
            request.Grant.Requests.Remove(request);
            request.Grant.LastUse = _time.GetTimestamp();
        }
    }

    /// <summary>Why a connection is not admitted as of now, by the authorities as they are, whichever they were when it began; null if it is.</summary>
    public Refusal? Judge(ClientConnection connection)
    {
        var certificate = connection.CertificateFor(_certificates.Authorities);
        var grant = certificate is { IsTrusted: true, Grant.Grant: { } name } ? _book.Get(name) : null;
        return Admittance.Judge(certificate, grant, grant is null ? null : _book.StopOf(grant), _time.GetUtcNow());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _time.Jumped -= JudgeAll;
        _stop.Cancel();
        _stop.Dispose();
        lock (_lock)
        {
            foreach (var grant in _grants.Values) grant.Alarm?.Dispose();
        }
    }

    private void JudgeAll()
    {
        string[] names;
        lock (_lock) names = [.. _grants.Keys];
        foreach (var name in names) JudgeAgain(name);
    }

    private void JudgeGrantsOf(string policy)
    {
        string[] names;
        lock (_lock) names = [.. _grants.Keys.Where(name => _book.Get(name)?.Spec.Policy == policy)];
        foreach (var name in names) JudgeAgain(name);
    }

    private void JudgeAgain(string name)
    {
        if (_book.Get(name) is not { } now || GatewaySentences.End(now, _time.GetUtcNow()) is not null) _tokens.Forget(name);
        List<(ClientConnection Connection, Refusal Why)> over = [];
        List<(OpenRequest Request, Refusal Why)> cut = [];
        IReadOnlyList<string> lost;
        OpenGrant? grant;
        lock (_lock)
        {
            if (!_grants.TryGetValue(name, out grant)) return;
            var given = _book.Get(name)?.Status.Bindings ?? [];
            lost = Narrowing.Lost(grant.Bindings, given);
            grant.Bindings = given;

            // A connection that the client has closed is forgotten, and what it began can still be under way.
            foreach (var connection in grant.Connections.Concat(grant.Requests.Select(r => r.Connection)).Distinct())
            {
                if (Judge(connection) is { } why) over.Add((connection, why));
            }

            foreach (var (connection, why) in over)
            {
                grant.Connections.Remove(connection);
                cut.AddRange(grant.Requests.Where(r => r.Connection == connection).Select(r => (r, why)));
            }

            // A request finds out whether it may act as another user after it was entered here, so a change in between does not miss it.
            if (_book.Get(name) is { } held && !_book.MayImpersonate(held)) cut.AddRange(grant.Requests.Where(r => r.Head.Impersonates)
                .Select(r => (r, HeaderRules.ImpersonationRefused(held.Spec.Policy))));

            SetAlarm(grant);
        }

        if (lost.Count > 0) _ = CutLostAsync(grant, lost);
        Cut(name, cut);
        foreach (var (connection, _) in over)
        {
            connection.RequestClose();
            _ = BreakOffAsync(connection);
        }
    }

    private void Cut(string name, List<(OpenRequest Request, Refusal Why)> cut)
    {
        var closed = cut.Count(c => c.Request.CutBy(c.Why));
        if (closed == 0) return;
        _metrics.Cut(closed);
        _logger.GrantCut(name, closed, cut[0].Why.Message);
    }

    /// <summary>Cuts what a grant that was narrowed no longer allows. What it still allows goes on.</summary>
    private async Task CutLostAsync(OpenGrant grant, IReadOnlyList<string> lost)
    {
        try
        {
            var stop = _stop.Token;
            await CutRefusedAsync(grant, lost, stop);
            await Task.Delay(AskAgain, _time, stop);
            await CutRefusedAsync(grant, lost, stop);
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The gateway stops.
        }
    }

    private async Task CutRefusedAsync(OpenGrant grant, IReadOnlyList<string> lost, CancellationToken cancellationToken)
    {
        List<OpenRequest> open;
        lock (_lock) open = [.. grant.Requests.Where(r => r.Why is null && Narrowing.MayAffect(lost, r.Head))];
        if (open.Count == 0) return;
        var refused = await _rights.RefusedAsync(grant.Name, open, cancellationToken);
        Cut(grant.Name, [.. refused.Select(r => (r.Request, new Refusal(
            RefusalReasons.Narrowed, StatusCodes.Status403Forbidden, GatewaySentences.Narrowed(grant.Name, $"{r.Attributes}"))))]);
    }

    /// <summary>In real time, whatever clock grants end by: it is the network that is waited for.</summary>
    private async Task BreakOffAsync(ClientConnection connection)
    {
        try
        {
            await Task.Delay(_limits.BreakOff, TimeProvider.System, connection.Closed);
            connection.Abort();
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // Closed meanwhile.
        }
    }

    private void Forget(OpenGrant grant, ClientConnection connection)
    {
        lock (_lock) grant.Connections.Remove(connection);
    }

    private IReadOnlyList<string> InUse()
    {
        lock (_lock)
        {
            foreach (var grant in _grants.Values.Where(g => g.Requests.Count == 0 && g.Connections.Count == 0
                && _time.GetElapsedTime(g.LastUse) > Remembered).ToList())
            {
                grant.Alarm?.Dispose();
                _grants.Remove(grant.Name);
            }

            _isIdle = _grants.Count == 0;

            return [.. _grants.Values.Where(g => g.Requests.Count > 0 || _time.GetElapsedTime(g.LastUse) <= Remembered).Select(g => g.Name)];
        }
    }

    /// <summary>Wakes at the end of the grant. The timer counts real time; where it wakes too early, it is set again.</summary>
    private void SetAlarm(OpenGrant grant)
    {
        if ((grant.Connections.Count == 0 && grant.Requests.Count == 0) || _book.Get(grant.Name)?.Status.ExpiresAt is not { } end)
        {
            grant.Alarm?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return;
        }

        // A timer of zero would fire before this one is known.
        var due = TimeSpan.FromTicks(Math.Clamp((end - _time.GetUtcNow()).Ticks, TimeSpan.TicksPerMillisecond, LongestTimer.Ticks));
        if (grant.Alarm is { } alarm) alarm.Change(due, Timeout.InfiniteTimeSpan);
        else grant.Alarm = _time.CreateTimer(_ => JudgeAgain(grant.Name), null, due, Timeout.InfiniteTimeSpan);
    }
}
