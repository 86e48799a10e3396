using System.Collections.Concurrent;
using System.Net.Http.Headers;
using BreakGlass.Core.Sessions;

namespace BreakGlass.Gateway.Reporting;

/// <summary>
/// Posts what grants do to the operator: every second what there is, and every two seconds at least that there is nothing. A post is repeated until the
/// operator has taken it. What waits is in memory, up to a limit; what finds no room is counted and lost.
/// </summary>
internal sealed class Reporter
{
    /// <summary>The most bytes that wait.</summary>
    public const int MostBytes = 8 * 1024 * 1024;

    /// <summary>The most bytes of one grant that wait, so that nobody keeps out what is reported of others.</summary>
    public const int MostOfGrant = MostBytes / 4;

    /// <summary>The most bytes of events in one post.</summary>
    public const int MostInPost = 1024 * 1024;

    /// <summary>The time between two posts.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private const string Head = """{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[""";
    private const int Overhead = 64;

    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan PostWithin = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(4);

    private readonly Lock _lock = new();
    private readonly Queue<(byte[] Event, DateTimeOffset At, string Grant)> _waiting = new();
    private readonly Dictionary<string, int> _bytesOf = new(StringComparer.Ordinal);
    private readonly HashSet<string> _losing = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> _refusedAt = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<ReportedRequest, bool> _open = new();
    private readonly OperatorConnection _operator;
    private readonly TimeProvider _time;
    private readonly GatewayMetrics _metrics;
    private readonly ILogger _logger;
    private int _bytes;
    private bool _wasFailing;
    private Post? _pending;

    public Reporter(OperatorConnection @operator, TimeProvider time, GatewayMetrics metrics, ILogger logger)
    {
        (_operator, _time, _metrics, _logger, Health) = (@operator, time, metrics, logger, new(time));
        metrics.Backlog = () => Volatile.Read(ref _bytes);
        metrics.IsRecordingFailing = () => Health.IsFailing;
    }

    /// <summary>Whether what is recorded reaches the operator.</summary>
    public RecordingHealth Health { get; }

    /// <summary>Called when it begins to fail.</summary>
    public Action? Failed { get; set; }

    /// <summary>Called with a grant of which something was lost.</summary>
    public Action<string>? FailedOf { get; set; }

    /// <summary>The time.</summary>
    public DateTimeOffset Now => _time.GetUtcNow();

    /// <summary>Of how many grants it is remembered that a refusal was reported.</summary>
    public int Refused => _refusedAt.Count;

    /// <summary>Begins to report a request.</summary>
    public ReportedRequest Begin(HttpContext context, BreakGlassGrant grant, string auditId, Traffic traffic)
    {
        var request = new ReportedRequest(this, context, grant, auditId, traffic, Now);
        _open[request] = true;
        return request;
    }

    /// <summary>Whether something of a grant was lost, and nothing has reached the operator after it.</summary>
    public bool IsLosing(string grant)
    {
        lock (_lock) return _losing.Contains(grant);
    }

    /// <summary>Whether the refusal of a request of a grant is reported: one in a second, because nothing else limits them once the grant is over.</summary>
    public bool TakesRefusal(string grant)
    {
        var now = _time.GetTimestamp();
        if (_refusedAt.TryGetValue(grant, out var last) && _time.GetElapsedTime(last, now) < Period) return false;
        _refusedAt[grant] = now;
        return true;
    }

    /// <summary>Takes an event of a grant. Nothing is waited for.</summary>
    public void Add(byte[] happened, string grant)
    {
        bool hasRoom;
        lock (_lock)
        {
            var (size, own) = (happened.Length + Overhead, _bytesOf.GetValueOrDefault(grant));
            hasRoom = _bytes + size <= MostBytes;
            if (hasRoom && own + size <= MostOfGrant)
            {
                _waiting.Enqueue((happened, _time.GetUtcNow(), grant));
                (_bytes, _bytesOf[grant]) = (_bytes + size, own + size);
                return;
            }

            _losing.Add(grant);
        }

        _metrics.RecordingDropped(1);
        if (hasRoom) FailedOf?.Invoke(grant);
        else Health.Loses();
    }

    /// <summary>A request has ended.</summary>
    public void Forget(ReportedRequest request) => _open.TryRemove(request, out _);

    /// <summary>Posts until cancelled, and then once more.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var watching = _time.EveryAsync(Period, atOnce: true, _ => Watch(), cancellationToken);
        var (pause, posted) = (Period, (long?)null);
        while (!cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(pause, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var isDue = posted is not { } last || _time.GetElapsedTime(last) >= Heartbeat - (Period / 2);
            if (cancellationToken.IsCancellationRequested || !(HasAny() || isDue)) continue;
            if (await PostAsync(cancellationToken))
            {
                // What did not fit waits for no period.
                (pause, posted) = (IsLarge() ? TimeSpan.Zero : Period, _time.GetTimestamp());
            }
            else
            {
                pause = TimeSpan.FromTicks(Math.Min(Math.Max(pause.Ticks, Period.Ticks) * 2, LongestPause.Ticks));
            }
        }

        while (HasAny() && await PostAsync(CancellationToken.None))
        {
            // The rest.
        }

        await watching;
    }

    private bool HasAny()
    {
        Sweep();
        lock (_lock) return _pending is not null || _waiting.Count > 0;
    }

    private bool IsLarge()
    {
        lock (_lock) return _bytes > MostInPost;
    }

    private Task Watch()
    {
        // They limit nothing any more; a grant that is over may never be used again.
        foreach (var refused in _refusedAt)
        {
            if (_time.GetElapsedTime(refused.Value) >= Period) _refusedAt.TryRemove(refused);
        }

        var isFailing = Health.IsFailing;
        if (isFailing && !_wasFailing)
        {
            _logger.RecordingFails(RecordingHealth.Patience.TotalSeconds);
            Failed?.Invoke();
        }
        else if (!isFailing && _wasFailing)
        {
            _logger.RecordingWorks();
        }

        _wasFailing = isFailing;
        return Task.CompletedTask;
    }

    /// <summary>The grants that were used since the last time, each once.</summary>
    private void Sweep()
    {
        var now = _time.GetUtcNow();
        Dictionary<string, (ReportedRequest Request, DateTimeOffset At)> used = [];
        foreach (var (request, _) in _open)
        {
            if (request.TakeUse(now) is { } at && !(used.TryGetValue(request.Grant, out var other) && other.At >= at)) used[request.Grant] = (request, at);
        }

        foreach (var (request, at) in used.Values) Add(request.Activity(at), request.Grant);
    }

    private async Task<bool> PostAsync(CancellationToken cancellationToken)
    {
        var post = _pending ??= Next();
        using var timer = new CancellationTokenSource(PostWithin, _time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        string why;
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, post.Target) { Content = new ReadOnlyMemoryContent(post.Body) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using var response = await _operator.SendAsync(request, limit.Token);
            if (response.IsSuccessStatusCode)
            {
                Settle(post, isLost: false);
                return true;
            }

            // It would be refused again, and keep back everything that comes after it.
            if (response.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge)
            {
                Settle(post, isLost: true);
                _metrics.RecordingDropped(post.Events);
            }

            why = $"the operator answered with {(int)response.StatusCode}";
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
        {
            if (cancellationToken.IsCancellationRequested) return false;
            why = e is OperationCanceledException ? $"the operator did not answer within {PostWithin.TotalSeconds:0} s" : e.Message;
        }

        _metrics.RecordingFailed();
        _logger.NotReported(why);
        return false;
    }

    private void Settle(Post post, bool isLost)
    {
        lock (_lock)
        {
            _bytes -= post.Size;
            _pending = null;
            if (!isLost) _losing.Clear();
        }

        if (isLost) Health.Loses();
        else Health.Works();
    }

    /// <summary>What waits, as far as it fits.</summary>
    private Post Next()
    {
        lock (_lock)
        {
            using var body = new MemoryStream();
            body.Write(Encoding.UTF8.GetBytes(Head));
            var (size, events) = (0, 0);
            var until = _time.GetUtcNow();
            while (_waiting.TryPeek(out var next))
            {
                if (events > 0 && body.Length + next.Event.Length > MostInPost)
                {
                    until = next.At;
                    break;
                }

                if (events > 0) body.WriteByte((byte)',');
                body.Write(next.Event);
                _waiting.Dequeue();
                size += next.Event.Length + Overhead;
                var left = _bytesOf[next.Grant] - next.Event.Length - Overhead;
                if (left > 0) _bytesOf[next.Grant] = left;
                else _bytesOf.Remove(next.Grant);
                events++;
            }

            body.Write("]}"u8);
            return new(body.ToArray(), size, events, until);
        }
    }

    private sealed record Post(byte[] Body, int Size, int Events, DateTimeOffset Until)
    {
        public Uri Target { get; } = new(
            $"{GatewayReports.RequestsPath}?{GatewayReports.Until}={Uri.EscapeDataString(Until.ToString("O", CultureInfo.InvariantCulture))}",
            UriKind.Relative);
    }
}
