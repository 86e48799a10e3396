using System.Net;

namespace BreakGlass.Operator.Outbound;

/// <summary>What a destination answered to one try.</summary>
/// <param name="Code">The HTTP status code.</param>
/// <param name="RetryAfter">How long the destination asks not to be tried; null if it does not.</param>
internal sealed record DeliveryAnswer(HttpStatusCode Code, TimeSpan? RetryAfter)
{
    /// <summary>The destination took it.</summary>
    public bool IsGood => (int)Code is >= 200 and < 300;

    /// <summary>The destination may take it later. A redirection is not followed: it would carry secrets to a place that nobody configured.</summary>
    public bool IsForLater => Code is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests || (int)Code >= 500;
}
