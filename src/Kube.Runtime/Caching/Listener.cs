namespace Kube.Runtime;

/// <summary>
/// One handler of an informer with its backlog. The backlog is unbounded, so that a slow handler holds up neither the
/// reflector nor another handler; it is small as long as handlers only enqueue keys.
/// </summary>
internal sealed partial class Listener<T>(Action<Change<T>> handler, string name, ILogger logger)
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    // Null marks the end of the initial list.
    private readonly Channel<Change<T>?> _backlog = Channel.CreateUnbounded<Change<T>?>(new() { SingleReader = true });
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isOver;

    /// <summary>Completes when the handler has got the whole initial list.</summary>
    public Task Synced => _synced.Task;

    /// <summary>The delivery; ends when the informer's token is cancelled.</summary>
    public Task Delivery { get; private set; } = Task.CompletedTask;

    public void Enqueue(Change<T> change) => _backlog.Writer.TryWrite(change);

    public void EnqueueEndOfInitialList() => _backlog.Writer.TryWrite(null);

    /// <summary>Ends the delivery. What is in the backlog is dropped.</summary>
    public void End()
    {
        _isOver = true;
        _backlog.Writer.TryComplete();
        _synced.TrySetResult();
    }

    public void Start(CancellationToken cancellationToken) => Delivery = Task.Run(() => DeliverAsync(cancellationToken), CancellationToken.None);

    private async Task DeliverAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var change in _backlog.Reader.ReadAllAsync(cancellationToken))
            {
                if (_isOver) return;
                if (change is { } happened) Deliver(happened);
                else _synced.TrySetResult();
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The informer stops.
        }
    }

    private void Deliver(Change<T> change)
    {
        try
        {
            handler(change);
        }
        catch (Exception e)
        {
            LogHandlerThrew(e, name, change.Kind);
        }
    }

    [LoggerMessage(LogLevel.Error,
        "A handler of {Resource} failed with an unexpected exception (a bug) on a change of type {Kind}; continuing with the next change")]
    private partial void LogHandlerThrew(Exception e, string resource, ChangeKind kind);
}
