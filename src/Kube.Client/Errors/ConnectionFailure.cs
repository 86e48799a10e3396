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
