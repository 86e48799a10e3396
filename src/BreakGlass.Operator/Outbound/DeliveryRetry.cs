using System.Net.Sockets;
using System.Security.Authentication;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace BreakGlass.Operator.Outbound;

/// <summary>
/// How often and how long a destination is tried: 10 s for an answer; 8 more tries, 1 s to 1 min apart or as the destination asks, about 4 minutes in all;
/// and none for 30 s after 5 failures in a row, whichever delivery they were of.
/// </summary>
internal static class DeliveryRetry
{
    /// <summary>Tries after the first.</summary>
    public const int Retries = 8;

    /// <summary>How long one try may take.</summary>
    public static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(10);

    /// <summary>How long a destination that keeps failing is left alone.</summary>
    public static readonly TimeSpan Break = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(5);

    /// <summary>The pipeline of one destination.</summary>
    /// <param name="time">Clock.</param>
    /// <param name="onRetry">Told of each try that failed and is followed by another: its number from 1, why, and the wait.</param>
    public static ResiliencePipeline<DeliveryAnswer> For(TimeProvider time, Action<int, string, TimeSpan> onRetry) =>
        new ResiliencePipelineBuilder<DeliveryAnswer> { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions<DeliveryAnswer>
            {
                ShouldHandle = args => ValueTask.FromResult(args.Outcome.Exception is BrokenCircuitException || IsFailure(args.Outcome)),
                MaxRetryAttempts = Retries,
                BackoffType = DelayBackoffType.Exponential,
                Delay = TimeSpan.FromSeconds(1),
                MaxDelay = TimeSpan.FromMinutes(1),
                UseJitter = true,
                DelayGenerator = args => ValueTask.FromResult(Asked(args.Outcome)),
                OnRetry = args =>
                {
                    onRetry(args.AttemptNumber + 1, Why(args.Outcome), args.RetryDelay);
                    return ValueTask.CompletedTask;
                },
            })
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<DeliveryAnswer>
            {
                ShouldHandle = args => ValueTask.FromResult(IsFailure(args.Outcome)),
                FailureRatio = 1,
                MinimumThroughput = 5,
                SamplingDuration = TimeSpan.FromMinutes(5),
                BreakDuration = Break,
            })
            .AddTimeout(AnswerWithin)
            .Build();

    /// <summary>Why a try failed, without what the destination or the network said: that may hold the URL.</summary>
    public static string Why(Outcome<DeliveryAnswer> outcome) => outcome.Exception switch
    {
        null => outcome.Result!.What,
        TimeoutRejectedException => $"no answer within {AnswerWithin.TotalSeconds:0} s",
        BrokenCircuitException => $"it failed repeatedly and is not called for {Break.TotalSeconds:0} s",
        HttpRequestException e => $"no answer ({e.HttpRequestError})",
        AuthenticationException => "TLS failed; check the certificates and the names in them",
        SocketException e => $"no connection ({e.SocketErrorCode})",
        IOException { InnerException: SocketException e } => $"the connection ended ({e.SocketErrorCode})",
        FileNotFoundException or DirectoryNotFoundException => "a certificate file is missing",
        IOException => "the connection ended early",
        { } e => e.GetType().Name,
    };

    private static bool IsFailure(Outcome<DeliveryAnswer> outcome) =>
        outcome.Exception is HttpRequestException or TimeoutRejectedException or SocketException or IOException or AuthenticationException
            || outcome.Result is { IsForLater: true };

    private static TimeSpan? Asked(Outcome<DeliveryAnswer> outcome)
    {
        var asked = outcome.Exception is BrokenCircuitException { RetryAfter: { } closed } ? closed : outcome.Result?.RetryAfter;
        return asked > LongestWait ? LongestWait : asked;
    }
}
