namespace Kube.Client;

/// <summary>Turns an answer that is no success into the typed exception.</summary>
internal static class AnswerReader
{
    /// <summary>A Status is small; a proxy's error page need not be.</summary>
    private const int MostBytes = 256 * 1024;
    private const int MostTextInMessage = 200;

    public static async Task<KubeApiException> ReadErrorAsync(
        HttpResponseMessage response, string request, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var body = await ReadAsync(response, cancellationToken);
        return new KubeApiException(ToStatus(response, body), response.StatusCode, RetryAfter(response, now), request);
    }

    private static TimeSpan? RetryAfter(HttpResponseMessage response, DateTimeOffset now)
    {
        var header = response.Headers.RetryAfter;
        if (header?.Delta is { } delta) return delta;
        if (header?.Date is not { } date) return null;
        // Both ends of the interval by the server's clock where it says the time: ours may be off.
        var wait = date - (response.Headers.Date ?? now);
        return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
    }

    private static async Task<byte[]> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            await using (stream)
            {
                var buffer = new byte[4096];
                var length = 0;
                while (length < MostBytes)
                {
                    if (length == buffer.Length) Array.Resize(ref buffer, buffer.Length * 2);
                    var read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken);
                    if (read == 0) break;
                    length += read;
                }

                return buffer[..length];
            }
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            return []; // the code is known, and the code is the answer
        }
    }

    private static Status ToStatus(HttpResponseMessage response, byte[] body)
    {
        var code = (int)response.StatusCode;
        var status = IsJson(response) ? Parse(body) : null;
        if (status is { Reason.Length: > 0 } or { Message.Length: > 0 }) return status with { Code = status.Code == 0 ? code : status.Code };
        var text = response.Content.Headers.ContentType?.MediaType == "text/plain" ? Encoding.UTF8.GetString(body).Trim() : "";
        if (text.Length > MostTextInMessage) text = text[..MostTextInMessage] + "…";
        var type = response.Content.Headers.ContentType?.MediaType ?? "no content type";
        if (text.Length == 0) text = $"the answer is not a Kubernetes Status ({type}); is this the API server?";
        return new Status { Result = "Failure", Code = code, Message = text };
    }

    /// <summary>Whether it may be the API server's own words.</summary>
    public static bool IsJson(HttpResponseMessage response) =>
        response.Content.Headers.ContentType?.MediaType is null or "application/json";

    /// <summary>The exception for an ERROR event of a watch.</summary>
    public static KubeApiException FromWatchError(ReadOnlySpan<byte> status, string request)
    {
        const string NoStatus = "the watch ended with an error that is not a Status";
        var read = Parse(status) ?? new() { Result = "Failure", Code = (int)HttpStatusCode.InternalServerError, Message = NoStatus };
        return new KubeApiException(read, request: request);
    }

    /// <summary>The Status in a body; null if it is not JSON of one.</summary>
    private static Status? Parse(ReadOnlySpan<byte> body)
    {
        try
        {
            return JsonSerializer.Deserialize(body, Status.Json);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
