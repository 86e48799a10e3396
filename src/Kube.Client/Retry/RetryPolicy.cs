using Polly;
using Polly.Retry;

namespace Kube.Client;

/// <summary>
/// Sends again what is safe to send again, per verb, and never past the request's deadline.
/// </summary>
/// <remarks>
/// Reads: a broken connection, 429, and 5xx on which the server names a wait. Writes: only where the server said that it did
/// nothing (429, 503 with a wait) or where nothing was sent. A 504 is never repeated: the server has waited already, and its
/// caller must hear of a resource version that is too large.
/// </remarks>
internal sealed class RetryPolicy(KubeClientOptions options, TimeProvider time)
{
    private static readonly ResiliencePropertyKey<Attempt> Key = new("kube.attempt");

    private readonly ResiliencePipeline _pipeline = options.MaxTries <= 1 ? ResiliencePipeline.Empty : new ResiliencePipelineBuilder { TimeProvider = time }
        .AddRetry(new RetryStrategyOptions
        {
            MaxRetryAttempts = options.MaxTries - 1,
            ShouldHandle = args => ValueTask.FromResult(ShouldRepeat(args, options, time)),
            DelayGenerator = static args => ValueTask.FromResult<TimeSpan?>(AttemptOf(args.Context)?.Delay),
        })
        .Build();

    public async Task<TResult> RunAsync<TState, TResult>(
        Request request, TState state, Func<TState, Request, CancellationToken, ValueTask<TResult>> send, CancellationToken cancellationToken)
    {
        var context = ResilienceContextPool.Shared.Get(cancellationToken);
        try
        {
            context.Properties.Set(Key, new(request, time.GetTimestamp()));
            return await _pipeline.ExecuteAsync(
                static (c, s) => s.send(s.state, s.request, c.CancellationToken), context, (state, request, send));
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private static Attempt? AttemptOf(ResilienceContext context) => context.Properties.TryGetValue(Key, out var attempt) ? attempt : null;

    private static bool ShouldRepeat(RetryPredicateArguments<object> args, KubeClientOptions options, TimeProvider time)
    {
        if (args.Outcome.Exception is not { } error || AttemptOf(args.Context) is not { } attempt) return false;
        if (!IsSafe(error, attempt.Request.IsWrite)) return false;
        var asked = (error as KubeApiException)?.RetryAfter;
        var backoff = options.RetryDelay * Math.Pow(2, args.AttemptNumber) * (1 + Random.Shared.NextDouble());
        attempt.Delay = asked > backoff ? asked.Value : backoff;
        // A wait that ends past the deadline is of no use: the answer that is known now says more than a time-out later.
        return time.GetElapsedTime(attempt.Started) + attempt.Delay < options.RequestTimeout;
    }

    internal static bool IsSafe(Exception error, bool isWrite) => error switch
    {
        KubeApiException { Code: HttpStatusCode.TooManyRequests } => true,
        KubeApiException { Code: HttpStatusCode.ServiceUnavailable, RetryAfter: not null } => true,
        KubeApiException { Code: HttpStatusCode.GatewayTimeout } => false,
        KubeApiException { IsServerError: true, RetryAfter: not null } => !isWrite,
        KubeConnectionException { Failure: ConnectionFailure.Refused or ConnectionFailure.NameResolution or ConnectionFailure.Proxy } => true,
        KubeConnectionException { Failure: ConnectionFailure.Reset } => !isWrite,
        _ => false,
    };

    /// <summary>What one call remembers between its tries.</summary>
    private sealed record Attempt(Request Request, long Started)
    {
        public TimeSpan Delay { get; set; }
    }
}
