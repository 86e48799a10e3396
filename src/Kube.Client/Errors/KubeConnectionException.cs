namespace Kube.Client;

/// <summary>Why there was no answer.</summary>
public enum ConnectionFailure
{
    /// <summary>Nothing listens there, or nothing reaches it. Nothing was sent.</summary>
    Refused,

    /// <summary>The host name has no address. Nothing was sent.</summary>
    NameResolution,

    /// <summary>No trust between the two sides: wrong authority, wrong host name, expired certificate. Nothing was sent.</summary>
    Tls,

    /// <summary>The proxy did not let the connection through. Nothing was sent.</summary>
    Proxy,

    /// <summary>The connection broke after the request was on its way.</summary>
    Reset,

    /// <summary>The deadline of the request passed.</summary>
    TimedOut,

    /// <summary>What came back is not what a Kubernetes API server says.</summary>
    BadAnswer,

    /// <summary>A write that this process may not send any more (<see cref="KubeClientOptions.MayWrite"/>). Nothing was sent.</summary>
    Withheld,
}

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
