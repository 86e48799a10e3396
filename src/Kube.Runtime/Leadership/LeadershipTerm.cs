namespace Kube.Runtime;

/// <summary>One stretch of leading, from taking the lease to giving it back or losing it.</summary>
public sealed class LeadershipTerm : IDisposable
{
    private readonly CancellationTokenSource _lost = new();
    private readonly CancellationTokenSource _stopping;
    private readonly Func<bool> _isLeaseOurs;

    internal LeadershipTerm(Func<bool> isLeaseOurs, CancellationToken stopping)
    {
        _isLeaseOurs = isLeaseOurs;
        Lost = _lost.Token;
        _stopping = CancellationTokenSource.CreateLinkedTokenSource(stopping, Lost);
        Stopping = _stopping.Token;
    }

    /// <summary>Cancelled when the term is to end: begin nothing more. Work in progress may finish, unless <see cref="Lost"/> is cancelled too.</summary>
    public CancellationToken Stopping { get; }

    /// <summary>Cancelled when the lease is lost: give up work in progress at once, because another process may lead by now.</summary>
    public CancellationToken Lost { get; }

    /// <summary>
    /// Whether what belongs to this term may still be written. False for good once the lease is lost, and also before the loss was noticed, as in a
    /// process that was frozen: as soon as the lease may have run out by the monotonic clock.
    /// </summary>
    public bool IsHeld => !Lost.IsCancellationRequested && _isLeaseOurs();

    /// <summary>The one term of a process that has no rivals.</summary>
    public static LeadershipTerm WithoutRivals(CancellationToken stopping) => new(() => true, stopping);

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping.Dispose();
        _lost.Dispose();
    }

    /// <summary>Ends it. Does not wait for what is registered on the tokens.</summary>
    internal void Lose() => _ = _lost.CancelAsync();
}
