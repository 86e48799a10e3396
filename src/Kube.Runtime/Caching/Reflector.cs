namespace Kube.Runtime;

/// <summary>
/// Mirrors a collection of the API server: lists it once, then follows the watch, and lists again only if the watch cannot
/// go on. The rules are those of client-go's reflector.
/// </summary>
/// <param name="source">Lists and watches.</param>
/// <param name="sink">Takes what they show.</param>
/// <param name="progress">Records every sign of life.</param>
/// <param name="time">Clock.</param>
/// <param name="random">Gives [0,1); spreads the waits and the watches' lengths.</param>
/// <param name="logger">Log.</param>
internal sealed partial class Reflector<T>(
    ReflectorSource<T> source, Informer<T> sink, Progress progress, TimeProvider time, Func<double> random, ILogger logger)
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    internal static readonly TimeSpan ShortestWatch = TimeSpan.FromSeconds(300);
    internal static readonly TimeSpan LongestWatch = TimeSpan.FromSeconds(600);

    // A watch that ends sooner and without an event would be taken up again in a hot loop.
    private static readonly TimeSpan VeryShort = TimeSpan.FromSeconds(1);

    // How much later than asked for a server may end a watch.
    private static readonly TimeSpan ServerDelay = TimeSpan.FromSeconds(15);

    // When the list that is needed now was first requested, as a timestamp; -1 if none is needed.
    private long _listingSince = -1;

    private readonly Backoff _backoff = new(time, random);
    private string _version = "0";
    private bool _versionUnavailable;

    // A watch ended as expired and no event has come since.
    private bool _expiredBefore;

    private enum WatchEnd
    {
        /// <summary>The server or our own deadline ended it in order, or the connection broke after it had worked: go on from the last version.</summary>
        Clean,

        /// <summary>The server cannot be reached or asks for patience: go on from the last version, but later.</summary>
        Later,

        /// <summary>The server has forgotten the version: list again.</summary>
        Expired,

        /// <summary>Anything else: list again, but later.</summary>
        Failed,
    }

    /// <summary>How long a list has been needed without success; null if none is needed.</summary>
    public TimeSpan? ListingFor => Volatile.Read(ref _listingSince) is >= 0 and var since ? time.GetElapsedTime(since) : null;

    /// <summary>Mirrors until cancelled. Survives everything else.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await ListAsync(cancellationToken);
                await WatchUntilListNeededAsync(cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is not CacheMutatedException)
            {
                LogFailed(Name, e.Message, e.IsNoBug ? null : e);
            }

            try
            {
                await _backoff.WaitAsync(cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private static string Name => KubeKinds.Of<T>().Resource.ToString();

    /// <summary>The watch cache's state first; from then on nothing older than what is known; and if that cannot be had, etcd's.</summary>
    private async Task ListAsync(CancellationToken cancellationToken)
    {
        KubeList<T> list;
        if (_listingSince < 0) Volatile.Write(ref _listingSince, time.GetTimestamp());
        try
        {
            list = await source.List(_versionUnavailable ? "" : _version, cancellationToken);
        }
        catch (KubeApiException e) when (e.IsGone || e.IsResourceVersionTooLarge)
        {
            LogVersionUnavailable(Name, _version, e.Message);
            _versionUnavailable = true;
            list = await source.List("", cancellationToken);
        }

        Volatile.Write(ref _listingSince, -1);
        _versionUnavailable = false;
        _version = list.Metadata.ResourceVersion ?? "";
        sink.Replace(list);
        progress.Made();
        LogListed(Name, list.Items.Count, _version);
    }

    private async Task WatchUntilListNeededAsync(CancellationToken cancellationToken)
    {
        for (;;)
        {
            var (end, sawEvents) = await WatchOnceAsync(cancellationToken);
            switch (end)
            {
                case WatchEnd.Clean:
                    break;
                case WatchEnd.Later:
                    await _backoff.WaitAsync(cancellationToken);
                    break;
                case WatchEnd.Expired:
                    _versionUnavailable = true;

                    // At once, unless it gets nowhere: a version that is too old as soon as it was listed.
                    if (!sawEvents && _expiredBefore) return;
                    _expiredBefore = true;
                    await ListAsync(cancellationToken);
                    break;
                default:
                    return;
            }
        }
    }

    private async Task<(WatchEnd End, bool SawEvents)> WatchOnceAsync(CancellationToken cancellationToken)
    {
        var timeout = ShortestWatch + ((LongestWatch - ShortestWatch) * random());

        // Before the request: a proxy may hold the headers back until the first event.
        var started = time.GetTimestamp();
        var events = 0;
        try
        {
            await foreach (var e in source.Watch(_version, timeout, cancellationToken))
            {
                events++;
                _expiredBefore = false;
                progress.Made();
                Take(e);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (KubeApiException e) when (e.IsTooManyRequests)
        {
            LogWatchLater(Name, e.Message);
            return (WatchEnd.Later, events > 0);
        }
        catch (KubeApiException e) when (e.IsGone || e.IsResourceVersionTooLarge)
        {
            LogVersionUnavailable(Name, _version, e.Message);
            return (WatchEnd.Expired, events > 0);
        }
        catch (Exception e) when (e is KubeConnectionException or TimeoutException or OperationCanceledException or IOException)
        {
            // A stream that worked and broke off says nothing about the next one; a request that never got through does.
            LogWatchLater(Name, e.Message);
            var worked = time.GetElapsedTime(started) >= VeryShort && (events > 0 || e is KubeConnectionException { Failure: ConnectionFailure.Reset });
            return (worked ? WatchEnd.Clean : WatchEnd.Later, events > 0);
        }
        catch (Exception e) when (e is not CacheMutatedException)
        {
            LogFailed(Name, e.Message, e.IsNoBug ? null : e);
            return (WatchEnd.Failed, events > 0);
        }

        var length = time.GetElapsedTime(started);
        if (events == 0 && length < VeryShort)
        {
            LogVeryShort(Name);
            return (WatchEnd.Failed, false);
        }

        // Ended later than the server was to end it, it was our own deadline: no sign of life.
        if (length < timeout + ServerDelay) progress.Made();
        LogWatchEnded(Name, events);
        return (WatchEnd.Clean, events > 0);
    }

    private void Take(WatchEvent<T> e)
    {
        switch (e.Type)
        {
            case WatchEventType.Added or WatchEventType.Modified:
                sink.Upsert(e.Object);
                break;
            case WatchEventType.Deleted:
                sink.Remove(e.Object);
                break;
            case WatchEventType.Bookmark:
                sink.Store.Bookmark(e.Object.Metadata.ResourceVersion);
                break;
        }

        if (e.Object.Metadata.ResourceVersion is { Length: > 0 } version) _version = version;
    }

    [LoggerMessage(LogLevel.Debug, "Listed {Count} {Resource} at version {Version}")]
    private partial void LogListed(string resource, int count, string version);

    [LoggerMessage(LogLevel.Debug, "The watch of {Resource} ended after {Count} events; resuming it")]
    private partial void LogWatchEnded(string resource, int count);

    [LoggerMessage(LogLevel.Information, "Version {Version} of {Resource} is no longer available; listing again: {Error}")]
    private partial void LogVersionUnavailable(string resource, string version, string error);

    [LoggerMessage(LogLevel.Information, "The watch of {Resource} was interrupted and resumes from the same version: {Error}")]
    private partial void LogWatchLater(string resource, string error);

    [LoggerMessage(LogLevel.Warning, "The watch of {Resource} ended within a second and without an event; listing again after a pause. "
        + "Check whether something between the operator and the API server closes connections")]
    private partial void LogVeryShort(string resource);

    [LoggerMessage(LogLevel.Warning, "Failed to list or watch {Resource}; retrying after a pause: {Error}. The cache may be outdated until then.")]
    private partial void LogFailed(string resource, string error, Exception? e);
}
