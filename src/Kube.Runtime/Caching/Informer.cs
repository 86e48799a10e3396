namespace Kube.Runtime;

/// <summary>
/// A cache of one kind that follows the API server and reports changes to handlers.
/// </summary>
/// <remarks>
/// The contract, as client-go's shared informer has it:
/// <list type="bullet">
/// <item>The store is written before a handler is called, and may be ahead of the change that a handler gets.</item>
/// <item>A handler is called for one change after another, in order for each object, never twice at the same time. A slow
/// handler delays only itself; one that throws is logged and gets the next change.</item>
/// <item>Every handler, however late it comes, gets each object that is there, marked as initial list.</item>
/// <item>Changes may be left out (several become one) but the last state is always reported; a deletion that went unseen is
/// found by the next list.</item>
/// <item>What was put into the store by <see cref="Store{T}.Learn"/> is reported when the watch shows it, as an update to the same version; what
/// was put there by <see cref="Store{T}.LearnRead"/>, as an update from what the watch showed before.</item>
/// </list>
/// </remarks>
public sealed partial class Informer<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>Without a sign of life for so long, the informer is unhealthy: twice the longest watch.</summary>
    public static readonly TimeSpan StuckAfter = Reflector<T>.LongestWatch * 2;

    /// <summary>A list that takes longer, all tries included, is a cache that cannot be trusted any more.</summary>
    public static readonly TimeSpan ListsWithin = TimeSpan.FromMinutes(2);

    // A page of the largest objects that admission lets in has a few MB.
    private const int PageSize = 100;

    private readonly Lock _gate = new();
    private readonly List<Listener<T>> _listeners = [];
    private readonly List<Listener<T>> _first = [];
    private readonly TaskCompletionSource _listed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly InformerOptions<T> _options;
    private readonly ILogger _logger;
    private readonly Progress _progress;
    private readonly Reflector<T> _reflector;
    private CancellationToken _stop;
    private bool _started;

    /// <param name="client">The API server.</param>
    /// <param name="options">What to mirror.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Log.</param>
    /// <param name="random">Gives [0,1), for tests; null for a random number.</param>
    public Informer(KubeClient client, InformerOptions<T> options, TimeProvider time, ILogger logger, Func<double>? random = null)
        : this(informer => informer.SourceOf(client), options, time, logger, random)
    {
    }

    internal Informer(
        Func<Informer<T>, ReflectorSource<T>> source, InformerOptions<T> options, TimeProvider time, ILogger logger, Func<double>? random = null)
    {
        (_options, _logger, _progress, Store) = (options, logger, new(time), new(options.Indexers, options.Transform));
        _reflector = new(source(this), this, _progress, time, random ?? Random.Shared.NextDouble, logger);
    }

    /// <summary>The cache. Empty until the first list; incomplete until <see cref="HasSynced"/>.</summary>
    public Store<T> Store { get; }

    /// <summary>Whether the initial list is in the store and every handler that was there by then has got all of it.</summary>
    public bool HasSynced
    {
        get { lock (_gate) return _listed.Task.IsCompleted && _first.TrueForAll(listener => listener.Synced.IsCompleted); }
    }

    /// <summary>
    /// False when nothing was heard of the API server for <see cref="StuckAfter"/> (a quiet kind still has its bookmarks and watch ends), or when a list that
    /// is needed did not succeed for <see cref="ListsWithin"/>.
    /// </summary>
    public bool IsHealthy => !_started || (_progress.Age <= StuckAfter && !(_reflector.ListingFor > ListsWithin));

    /// <summary>Adds a handler; it must be quick and only note which key to look at. Possible at any time.</summary>
    /// <returns>Removes the handler when disposed of: it gets nothing more then, except the change that it is handling at that moment.</returns>
    public IDisposable AddHandler(Action<Change<T>> handler)
    {
        var listener = new Listener<T>(handler, KubeKinds.Of<T>().Resource.ToString(), _logger);
        lock (_gate)
        {
            if (_listed.Task.IsCompleted)
            {
                foreach (var item in Store.List()) listener.Enqueue(new(ChangeKind.Added, item, IsInitialList: true));
                listener.EnqueueEndOfInitialList();
            }
            else
            {
                _first.Add(listener);
            }

            _listeners.Add(listener);
            if (_started) listener.Start(_stop);
        }

        return new Registration(this, listener);
    }

    /// <summary>Follows the API server until cancelled; nothing else ends it. Once only.</summary>
    /// <exception cref="InvalidOperationException">It was started before.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_started) throw new InvalidOperationException($"the informer of {KubeKinds.Of<T>().Resource} was started before; an instance runs only once");
            (_started, _stop) = (true, cancellationToken);
            _listeners.ForEach(listener => listener.Start(cancellationToken));
        }

        _progress.Made();
        await _reflector.RunAsync(cancellationToken);
        Task[] deliveries;
        lock (_gate) deliveries = [.. _listeners.Select(listener => listener.Delivery)];
        await Task.WhenAll(deliveries);
        Store.CheckUnchanged();
    }

    /// <summary>Waits until <see cref="HasSynced"/>.</summary>
    /// <exception cref="OperationCanceledException">It did not happen before the cancellation.</exception>
    public async Task WaitForSyncAsync(CancellationToken cancellationToken)
    {
        await _listed.Task.WaitAsync(cancellationToken);
        Task[] synced;
        lock (_gate) synced = [.. _first.Select(listener => listener.Synced)];
        await Task.WhenAll(synced).WaitAsync(cancellationToken);
    }

    private ReflectorSource<T> SourceOf(KubeClient client) => new(
        (version, cancellationToken) => ListAsync(client, version, cancellationToken),
        (version, timeout, cancellationToken) => client.WatchAsync<T>(
            new()
            {
                Namespace = _options.Namespace,
                LabelSelector = _options.LabelSelector,
                ResourceVersion = version,
                Timeout = timeout,
            },
            cancellationToken));

    private async Task<KubeList<T>> ListAsync(KubeClient client, string version, CancellationToken cancellationToken)
    {
        var query = new ListQuery
        {
            Namespace = _options.Namespace,
            LabelSelector = _options.LabelSelector,
            ResourceVersion = version.Length == 0 ? null : version,

            // Pages at a certain version would go past the server's watch cache to etcd.
            Limit = version is "" or "0" ? PageSize : 0,
        };
        try
        {
            return await client.ListAsync<T>(query, Kept, cancellationToken);
        }
        catch (Exception e) when (version.Length > 0 && e is KubeConnectionException { Failure: ConnectionFailure.TimedOut }
                                      or KubeApiException { Code: HttpStatusCode.GatewayTimeout, IsResourceVersionTooLarge: false })
        {
            // Too much for one answer in that time. The server's cache gives no pages; etcd does, and its newest state is never older than what is known.
            return await client.ListAsync<T>(query with { ResourceVersion = null, Limit = PageSize }, Kept, cancellationToken);
        }
        catch (KubeApiException e) when (e.IsForbidden && _options.IsNamespaceGone is not null)
        {
            // The watch that follows is refused as well, so the reflector waits and lists again.
            if (await _options.IsNamespaceGone(cancellationToken)) return new();
            throw;
        }

        // What did not change is held already: a second list must not need the memory of two.
        T Kept(T read)
        {
            var item = _options.Transform is null ? read : _options.Transform(read);
            return Store.Get(item.Key) is { } held
                && held.Metadata.Uid == item.Metadata.Uid && held.Metadata.ResourceVersion == item.Metadata.ResourceVersion ? held : item;
        }
    }

    private void Remove(Listener<T> listener)
    {
        lock (_gate)
        {
            _first.Remove(listener);
            if (_listeners.Remove(listener)) listener.End();
        }
    }

    // What the reflector shows: writes the store and fills the backlogs in one step, so that a handler that comes in between misses nothing.
    internal void Replace(KubeList<T> list)
    {
        lock (_gate)
        {
            var isInitial = !_listed.Task.IsCompleted;
            foreach (var change in Store.Replace(list)) Tell(isInitial ? change with { IsInitialList = true } : change);
            if (!isInitial) return;
            _listeners.ForEach(listener => listener.EnqueueEndOfInitialList());
            _listed.TrySetResult();
        }

        LogListed(KubeKinds.Of<T>().Resource.ToString(), list.Items.Count);
    }

    internal void Upsert(T shown)
    {
        lock (_gate) Tell(Store.Upsert(shown));
    }

    internal void Remove(T shown)
    {
        lock (_gate) Tell(Store.Remove(shown));
    }

    private void Tell(Change<T>? change)
    {
        if (change is { } happened) _listeners.ForEach(listener => listener.Enqueue(happened));
    }

    [LoggerMessage(LogLevel.Information, "The cache of {Resource} has its initial list of {Count}")]
    private partial void LogListed(string resource, int count);

    private sealed class Registration(Informer<T> informer, Listener<T> listener) : IDisposable
    {
        public void Dispose() => informer.Remove(listener);
    }
}
