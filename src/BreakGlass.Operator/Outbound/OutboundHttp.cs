namespace BreakGlass.Operator.Outbound;

/// <summary>The HTTP client of deliveries.</summary>
internal static class OutboundHttp
{
    /// <summary>
    /// A client that follows no redirection and keeps no cookies. It has no time-out of its own: <see cref="DeliveryRetry"/> limits each try.
    /// </summary>
    public static HttpClient Create() => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        ActivityHeadersPropagator = null,
        ConnectTimeout = DeliveryRetry.AnswerWithin,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5), // so that a destination that moves is found
    }) { Timeout = Timeout.InfiniteTimeSpan };
}
