namespace BreakGlass.Operator.Journal;

/// <summary>
/// Grants that wait for their transitions to be in the journal. All that wait when a round begins share its batch. While the journal is known to be away,
/// none of them waits: the answer is why. Thread-safe.
/// </summary>
/// <param name="wake">Has the next round begin now.</param>
/// <param name="time">Clock.</param>
internal sealed class JournalRequests(Action wake, TimeProvider time)
{
    /// <summary>The longest that one request waits. A storage that needs more is as good as away.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private List<Request> _waiting = [];
    private string? _problem;
    private bool _isClosed;

    /// <summary>Why the journal cannot be written; null while it can be, as far as is known.</summary>
    public string? Problem
    {
        get
        {
            lock (_gate) return _problem;
        }
    }

    /// <summary>Whether somebody waits.</summary>
    public bool IsAnyWaiting
    {
        get
        {
            lock (_gate) return _waiting.Count > 0;
        }
    }

    /// <summary>Waits until all transitions of the grant are in the journal; else answers why they are not.</summary>
    /// <returns>Null once they are covered by a checkpoint.</returns>
    public async Task<string?> WaitAsync(BreakGlassGrant grant, CancellationToken cancellationToken)
    {
        var request = new Request(grant);
        lock (_gate)
        {
            if (_problem is not null) return _problem;
            if (_isClosed) throw new OperationCanceledException("The operator stops.");
            _waiting.Add(request);
        }

        wake();
        try
        {
            return await request.Answer.Task.WaitAsync(Patience, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            lock (_gate) return _problem ??= $"the storage of the journal does not answer within {Patience.TotalSeconds:0} s";
        }
    }

    /// <summary>Those who wait now.</summary>
    public IReadOnlyList<Request> Take()
    {
        lock (_gate)
        {
            var taken = _waiting;
            _waiting = [];
            return taken;
        }
    }

    /// <summary>Has requests wait for the next round.</summary>
    public void Return(IReadOnlyList<Request> requests)
    {
        lock (_gate) _waiting = [.. requests, .. _waiting];
    }

    /// <summary>The journal can be written.</summary>
    public void Works()
    {
        lock (_gate) _problem = null;
    }

    /// <summary>The journal cannot be written: nobody waits for it.</summary>
    public void Fails(string why)
    {
        lock (_gate) _problem = why;
        foreach (var request in Take()) request.Answer.TrySetResult(why);
    }

    /// <summary>Nothing is written any more, because the term is over: who waits is cancelled.</summary>
    public void Close()
    {
        lock (_gate) _isClosed = true;
        foreach (var request in Take()) request.Answer.TrySetCanceled();
    }

    /// <summary>A grant whose transitions are to be in the journal.</summary>
    /// <param name="Grant">The grant, as the API server has it.</param>
    internal sealed record Request(BreakGlassGrant Grant)
    {
        /// <summary>Null once they are; else why not.</summary>
        public TaskCompletionSource<string?> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
