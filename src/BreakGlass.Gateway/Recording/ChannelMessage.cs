using System.Buffers.Text;

namespace BreakGlass.Gateway.Recording;

/// <summary>The messages of exec and attach over WebSocket: a channel, and what is on it.</summary>
internal static class ChannelMessage
{
    public const byte Input = 0;
    public const byte Output = 1;
    public const byte ErrorOutput = 2;
    public const byte Error = 3;
    public const byte Size = 4;

    /// <summary>Whether the gateway reads a subprotocol. Servers take a client that names none for one that speaks the first version.</summary>
    public static bool IsRead(string? protocol) => string.IsNullOrEmpty(protocol) || HasStatus(protocol) || protocol is "channel.k8s.io" || IsBase64(protocol);

    /// <summary>Whether the error channel carries a Status at the end; in the first version it carries text.</summary>
    public static bool HasStatus(string? protocol) => protocol is "v5.channel.k8s.io" or "v4.channel.k8s.io" or "v4.base64.channel.k8s.io";

    /// <summary>Whether messages are Base64.</summary>
    public static bool IsBase64(string? protocol) => protocol is "v4.base64.channel.k8s.io" or "base64.channel.k8s.io";

    /// <summary>The channel of a message; null if it is empty.</summary>
    public static byte? ChannelOf(ReadOnlySpan<byte> message, bool isBase64) =>
        message.IsEmpty ? null : isBase64 ? (byte)(message[0] - '0') : message[0];

    /// <summary>What is on the channel. What is not Base64 though it should be is taken as it is.</summary>
    public static byte[] DataOf(ReadOnlySpan<byte> message, bool isBase64)
    {
        var data = message[1..];
        if (!isBase64) return data.ToArray();
        var decoded = new byte[Base64.GetMaxDecodedFromUtf8Length(data.Length)];
        return Base64.DecodeFromUtf8(data, decoded, out _, out var length) is OperationStatus.Done ? decoded[..length] : data.ToArray();
    }
}
