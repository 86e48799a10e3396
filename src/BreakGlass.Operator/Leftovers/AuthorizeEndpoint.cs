namespace BreakGlass.Operator.Leftovers;

/// <summary>
/// The webhook <c>/authorize</c>, for an API server whose authorization is configured by a file: it denies grants' identities to act as somebody
/// else, and has no opinion on anything else. It needs no secret path: a caller learns nothing else from it, makes the operator ask the API server
/// nothing, and takes only memory of its own.
/// </summary>
internal sealed class AuthorizeEndpoint(CoreSettings settings, Func<string, CancellationToken, ValueTask<bool>> allowed, ILogger logger)
{
    public const string Path = "/authorize";

    /// <summary>A question about a grant's identity is a few hundred bytes: a ServiceAccount is in three groups.</summary>
    internal const int MostBytes = 32 * 1024;

    /// <summary>How many questions are read at the same time; more are refused, which the API server takes for a no.</summary>
    internal const int MostAtOnce = 32;

    private int _reading;

    public async Task ServeAsync(HttpContext context)
    {
        var review = default(V1SubjectAccessReview);
        try
        {
            if (Interlocked.Increment(ref _reading) > MostAtOnce)
            {
                context.Response.StatusCode = StatusCodes.Status429TooManyRequests;
                return;
            }

            if (HttpMethods.IsPost(context.Request.Method)) review = await ReadAsync(context.Request, context.RequestAborted);
        }
        finally
        {
            Interlocked.Decrement(ref _reading);
        }

        if (review is null)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        var answer = new V1SubjectAccessReview { Status = await DecideAsync(review.Spec ?? new(), context.RequestAborted) };
        context.Response.ContentType = "application/json";
        await JsonSerializer.SerializeAsync(context.Response.Body, answer, KubeModels.Json<V1SubjectAccessReview>(), context.RequestAborted);
    }

    public async ValueTask<V1SubjectAccessReviewStatus> DecideAsync(V1SubjectAccessReviewSpec question, CancellationToken cancellationToken)
    {
        if (ImpersonationRules.Asks(question, settings) is not { } identity) return new();
        try
        {
            if (await allowed(identity, cancellationToken)) return new();
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException)
        {
            logger.ImpersonationNotJudged(identity, e);
        }

        return ImpersonationRules.Refusal;
    }

    private static async Task<V1SubjectAccessReview?> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.ContentLength > MostBytes) return null;
        try
        {
            using var body = new MemoryStream();
            var buffer = new byte[16 * 1024];
            int read;
            while ((read = await request.Body.ReadAsync(buffer, cancellationToken)) > 0)
            {
                if (body.Length + read > MostBytes) return null;
                body.Write(buffer, 0, read);
            }

            return JsonSerializer.Deserialize(
                body.GetBuffer().AsSpan(0, (int)body.Length), KubeModels.Json<V1SubjectAccessReview>()) is { Kind: V1SubjectAccessReview.KubeKind,
                    ApiVersion: "authorization.k8s.io/v1" } review ? review : null;
        }
        catch (Exception e) when (e is JsonException or BadHttpRequestException or IOException)
        {
            return null;
        }
    }
}
