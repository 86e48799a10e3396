using System.Net;

namespace BreakGlass.Operator.Outbound;

/// <summary>What a destination answered to one try.</summary>
/// <param name="IsGood">The destination took it.</param>
/// <param name="IsForLater">The destination did not take it, and may take it later.</param>
/// <param name="What">What it answered, for logs: a code, never a text of the destination.</param>
/// <param name="RetryAfter">How long the destination asks not to be tried; null if it does not.</param>
internal sealed record DeliveryAnswer(bool IsGood, bool IsForLater, string What, TimeSpan? RetryAfter = null)
{
    /// <summary>A destination without codes took it.</summary>
    public static DeliveryAnswer Taken { get; } = new(true, false, "taken");

    /// <summary>The destination will not take it.</summary>
    public static DeliveryAnswer Refused(string what) => new(false, false, what);

    /// <summary>An HTTP status. A redirection is a refusal: to follow it would carry secrets to a place that is not configured.</summary>
    public static DeliveryAnswer Of(HttpStatusCode code, TimeSpan? retryAfter) => new(
        (int)code is >= 200 and < 300,
        code is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests || (int)code >= 500,
        $"HTTP status {(int)code}",
        retryAfter);
}
