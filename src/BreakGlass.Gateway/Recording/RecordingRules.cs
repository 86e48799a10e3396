using BreakGlass.Core.Rules;
using BreakGlass.Gateway.Admission;
using BreakGlass.Gateway.Streams;

namespace BreakGlass.Gateway.Recording;

/// <summary>What the gateway does not forward for a grant whose streams are recorded, because it could not record it.</summary>
internal static class RecordingRules
{
    public const string ClientUsesSpdy = "the policy records exec and attach, which needs WebSocket, and the client uses SPDY. Use kubectl 1.31 or later; "
        + "with kubectl 1.29 or 1.30, set KUBECTL_REMOTE_COMMAND_WEBSOCKETS=true";

    public const string ServerLacksWebSocket = "the policy records exec and attach, which needs WebSocket, and the API server does not support the WebSocket "
        + "protocol of kubectl. It needs Kubernetes 1.30 or later on the API server; until then, use a policy that does not record streams";

    public const string OtherProtocol = "the policy records exec and attach, and the gateway cannot record the WebSocket subprotocol of the stream. "
        + "Use kubectl, or the subprotocol v5.channel.k8s.io or v4.channel.k8s.io";

    public const string OtherParameters = "the policy records exec and attach, and the request has a parameter that the gateway does not know or cannot "
        + "decode, so that the recording could name another command. Use kubectl";

    public const string NodeProxy =
        "the policy records exec and attach, and the gateway cannot record commands that are sent through nodes/proxy. Use kubectl exec";

    /// <summary>Why a request is not forwarded; null if it is.</summary>
    /// <param name="path">The path, decoded.</param>
    /// <param name="stream">The exec or attach; null for everything else.</param>
    /// <param name="upgrade">The protocol that it asks for; null for none.</param>
    /// <param name="offered">The WebSocket subprotocols that it offers.</param>
    public static Refusal? Problem(string? path, PodStream? stream, string? upgrade, IReadOnlyList<string> offered)
    {
        // The kubelet's own way to run commands in a container.
        if (PodStream.Segments(path) is ["api", "v1", "nodes", _, "proxy", "exec" or "attach" or "run" or "cri", ..]) return Refuse(NodeProxy);
        if (stream is null) return null;
        if (!stream.IsUnambiguous) return Refuse(OtherParameters);
        if (upgrade == Upgrades.Spdy) return Refuse(ClientUsesSpdy);
        return upgrade == Upgrades.WebSocket && offered.Count > 0 && !offered.Any(ChannelMessage.IsRead) ? Refuse(OtherProtocol) : null;
    }

    /// <summary>Whether the policy ends what cannot be recorded.</summary>
    public static bool MustBeRecorded(BreakGlassGrant grant) =>
        GatewayRules.ShowsUse(grant.Status) && grant.Status.Recording is { OnFailure: RecordingFailureHandling.End };

    /// <summary>Why something does not go on that cannot be recorded, though the policy requires it.</summary>
    public static Refusal NotRecorded() =>
        new(RefusalReasons.NotRecorded, StatusCodes.Status503ServiceUnavailable, GatewaySentences.NotRecorded) { RetryAfter = 5 };

    /// <summary>A refusal with one of the sentences.</summary>
    public static Refusal Refuse(string sentence) => new(RefusalReasons.Upgrade, StatusCodes.Status400BadRequest, sentence);
}
