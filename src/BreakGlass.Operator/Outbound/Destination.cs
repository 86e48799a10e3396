namespace BreakGlass.Operator.Outbound;

/// <summary>Where deliveries go to, and how one becomes a request.</summary>
/// <param name="Name">The name that its configuration gives it, for logs.</param>
/// <param name="Type">What it is, for logs and metrics.</param>
/// <param name="Request">The request of one try, at the time that is given. It is made again for each try, because a signature covers the time.</param>
/// <param name="Describe">What a delivery is, in some words for logs; never its content.</param>
internal sealed record Destination<T>(string Name, string Type, Func<T, DateTimeOffset, HttpRequestMessage> Request, Func<T, string> Describe);
