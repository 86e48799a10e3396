using BreakGlass.Core.Journal;
using BreakGlass.Core.Sessions;

namespace BreakGlass.Gateway.Recording;

/// <summary>Stores the parts of one recording at the operator, one after another, each as often as it takes.</summary>
/// <param name="stream">What the recording is of.</param>
/// <param name="startedAt">When the stream began.</param>
/// <param name="send">Sends a request to the operator.</param>
/// <param name="failing">Called when the recording fails; perhaps more than once.</param>
/// <param name="metrics">Metrics.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Log.</param>
internal sealed class PartSender(
    RecordedStream stream, DateTimeOffset startedAt, Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> send, Action failing,
    GatewayMetrics metrics, TimeProvider time, ILogger logger)
{
    /// <summary>How long parts may not be stored before the recording counts as failing.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>How long one attempt may take.</summary>
    private static readonly TimeSpan Attempt = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    /// <summary>How often, and for how long, a part is sent that the operator answers but does not take: a replica may not know the grant yet.</summary>
    private const int MostRefusals = 5;

    private static readonly TimeSpan RefusedFor = TimeSpan.FromSeconds(60);

    private volatile bool _isRefused;
    private volatile bool _isFailing;
    private int _isLossTold;

    /// <summary>When the stream began.</summary>
    public DateTimeOffset StartedAt => startedAt;

    /// <summary>Whether the operator does not take the recording: then nothing more of it is kept.</summary>
    public bool IsRefused => _isRefused;

    /// <summary>Whether parts could not be stored for longer than <see cref="Patience"/>.</summary>
    public bool IsFailing => _isFailing;

    /// <summary>Stores a part.</summary>
    public async Task SendAsync(CastPart part, CancellationToken cancellationToken)
    {
        if (_isRefused) return;
        var (began, pause, refusals) = (time.GetTimestamp(), FirstPause, 0);
        while (true)
        {
            var problem = await TryAsync(part, cancellationToken);
            _isFailing = problem is not null && time.GetElapsedTime(began) >= Patience;
            if (problem is null) return;
            metrics.RecordingPart(isStored: false);
            if (problem.IsRefusal && ++refusals >= MostRefusals && time.GetElapsedTime(began) >= RefusedFor)
            {
                Stop(part.Number, problem.Why);
                return;
            }

            if (pause == FirstPause) logger.RecordingNotStored(stream.Grant, stream.Id, part.Number, problem.Why);
            if (_isFailing) failing();
            await Task.Delay(pause, time, cancellationToken);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    /// <summary>Nothing more of the recording is kept: it is in the gauge until the stream ends, or ends the stream.</summary>
    /// <param name="part">The number of the part that cannot be stored.</param>
    /// <param name="why">Why.</param>
    public void Stop(int part, string why)
    {
        (_isRefused, _isFailing) = (true, false);
        logger.RecordingRefused(stream.Grant, stream.Id, part, why);
        failing();
    }

    /// <summary>Bytes had no room.</summary>
    public void Lost(long bytes)
    {
        metrics.RecordingMissing(bytes);
        if (Interlocked.Exchange(ref _isLossTold, 1) == 0) logger.RecordingIncomplete(stream.Grant, stream.Id);
        failing();
    }

    private async Task<Problem?> TryAsync(CastPart part, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Attempt, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, UriOf(part));
            request.Content = new ByteArrayContent(part.Content);
            request.Content.Headers.ContentType = new("application/gzip");
            using var response = await send(request, either.Token);
            if (response.StatusCode == HttpStatusCode.OK)
            {
                metrics.RecordingPart(isStored: true);
                return null;
            }

            // Such an answer is about the part and not about the operator's state.
            return new($"the operator answered {(int)response.StatusCode}", response.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.NotFound
                or HttpStatusCode.Conflict or HttpStatusCode.RequestEntityTooLarge);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && e is HttpRequestException or IOException or OperationCanceledException)
        {
            return new(e is OperationCanceledException ? $"the operator did not answer within {Attempt.TotalSeconds:0} s" : e.Message, IsRefusal: false);
        }
    }

    private Uri UriOf(CastPart part) => new(string.Create(CultureInfo.InvariantCulture,
        $"{GatewayReports.StreamsPath}?grant={Uri.EscapeDataString(stream.Grant)}&uid={Uri.EscapeDataString(stream.GrantUid)}&stream={stream.Id}"
        + $"&part={part.Number}&startedAt={Timestamp.Text(startedAt)}&endsAfter={(long)part.EndsAfter.TotalMilliseconds}"
        + $"{(part.IsLast ? "&last=true" : "")}{(part.Missing > 0 ? $"&missing={part.Missing}" : "")}&request={Uri.EscapeDataString(stream.Request)}"),
        UriKind.Relative);

    private sealed record Problem(string Why, bool IsRefusal);
}
