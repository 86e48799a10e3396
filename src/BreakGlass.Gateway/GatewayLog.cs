namespace BreakGlass.Gateway;

/// <summary>What the gateway says in its log. No token, no certificate and nothing of a request is in it.</summary>
internal static partial class GatewayLog
{
    [LoggerMessage(200, LogLevel.Information, "the gateway is served on port {Port}")]
    public static partial void Serving(this ILogger logger, int port);

    [LoggerMessage(201, LogLevel.Information, "read the gateway's certificate and authorities from {Directory}, valid until {Until:u}")]
    public static partial void CertificatesRead(this ILogger logger, string directory, DateTime until);

    [LoggerMessage(202, LogLevel.Warning, "failed to read the gateway's certificate and authorities from {Directory}; continuing with the current ones, "
        + "retrying in 10 s: {Why}")]
    public static partial void CertificatesUnread(this ILogger logger, string directory, string why);

    [LoggerMessage(203, LogLevel.Information, "closed {Count} requests and streams of grant {Grant}: {Why}")]
    public static partial void GrantCut(this ILogger logger, string grant, int count, string why);

    [LoggerMessage(204, LogLevel.Warning, "the API server has not answered for more than {Seconds} s; admitting nothing new until it does")]
    public static partial void Stale(this ILogger logger, double seconds);

    [LoggerMessage(205, LogLevel.Information, "the API server answers again; admitting requests")]
    public static partial void FreshAgain(this ILogger logger);

    [LoggerMessage(206, LogLevel.Warning, "failed to read grant {Grant}: {Why}")]
    public static partial void GrantNotRead(this ILogger logger, string grant, string why);

    [LoggerMessage(207, LogLevel.Debug, "failed to read the grants: {Why}")]
    public static partial void NotHeard(this ILogger logger, string why);

    [LoggerMessage(208, LogLevel.Warning, "the API server did not issue a token for grant {Grant}: {Why}")]
    public static partial void TokenNotIssued(this ILogger logger, string grant, string why);

    [LoggerMessage(209, LogLevel.Warning, "the API server did not accept the token of grant {Grant}; minting another one")]
    public static partial void TokenRefused(this ILogger logger, string grant);

    [LoggerMessage(210, LogLevel.Debug, "a request ended early ({Error})")]
    public static partial void RequestEnded(this ILogger logger, string error);

    [LoggerMessage(211, LogLevel.Error, "unexpected error (a bug) in a request")]
    public static partial void RequestFailed(this ILogger logger, Exception error);
}
