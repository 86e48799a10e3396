namespace Kube.Runtime;

/// <summary>What webhooks log.</summary>
internal static partial class WebhookLog
{
    [LoggerMessage(LogLevel.Error, "The webhook {Path} could not decide on request {Uid}; it was refused")]
    public static partial void HandlerFailed(this ILogger logger, string path, string uid, Exception error);

    [LoggerMessage(LogLevel.Information, "The caller of webhook {Path} disconnected before the answer")]
    public static partial void CallerWentAway(this ILogger logger, string path);

    [LoggerMessage(LogLevel.Information, "Webhooks are served on port {Port}")]
    public static partial void Serving(this ILogger logger, int port);

    [LoggerMessage(LogLevel.Warning, "The webhook {Path} had no memory left for a request of {Bytes} bytes and refused it with 429")]
    public static partial void NoRoom(this ILogger logger, string path, long bytes);
}
