namespace Kube.Runtime;

/// <summary>What goes back over HTTP.</summary>
/// <param name="HttpCode">The status code; 200 for every review that could be read, refused or not.</param>
/// <param name="ContentType">The media type of the body.</param>
/// <param name="Body">The body.</param>
/// <param name="Response">The answer in it; null if the request was not a review.</param>
public sealed record WebhookReply(int HttpCode, string ContentType, ReadOnlyMemory<byte> Body, AdmissionResponse? Response)
{
    internal static WebhookReply Of(string uid, AdmissionAnswer answer)
    {
        var response = answer.For(uid);
        return new(200, "application/json", JsonSerializer.SerializeToUtf8Bytes(AdmissionReview.Of(response), AdmissionReview.Json), response);
    }

    internal static WebhookReply Refuse(int code, string sentence) => new(code, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(sentence + "\n"), null);
}
