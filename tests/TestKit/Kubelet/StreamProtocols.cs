namespace TestKit.Kubelet;

/// <summary>The versions of the protocols for exec and attach, the best first.</summary>
internal static class StreamProtocols
{
    /// <summary>Over SPDY.</summary>
    public static readonly IReadOnlyList<string> SpdyCommands = ["v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io"];

    /// <summary>Over WebSocket. Kubelets do not serve v5, which API servers since 1.30 translate to SPDY; those that send Base64 are not needed.</summary>
    public static readonly IReadOnlyList<string> WebSocketCommands = ["v4.channel.k8s.io", "channel.k8s.io"];

    /// <summary>Over WebSocket, with the version of the newest clients.</summary>
    public static readonly IReadOnlyList<string> WebSocketCommandsWithV5 = ["v5.channel.k8s.io", .. WebSocketCommands];

    /// <summary>The first that the client offers and the server has; null if there is none.</summary>
    public static string? Choose(IEnumerable<string> offered, IReadOnlyCollection<string> served) => offered.FirstOrDefault(served.Contains);

    /// <summary>The number of a version; 1 has none in its name.</summary>
    public static int Version(string? protocol) => protocol is ['v', var digit, '.', ..] ? digit - '0' : 1;
}
