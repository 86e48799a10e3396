namespace BreakGlass.Operator.Outbound;

/// <summary>Where deliveries go to, and how one is sent.</summary>
/// <param name="Name">The name that its configuration gives it, for logs.</param>
/// <param name="Type">What it is, for logs and metrics.</param>
/// <param name="Send">One try. What it throws is a failure that can pass.</param>
/// <param name="Describe">What a delivery is, in some words for logs; never its content.</param>
internal sealed record Destination<T>(string Name, string Type, Func<T, CancellationToken, ValueTask<DeliveryAnswer>> Send, Func<T, string> Describe);
