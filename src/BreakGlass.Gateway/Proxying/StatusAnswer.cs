using BreakGlass.Gateway.Admission;

namespace BreakGlass.Gateway.Proxying;

/// <summary>Answers of the gateway's own, as the Status objects that clients of Kubernetes read.</summary>
internal static class StatusAnswer
{
    /// <summary>The Status (meta/v1) as JSON.</summary>
    public static byte[] Json(Refusal refusal)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer)) Write(json, refusal);
        return buffer.ToArray();
    }

    /// <summary>The last line of a watch: an event that clients report as an error.</summary>
    public static byte[] WatchError(Refusal refusal)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("type", "ERROR");
            json.WritePropertyName("object");
            Write(json, refusal);
            json.WriteEndObject();
        }

        buffer.WriteByte((byte)'\n');
        return buffer.ToArray();
    }

    /// <summary>Sends it. Nothing of an answer has been sent before.</summary>
    public static async Task SendAsync(HttpContext context, Refusal refusal, CancellationToken cancellationToken)
    {
        var body = Json(refusal);
        context.Response.Clear();
        context.Response.StatusCode = refusal.Code;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.Length;
        if (refusal.RetryAfter is { } seconds) context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        if (!HttpMethods.IsHead(context.Request.Method)) await context.Response.Body.WriteAsync(body, cancellationToken);
    }

    private static void Write(Utf8JsonWriter json, Refusal refusal)
    {
        json.WriteStartObject();
        json.WriteString("kind", "Status");
        json.WriteString("apiVersion", "v1");
        json.WriteStartObject("metadata");
        json.WriteEndObject();
        json.WriteString("status", "Failure");
        json.WriteString("message", refusal.Message);
        json.WriteString("reason", refusal.Code switch
        {
            StatusCodes.Status400BadRequest => "BadRequest",
            StatusCodes.Status401Unauthorized => "Unauthorized",
            StatusCodes.Status403Forbidden => "Forbidden",
            StatusCodes.Status429TooManyRequests => "TooManyRequests",
            StatusCodes.Status503ServiceUnavailable => "ServiceUnavailable",
            _ => "InternalError",
        });
        if (refusal.RetryAfter is { } seconds)
        {
            json.WriteStartObject("details");
            json.WriteNumber("retryAfterSeconds", seconds);
            json.WriteEndObject();
        }

        json.WriteNumber("code", refusal.Code);
        json.WriteEndObject();
    }
}
