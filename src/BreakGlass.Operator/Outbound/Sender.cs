using Polly;

namespace BreakGlass.Operator.Outbound;

/// <summary>Sends to one destination, one delivery after the other, with the retries and the circuit breaker of <see cref="DeliveryRetry"/>.</summary>
internal sealed class Sender<T>
    where T : class
{
    private readonly Destination<T> _destination;
    private readonly ResiliencePipeline<DeliveryAnswer> _pipeline;
    private T? _current;

    public Sender(Destination<T> destination, TimeProvider time, ILogger logger)
    {
        _destination = destination;
        _pipeline = DeliveryRetry.For(time, (attempt, why, wait) =>
        {
            if (_current is { } item) logger.TryingAgain(destination.Name, destination.Type, destination.Describe(item), attempt, why, wait.TotalSeconds);
        });
    }

    /// <summary>Sends an item until the destination has taken it, refuses it, or all tries failed. Gives null, or why it was not taken.</summary>
    public async Task<string?> SendAsync(T item, CancellationToken cancellationToken)
    {
        _current = item;
        Outcome<DeliveryAnswer> outcome;
        try
        {
            outcome = Outcome.FromResult(await _pipeline.ExecuteAsync(token => _destination.Send(item, token), cancellationToken));
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            outcome = Outcome.FromException<DeliveryAnswer>(e);
        }
        finally
        {
            _current = null;
        }

        return outcome.Result is { IsGood: true } ? null : DeliveryRetry.Why(outcome);
    }
}
