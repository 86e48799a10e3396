namespace BreakGlass.Operator.Execution;

/// <summary>
/// Takes one object away by every way there is: it is deleted by its UID, finalizers that others put on it are taken off, and a binding whose deletion is
/// refused, or not answered in time, loses its subjects, which ends its access as well. No call that hangs holds up the caller for long: it goes on in the
/// background, and the next try for the same object asks for its outcome first.
/// </summary>
internal sealed class ObjectRemover : IDisposable
{
    /// <summary>How long the caller waits for one call.</summary>
    public static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(1);

    /// <summary>... while calls have been seen to hang: a thousand grants that end then must not wait a second each.</summary>
    public static readonly TimeSpan ShortCallTimeout = TimeSpan.FromMilliseconds(250);

    /// <summary>For how long a call that hung is remembered.</summary>
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(30);

    /// <summary>Longer than an admission webhook may take, so that the API server's answer names the one that hangs.</summary>
    private static readonly TimeSpan LongestCall = TimeSpan.FromSeconds(35);

    /// <summary>Calls that hang take seats from others in the API server.</summary>
    private const int MostInBackground = 64;

    private readonly ConcurrentDictionary<string, Task<Answer>> _background = new();

    /// <summary>What was answered last for an object that is still there: while the next call hangs, that is who refuses.</summary>
    private readonly ConcurrentDictionary<string, Exception> _refusals = new();
    private readonly KubeClient _client;
    private readonly TimeProvider _time;
    private readonly TimeSpan _callTimeout;
    private long _hungAt = long.MinValue;

    /// <param name="client">With the rights to delete and to patch.</param>
    /// <param name="time">Clock.</param>
    /// <param name="callTimeout">How long to wait for one call, for a caller that does not come again soon; <see cref="CallTimeout"/> where null.</param>
    public ObjectRemover(KubeClient client, TimeProvider time, TimeSpan? callTimeout = null) =>
        (_client, _time, _callTimeout) = (client.WithDeadline(LongestCall), time, callTimeout ?? CallTimeout);

    /// <summary>Removes an object.</summary>
    public async Task<RemovalOutcome> RemoveAsync(IKubernetesObject<V1ObjectMeta> o, CancellationToken cancellationToken)
    {
        var held = o.FinalizersOrEmpty.Count > 0 || o.Metadata.DeletionTimestamp is not null;
        var delete = WaitAsync($"delete/{o.Metadata.Uid}", ct => DeleteAsync(o, ct), cancellationToken);
        var loosen = held ? WaitAsync($"loosen/{o.Metadata.Uid}", ct => LoosenAsync(o, ct), cancellationToken) : null;
        var deleted = await delete;
        var loosened = loosen is null ? null : await loosen;
        if (deleted.Outcome is Outcome.Gone or Outcome.Replaced)
            return new(deleted.Outcome is Outcome.Gone ? RemovalResult.Gone : RemovalResult.Replaced, o, null);

        // A finalizer that was not known, or a call that does not come back.
        if (loosened is null && (deleted.Outcome is Outcome.Held || (OwnedKinds.IsBinding(o) && !Obstruction.IsEmptied(o))))
        {
            loosened = await WaitAsync($"loosen/{o.Metadata.Uid}", ct => LoosenAsync(deleted.Object ?? o, ct), cancellationToken);
        }

        if (loosened is { Outcome: Outcome.Gone } || (deleted.Outcome is Outcome.Held && loosened is { Outcome: Outcome.Done }))
            return new(RemovalResult.Gone, o, null);
        return new(RemovalResult.Obstructed, loosened?.Object ?? o, deleted.Outcome is Outcome.Held ? loosened?.Error : deleted.Error);
    }

    public void Dispose() => _client.Dispose();

    private async Task<Answer> DeleteAsync(IKubernetesObject<V1ObjectMeta> o, CancellationToken cancellationToken)
    {
        try
        {
            return await _client.DeleteOrHoldAsync(o, cancellationToken) ? new(Outcome.Gone) : new(Outcome.Held);
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            return new(Outcome.Gone);
        }
        catch (KubeApiException e) when (e.IsConflict)
        {
            return new(Outcome.Replaced);
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException)
        {
            return new(Outcome.Failed, Error: e);
        }
    }

    /// <summary>Takes off finalizers and subjects in one patch; the finalizers alone, which needs no right to the role, where both are refused.</summary>
    private async Task<Answer> LoosenAsync(IKubernetesObject<V1ObjectMeta> o, CancellationToken cancellationToken)
    {
        if (!OwnedKinds.IsBinding(o)) return await PatchAsync(o, RepairPatch.Release(o), cancellationToken);
        var emptied = await PatchAsync(o, RepairPatch.Empty(o), cancellationToken);
        var held = o.FinalizersOrEmpty.Count > 0 || o.Metadata.DeletionTimestamp is not null;
        return held && emptied.Outcome is Outcome.Failed ? await PatchAsync(o, RepairPatch.Release(o), cancellationToken) : emptied;
    }

    private async Task<Answer> PatchAsync(IKubernetesObject<V1ObjectMeta> o, JsonObject patch, CancellationToken cancellationToken)
    {
        try
        {
            return new(Outcome.Done, await _client.PatchAsync(o, patch, cancellationToken));
        }
        catch (KubeApiException e) when (e.IsNotFound && e.Status.Details?.Kind is not ("roles" or "clusterroles"))
        {
            // A role that is not found is another matter: who changes a binding must hold what it gives.
            return new(Outcome.Gone);
        }
        catch (KubeApiException e) when (e.IsConflict)
        {
            return await IsThereAsync(o, cancellationToken) ? new(Outcome.Failed, Error: e) : new(Outcome.Gone);
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException)
        {
            return new(Outcome.Failed, Error: e);
        }
    }

    /// <summary>A conflict is another UID in the object's place, or somebody writes the object again and again.</summary>
    private async Task<bool> IsThereAsync(IKubernetesObject<V1ObjectMeta> o, CancellationToken cancellationToken)
    {
        try
        {
            return await _client.TryGetAsync(o, cancellationToken) is { } there && there.Metadata.Uid == o.Metadata.Uid;
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException)
        {
            return true;
        }
    }

    /// <summary>Waits for a call as long as patience lasts, and for one that was begun before and is still under way rather than for a second one.</summary>
    private async Task<Answer> WaitAsync(string key, Func<CancellationToken, Task<Answer>> call, CancellationToken cancellationToken)
    {
        var begun = _background.TryGetValue(key, out var before);

        // Not disposed of: a call that is left to itself still holds its token.
        var own = begun ? null : new CancellationTokenSource();
        var running = before ?? call(own!.Token);
        try
        {
            var answer = await running.WaitAsync(IsHanging && _callTimeout == CallTimeout ? ShortCallTimeout : _callTimeout, _time, cancellationToken);
            if (begun) _background.TryRemove(key, out _);
            if (answer.Error is { } refusal) _refusals[key] = refusal;
            else _refusals.TryRemove(key, out _);
            return answer;
        }
        catch (TimeoutException)
        {
            Interlocked.Exchange(ref _hungAt, _time.GetTimestamp());
            if (!begun) await LeaveAsync(key, running, own!);
            var error = _refusals.GetValueOrDefault(key) ?? new KubeConnectionException(
                "no answer in time", ConnectionFailure.TimedOut, mayHaveHappened: true);
            return new(Outcome.Failed, Error: error);
        }
        catch (OperationCanceledException) when (!begun)
        {
            await own!.CancelAsync();
            throw;
        }
    }

    private bool IsHanging => Interlocked.Read(ref _hungAt) is var at && at != long.MinValue && _time.GetElapsedTime(at) < Memory;

    private async Task LeaveAsync(string key, Task<Answer> running, CancellationTokenSource own)
    {
        if (_background.Count >= MostInBackground)
        {
            // These calls have ended, and no run asks for their answers any more: the object was removed in another way.
            foreach (var over in _background.Where(c => c.Value.IsCompleted)) _background.TryRemove(over);
        }

        if (_background.Count < MostInBackground) _background[key] = running;
        else await own.CancelAsync();
    }

    /// <summary>What came of one call.</summary>
    private enum Outcome
    {
        /// <summary>The object is not there any more.</summary>
        Gone,

        /// <summary>Another object is in its place.</summary>
        Replaced,

        /// <summary>It is being deleted, and a finalizer holds it.</summary>
        Held,

        /// <summary>The patch was carried out.</summary>
        Done,

        /// <summary>Refused, or no answer.</summary>
        Failed,
    }

    private sealed record Answer(Outcome Outcome, IKubernetesObject<V1ObjectMeta>? Object = null, Exception? Error = null);
}
