namespace Kube.Client;

/// <summary>The API server answered, and the answer is no (Kubernetes API conventions, "Response Status Kind").</summary>
/// <param name="status">The server's <c>Status</c>, or one that stands for an answer that was none.</param>
/// <param name="code">The HTTP status code; null takes the code of <paramref name="status"/>.</param>
/// <param name="retryAfter">How long the server asked to wait.</param>
/// <param name="request">What was asked, e.g. <c>GET api/v1/namespaces/x</c>, for the message.</param>
public sealed class KubeApiException(Status status, HttpStatusCode? code = null, TimeSpan? retryAfter = null, string? request = null)
    : Exception(Describe(status, code, request))
{
    /// <summary>The server's answer. Never null; where the server (or a proxy before it) sent none, it holds code and text.</summary>
    public Status Status => status;

    /// <summary>The HTTP status code.</summary>
    public HttpStatusCode Code => code ?? (HttpStatusCode)status.Code;

    /// <summary>How long the server asked to wait before the next try.</summary>
    public TimeSpan? RetryAfter =>
        retryAfter ?? (status.Details?.RetryAfterSeconds is { } seconds and > 0 ? TimeSpan.FromSeconds(seconds) : null);

    /// <summary>
    /// The API server says that there is no such object, or no such resource in the API. A bare 404 does not count: it may come from a proxy on the way, and
    /// says nothing about the object.
    /// </summary>
    public bool IsNotFound => Code == HttpStatusCode.NotFound && IsFromApiServer;

    /// <summary>An object of that name exists.</summary>
    public bool IsAlreadyExists => Code == HttpStatusCode.Conflict && Status.Reason == "AlreadyExists";

    /// <summary>The object changed meanwhile, or it is another one than the precondition names. A bare 409 does not count.</summary>
    public bool IsConflict => Code == HttpStatusCode.Conflict && IsFromApiServer && Status.Reason != "AlreadyExists";

    /// <summary>The caller lacks the permission, or an admission rule refuses.</summary>
    public bool IsForbidden => Code == HttpStatusCode.Forbidden;

    /// <summary>The credentials were not accepted.</summary>
    public bool IsUnauthorized => Code == HttpStatusCode.Unauthorized;

    /// <summary>The object breaks the schema or a validation rule.</summary>
    public bool IsInvalid => Code == HttpStatusCode.UnprocessableEntity;

    /// <summary>The resource version or continue token asked for is too old (410 <c>Expired</c> or <c>Gone</c>).</summary>
    public bool IsGone => Code == HttpStatusCode.Gone || Status.Reason is "Expired" or "Gone";

    /// <summary>
    /// The server has not seen the resource version yet (504 with the cause <c>ResourceVersionTooLarge</c>; servers before
    /// 1.18 say it in the message alone).
    /// </summary>
    public bool IsResourceVersionTooLarge => Code == HttpStatusCode.GatewayTimeout &&
        (Status.Details?.Causes.Any(cause => cause.Reason == "ResourceVersionTooLarge") is true
            || Status.Message?.Contains("Too large resource version", StringComparison.Ordinal) == true);

    /// <summary>The server asks for fewer requests.</summary>
    public bool IsTooManyRequests => Code == HttpStatusCode.TooManyRequests;

    /// <summary>The server failed (5xx).</summary>
    public bool IsServerError => (int)Code >= 500;

    /// <summary>Whether the API server itself answered, by a <c>Status</c> with a reason.</summary>
    private bool IsFromApiServer => Status.Reason is { Length: > 0 };

    private static string Describe(Status status, HttpStatusCode? code, string? request)
    {
        var number = (int?)code ?? status.Code;
        var what = string.IsNullOrEmpty(status.Message) ? "the API server gave no reason" : status.Message;
        var head = request is null ? $"{what} ({number} {status.Reason})" : $"{request}: {what} ({number} {status.Reason})";
        return number switch
        {
            401 => $"{head}. The credentials are missing, expired or revoked: renew them, or check the kubeconfig's user.",
            403 => $"{head}. To allow this, bind a role that permits it to this identity, or check which admission rule refuses it.",
            _ => head,
        };
    }
}
