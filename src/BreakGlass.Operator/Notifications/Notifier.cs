using BreakGlass.Operator.Outbound;

namespace BreakGlass.Operator.Notifications;

/// <summary>
/// Notifies people outside the cluster of what the events report inside. Best effort by nature: it never blocks and never fails a caller. Each
/// notification comes from the one replica that wrote the status, or that the API server asked.
/// </summary>
internal sealed class Notifier : IDisposable
{
    /// <summary>The same event of the same object is sent once in this time: a script that keeps trying would fill every queue.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromMinutes(5);

    private const int MostRemembered = 1000;

    /// <summary>The events of the grant of each run of a drill that passes, before its end.</summary>
    private static readonly string[] DrillBeginnings = [EventReasons.GrantRequested, EventReasons.GrantActivated];

    /// <summary>The events of its end: each run has one of them.</summary>
    private static readonly string[] DrillEnds = [EventReasons.GrantRevoked, EventReasons.GrantExpired];

    private readonly IReadOnlyList<ReceiverSettings> _receivers;
    private readonly IReadOnlyList<Delivery<Notification>> _deliveries;
    private readonly HttpClient _http;
    private readonly string _cluster;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();

    // With the order in which they were taken.
    private readonly ConcurrentDictionary<(string Receiver, string Grant, string Event), long> _drilled = new();
    private long _taken;

    private readonly Dictionary<string, DateTimeOffset> _told = new(StringComparer.Ordinal);

    /// <param name="settings">The receivers.</param>
    /// <param name="cluster">The cluster's name.</param>
    /// <param name="metrics">Counts what came of each.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Log.</param>
    public Notifier(NotificationSettings settings, string cluster, OperatorMetrics metrics, TimeProvider time, ILogger logger)
    {
        (_cluster, _time) = (cluster, time);
        _http = OutboundHttp.Create();
        _receivers = settings.Receivers;
        _deliveries = [.. _receivers.Select(receiver => new Delivery<Notification>(
            Noting(Messages.Destination(receiver, _http, time)), result => metrics.Notified(ReceiverFields.TypeName(receiver.Type), result), time, logger))];
        metrics.NotifyingTo(_receivers.Select(receiver => ReceiverFields.TypeName(receiver.Type)), DeliveryResults.All);
        if (IsNeeded)
            logger.Notifying(string.Join(", ", settings.Receivers.Select(receiver => $"{receiver.Name} ({ReceiverFields.TypeName(receiver.Type)})")));
    }

    /// <summary>The names of the receivers for drills that get a notification about the grant of each run.</summary>
    /// <param name="end">The event of the grant's end.</param>
    public IReadOnlyList<string> DrillReceivers(string end) => [.. _receivers.Where(r => Awaited(r, end).Any()).Select(r => r.Name)];

    /// <summary>Whether a receiver for drills has taken all notifications about the grant of a run that it gets in each run.</summary>
    /// <param name="receiver">The name of the receiver.</param>
    /// <param name="grant">The name of the grant.</param>
    /// <param name="end">The event of the grant's end.</param>
    public bool HasTaken(string receiver, string grant, string end) =>
        _receivers.FirstOrDefault(r => r.Name == receiver) is { Drill: true } settings
        && Awaited(settings, end).All(e => _drilled.ContainsKey((receiver, grant, e)));

    /// <summary>Whether there is any receiver.</summary>
    public bool IsNeeded => _deliveries.Count > 0;

    /// <summary>Notifies the receivers of what happened to a grant, a policy, a lockdown or a drill.</summary>
    /// <param name="about">The object.</param>
    /// <param name="happened">What happened.</param>
    /// <param name="drill">The drill, if the object is the grant of one: then only the receivers for drills are notified.</param>
    /// <param name="isAnnounced">Whether people must approve the drill's grant: then the request is for all receivers.</param>
    public void Notify(IKubernetesObject<V1ObjectMeta> about, GrantEvent happened, string? drill = null, bool isAnnounced = false)
    {
        if (!IsNeeded) return;
        Notify(Notification.Of(about, happened, _cluster, _time.GetUtcNow()) with
        {
            Drill = drill, IsAnnounced = isAnnounced && happened.Reason == EventReasons.GrantRequested,
        });
    }

    /// <summary>Sends until cancelled, or finished.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(_deliveries.Select(delivery => delivery.RunAsync(cancellationToken)));

    /// <summary>Takes nothing more; <see cref="RunAsync"/> ends once all that waits was sent or given up.</summary>
    public void Complete()
    {
        foreach (var delivery in _deliveries) delivery.Complete();
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static IEnumerable<string> Awaited(ReceiverSettings receiver, string end) =>
        receiver.Drill ? DrillBeginnings.Append(end).Where(receiver.Events.Contains) : [];

    private void Notify(Notification notification)
    {
        if (IsRepetition(notification)) return;
        foreach (var (receiver, delivery) in _receivers.Zip(_deliveries))
        {
            if (receiver.Events.Contains(notification.Event) && (notification.Drill is null || receiver.Drill || notification.IsAnnounced))
                delivery.Offer(notification);
        }
    }

    /// <summary>Notes which receivers have taken what a drill waits for.</summary>
    private Destination<Notification> Noting(Destination<Notification> destination) => destination with
    {
        Send = async (notification, cancellationToken) =>
        {
            var answer = await destination.Send(notification, cancellationToken);
            if (answer.IsGood && notification.Drill is not null && (DrillBeginnings.Contains(notification.Event) || DrillEnds.Contains(notification.Event)))
            {
                if (_drilled.Count >= MostRemembered)
                {
                    // A run can wait for the expiry of its grant: only the older half goes.
                    foreach (var (old, _) in _drilled.ToArray().OrderBy(d => d.Value).Take(MostRemembered / 2)) _drilled.TryRemove(old, out _);
                }

                _drilled[(destination.Name, notification.Name, notification.Event)] = Interlocked.Increment(ref _taken);
            }

            return answer;
        },
    };

    private bool IsRepetition(Notification notification)
    {
        lock (_gate)
        {
            if (_told.TryGetValue(notification.Key, out var last) && notification.At - last < Quiet) return true;
            if (_told.Count >= MostRemembered)
            {
                foreach (var old in _told.Where(told => notification.At - told.Value >= Quiet).Select(told => told.Key).ToList()) _told.Remove(old);
                if (_told.Count >= MostRemembered) _told.Clear();
            }

            _told[notification.Key] = notification.At;
            return false;
        }
    }
}
