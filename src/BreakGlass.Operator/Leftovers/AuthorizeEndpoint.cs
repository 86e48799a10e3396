using System.Text.Json;
using BreakGlass.Core;
using BreakGlass.Core.Leftovers;
using BreakGlass.Operator.Logging;
using Kube.Client;
using Kube.Model;

namespace BreakGlass.Operator.Leftovers;

/// <summary>
/// The webhook <c>/authorize</c>, for an API server whose authorization is configured by a file: it denies grants' identities to act as somebody else, and has no
/// opinion on anything else. Whoever asks learns nothing else from it, so it needs no secret path.
/// </summary>
/// <param name="settings">The operator's set-up.</param>
/// <param name="allowed">Whether the policy of an identity's grant lets it impersonate.</param>
/// <param name="logger">Log.</param>
internal sealed class AuthorizeEndpoint(CoreSettings settings, Func<string, CancellationToken, ValueTask<bool>> allowed, ILogger logger)
{
    /// <summary>The URL path.</summary>
    public const string Path = "/authorize";

    /// <summary>A question is a few hundred bytes; a caller may be in thousands of groups.</summary>
    private const int MostBytes = 512 * 1024;

    /// <summary>Answers one HTTP request.</summary>
    public async Task ServeAsync(HttpContext context)
    {
        if (!HttpMethods.IsPost(context.Request.Method) || await ReadAsync(context.Request, context.RequestAborted) is not { } review)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        var answer = new SubjectAccessReview { Status = await DecideAsync(review.Spec, context.RequestAborted) };
        context.Response.ContentType = "application/json";
        await JsonSerializer.SerializeAsync(context.Response.Body, answer, SubjectAccessReview.Json, context.RequestAborted);
    }

    /// <summary>The answer to one question.</summary>
    public async ValueTask<SubjectAccessReviewStatus> DecideAsync(SubjectAccessReviewSpec question, CancellationToken cancellationToken)
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

    private static async Task<SubjectAccessReview?> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
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

            return JsonSerializer.Deserialize(body.GetBuffer().AsSpan(0, (int)body.Length), SubjectAccessReview.Json) is { Kind: nameof(SubjectAccessReview), ApiVersion: "authorization.k8s.io/v1" } review ? review : null;
        }
        catch (Exception e) when (e is JsonException or BadHttpRequestException or IOException)
        {
            return null;
        }
    }
}
