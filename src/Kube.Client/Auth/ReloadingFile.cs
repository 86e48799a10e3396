namespace Kube.Client;

/// <summary>
/// Something read from files that others replace: read again once it is older than its period, and the last good reading stays when
/// the new one fails. Polling on use, not watching: the kubelet's symlink swap escapes file notifications (dotnet/runtime#36091).
/// </summary>
internal sealed class ReloadingFile<T>(Func<T?, T> read, TimeSpan period, TimeProvider time, Action<Exception>? onFailure)
    where T : class
{
    private readonly Lock _gate = new();
    private T? _value;
    private long _readAt;

    /// <summary>The reading; the first one throws what reading throws.</summary>
    public T Get()
    {
        lock (_gate)
        {
            if (_value is null) return First();
            return time.GetElapsedTime(_readAt) < period ? _value : Again();
        }
    }

    /// <summary>A reading of this moment, for when the one in use was refused.</summary>
    public T Reread()
    {
        lock (_gate)
        {
            return _value is null ? First() : Again();
        }
    }

    private T First()
    {
        _value = read(null);
        _readAt = time.GetTimestamp();
        return _value;
    }

    private T Again()
    {
        _readAt = time.GetTimestamp();
        try
        {
            _value = read(_value);
        }
        catch (Exception e) when (e is KubeConfigException or IOException or UnauthorizedAccessException)
        {
            onFailure?.Invoke(e);
        }

        return _value!;
    }
}
