namespace Kube.Client;

/// <summary>There was no (usable) answer from the API server.</summary>
/// <param name="message">What happened, why, what to do.</param>
/// <param name="failure">The kind of failure.</param>
/// <param name="mayHaveHappened">Whether a write may have been done though its answer is lost.</param>
/// <param name="inner">The cause.</param>
public sealed class KubeConnectionException(string message, ConnectionFailure failure, bool mayHaveHappened, Exception? inner = null)
    : Exception(message, inner)
{
    /// <summary>The kind of failure.</summary>
    public ConnectionFailure Failure => failure;

    /// <summary>
    /// True for a write that was sent and whose answer was lost: it may have been done. Such a write is never sent again by the
    /// client; the caller reads what is there and decides. Always false for reads.
    /// </summary>
    public bool MayHaveHappened => mayHaveHappened;
}
