namespace BreakGlass.Core.Sessions;

/// <summary>Something unusual about a session.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Number">How many requests, or how many of what is named.</param>
/// <param name="Limit">The policy's limit; 0 if there is none.</param>
/// <param name="What">Names: of addresses, programs, kinds or objects. Clients chose some of them.</param>
public sealed record Anomaly(AnomalyKind Kind, long Number, long Limit, IReadOnlyList<string> What);
