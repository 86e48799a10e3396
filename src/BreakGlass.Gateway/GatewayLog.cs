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

    [LoggerMessage(212, LogLevel.Warning, "failed to report requests to the operator; retrying: {Why}")]
    public static partial void NotReported(this ILogger logger, string why);

    [LoggerMessage(213, LogLevel.Error, "nothing that is recorded has reached the operator for {Seconds:0} s, or some of it was lost; closing the sessions "
        + "that policies with onRecordingFailure: End allow, and keeping the rest in memory")]
    public static partial void RecordingFails(this ILogger logger, double seconds);

    [LoggerMessage(214, LogLevel.Information, "what is recorded reaches the operator again")]
    public static partial void RecordingWorks(this ILogger logger);

    [LoggerMessage(211, LogLevel.Error, "unexpected error (a bug) in a request")]
    public static partial void RequestFailed(this ILogger logger, Exception error);

    [LoggerMessage(220, LogLevel.Warning, "failed to ask the API server whether grant {Grant} still allows what is open; closing it: {Why}")]
    public static partial void RightsNotRead(this ILogger logger, string grant, string why);

    [LoggerMessage(230, LogLevel.Warning, "failed to store part {Part} of the recording {Stream} of grant {Grant}; trying again until it is stored: {Why}")]
    public static partial void RecordingNotStored(this ILogger logger, string grant, string stream, int part, string why);

    [LoggerMessage(231, LogLevel.Error, "part {Part} of the recording {Stream} of grant {Grant} cannot be stored; the stream is not recorded any "
        + "more: {Why}")]
    public static partial void RecordingRefused(this ILogger logger, string grant, string stream, int part, string why);

    [LoggerMessage(232, LogLevel.Warning, "the recording {Stream} of grant {Grant} is incomplete: more was sent than the operator stored")]
    public static partial void RecordingIncomplete(this ILogger logger, string grant, string stream);
}
