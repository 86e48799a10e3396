using System.Net.Http.Headers;

namespace BreakGlass.Operator.Outbound;

/// <summary>The HTTP client of deliveries.</summary>
internal static class OutboundHttp
{
    private const int MostOfAnswer = 64 * 1024;

    /// <summary>
    /// A client that follows no redirection and keeps no cookies. It has no time-out of its own: <see cref="DeliveryRetry"/> limits each try.
    /// </summary>
    public static HttpClient Create() => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        ActivityHeadersPropagator = null,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5), // so that a destination that moves is found
    }) { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>A POST of bytes, as all deliveries are.</summary>
    public static HttpRequestMessage Post(string url, byte[] body, string mediaType)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(url)) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("breakglass-operator", ThisVersion.Text.Split('+')[0]));
        return request;
    }

    /// <summary>Sends a request, and gives what was answered.</summary>
    /// <param name="http">The client.</param>
    /// <param name="request">The request.</param>
    /// <param name="time">Clock.</param>
    /// <param name="cancellationToken">Ends the try.</param>
    /// <param name="problem">Reads the body of an answer that is good, and gives why nevertheless not all was taken; null if all was.</param>
    public static async ValueTask<DeliveryAnswer> SendAsync(
        HttpClient http, HttpRequestMessage request, TimeProvider time, CancellationToken cancellationToken,
        Func<ReadOnlyMemory<byte>, string?>? problem = null)
    {
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        var answer = DeliveryAnswer.Of(response.StatusCode, Wait(response.Headers.RetryAfter, time));
        if (problem is null || !answer.IsGood) return answer;
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        var bytes = new byte[MostOfAnswer];
        var length = await body.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
        return problem(bytes.AsMemory(0, length)) is { } what ? DeliveryAnswer.Refused(what) : answer;
    }

    private static TimeSpan? Wait(RetryConditionHeaderValue? asked, TimeProvider time)
    {
        var wait = asked?.Delta ?? asked?.Date - time.GetUtcNow();
        return wait > TimeSpan.Zero ? wait : null;
    }
}
