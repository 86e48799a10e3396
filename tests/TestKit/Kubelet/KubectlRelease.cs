namespace TestKit.Kubelet;

/// <summary>The releases of kubectl that tests use, see <c>hack/ensure-kubectl.sh</c>.</summary>
public enum KubectlRelease
{
    /// <summary>That of Debian: 1.20.2 in Debian 12, which speaks SPDY only.</summary>
    Debian,

    /// <summary>1.35, which speaks WebSocket and falls back to SPDY.</summary>
    Current,
}
