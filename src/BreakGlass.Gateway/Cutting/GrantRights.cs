using System.Collections.Concurrent;
using BreakGlass.Gateway.Admission;
using BreakGlass.Gateway.Proxying;
using BreakGlass.Gateway.Tokens;

namespace BreakGlass.Gateway.Cutting;

/// <summary>
/// Asks the API server whether a grant still allows what it has open, as the grant itself: a SelfSubjectAccessReview with the grant's own token needs no right
/// of the gateway's. Without an answer in time, the answer is no.
/// </summary>
/// <param name="upstream">The connections to the API server.</param>
/// <param name="server">Its address.</param>
/// <param name="book">The grants.</param>
/// <param name="tokens">Their tokens.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Log.</param>
internal sealed class GrantRights(HttpMessageInvoker upstream, Uri server, GrantBook book, TokenMint tokens, TimeProvider time, ILogger logger)
{
    /// <summary>How long all answers for one grant may take together.</summary>
    public static readonly TimeSpan Within = TimeSpan.FromSeconds(3);

    private const int AtOnce = 16;

    /// <summary>Which requests are not allowed, and what they ask for.</summary>
    public async Task<IReadOnlyList<(OpenRequest Request, RequestAttributes Attributes)>> RefusedAsync(
        string name, IReadOnlyList<OpenRequest> open, CancellationToken cancellationToken)
    {
        var questions = open
            .GroupBy(request => (Attributes: RequestAttributes.Read(request.Head.Method, request.Head.Target), As: As(request.Head))).ToList();
        var allowed = new ConcurrentDictionary<(RequestAttributes, string), bool>();
        using var deadline = new CancellationTokenSource(Within, time);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            if (book.Get(name) is not { } grant || await tokens.GetAsync(grant, ends.Token) is not { } token)
                throw new KubeConfigException(GatewaySentences.TokenNotIssued);
            var limits = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = ends.Token };
            await Parallel.ForEachAsync(questions, limits, async (question, ct) =>
            {
                if (await IsAllowedAsync(name, token, question.Key.Attributes, question.First().Head, ct)) allowed[question.Key] = true;
            });
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            logger.RightsNotRead(name, e is OperationCanceledException ? $"no answer within {Within.TotalSeconds} s" : e.Message);
        }

        return [.. questions.Where(q => !allowed.ContainsKey(q.Key)).SelectMany(q => q.Select(request => (request, q.Key.Attributes)))];
    }

    private async Task<bool> IsAllowedAsync(string name, string token, RequestAttributes attributes, RequestHead head, CancellationToken cancellationToken)
    {
        try
        {
            using var identity = new GrantIdentity(upstream, token, head.Impersonation);
            using var client = new KubeClient(identity, server, time, new() { RequestTimeout = Within });
            return (await client.CreateAsync(attributes.Question(), cancellationToken)).Status?.Allowed is true;
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException)
        {
            logger.RightsNotRead(name, e.Message);
            return false;
        }
    }

    /// <summary>Tells apart the requests that act as somebody else.</summary>
    private static string As(RequestHead head) => head.Impersonates ? string.Join('\n', head.Impersonation.Select(h => $"{h.Key}: {h.Value}")) : "";

    /// <summary>Sends requests as the grant, or as the user that it acts as.</summary>
    private sealed class GrantIdentity(HttpMessageInvoker upstream, string token, IReadOnlyList<KeyValuePair<string, string>> impersonation)
        : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Authorization = new("Bearer", token);
            foreach (var (header, value) in impersonation) request.Headers.TryAddWithoutValidation(header, value);
            return upstream.SendAsync(request, cancellationToken);
        }
    }
}
