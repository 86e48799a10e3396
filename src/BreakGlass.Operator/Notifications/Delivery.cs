using System.Net.Http.Headers;
using System.Threading.Channels;
using Polly;

namespace BreakGlass.Operator.Notifications;

/// <summary>
/// The way to one receiver: a queue of its own and one worker, so that a receiver that is slow or dead delays nobody else and gets things in
/// order. The oldest is dropped where too many wait: the newest matter most.
/// </summary>
internal sealed class Delivery
{
    /// <summary>How many wait at most.</summary>
    public const int Capacity = 256;

    private const int LogEvery = 100;

    private readonly ReceiverSettings _receiver;
    private readonly HttpClient _http;
    private readonly Action<string> _count;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly string _type;
    private readonly Channel<Notification> _waiting;
    private readonly ResiliencePipeline<Answer> _pipeline;
    private Notification? _current;
    private long _dropped;

    /// <param name="receiver">The receiver.</param>
    /// <param name="http">Sends.</param>
    /// <param name="count">Told of each result, one of <see cref="Results"/>.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Log.</param>
    /// <param name="capacity">How many wait at most.</param>
    public Delivery(ReceiverSettings receiver, HttpClient http, Action<string> count, TimeProvider time, ILogger logger, int capacity = Capacity)
    {
        (_receiver, _http, _count, _time, _logger) = (receiver, http, count, time, logger);
        _type = ReceiverFields.TypeName(receiver.Type);
        _waiting = Channel.CreateBounded<Notification>(new BoundedChannelOptions(capacity) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true }, Drop);
        _pipeline = Patience.For(time, (attempt, why, wait) =>
        {
            if (_current is { } n) _logger.TryingAgain(_receiver.Name, _type, n.Event, n.Name, attempt, why, wait.TotalSeconds);
        });
    }

    /// <summary>What can come of a notification: delivered, failed (given up or refused) or dropped (never tried).</summary>
    public static IReadOnlyList<string> Results { get; } = ["delivered", "failed", "dropped"];

    /// <summary>Takes it, where the receiver wants it. Never waits.</summary>
    public void Offer(Notification notification)
    {
        if (_receiver.Events.Contains(notification.Event) && !_waiting.Writer.TryWrite(notification)) _count("dropped");
    }

    /// <summary>Nothing more is taken; <see cref="RunAsync"/> ends when all that waits was sent or given up.</summary>
    public void Complete() => _waiting.Writer.TryComplete();

    /// <summary>Sends until cancelled or completed and empty. What waits then is lost, and that is said.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var notification in _waiting.Reader.ReadAllAsync(cancellationToken))
            {
                _current = notification;
                await DeliverAsync(notification, cancellationToken);
                _current = null;
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            var lost = _waiting.Reader.Count + (_current is null ? 0 : 1);
            if (lost > 0) _logger.Unsent(lost, _receiver.Name, _type);
            for (var i = 0; i < lost; i++) _count("dropped");
        }
    }

    private async Task DeliverAsync(Notification notification, CancellationToken cancellationToken)
    {
        Outcome<Answer> outcome;
        try
        {
            outcome = Outcome.FromResult(await _pipeline.ExecuteAsync(token => TryAsync(notification, token), cancellationToken));
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            outcome = Outcome.FromException<Answer>(e);
        }

        var good = outcome.Result is { IsGood: true };
        _count(good ? "delivered" : "failed");
        if (!good) _logger.Undelivered(_receiver.Name, _type, notification.Event, notification.Name, Patience.Why(outcome));
    }

    private async ValueTask<Answer> TryAsync(Notification notification, CancellationToken cancellationToken)
    {
        using var request = Messages.Request(_receiver, notification, _time.GetUtcNow());
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        return new(response.StatusCode, Wait(response.Headers.RetryAfter));
    }

    private TimeSpan? Wait(RetryConditionHeaderValue? asked)
    {
        var wait = asked?.Delta ?? asked?.Date - _time.GetUtcNow();
        return wait > TimeSpan.Zero ? wait : null;
    }

    private void Drop(Notification oldest)
    {
        _count("dropped");
        var dropped = Interlocked.Increment(ref _dropped);
        if (dropped % LogEvery == 1) _logger.Dropped(_waiting.Reader.Count, _receiver.Name, _type, oldest.Event, oldest.Name, dropped);
    }
}
