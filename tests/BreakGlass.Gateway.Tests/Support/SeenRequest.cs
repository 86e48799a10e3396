namespace BreakGlass.Gateway.Tests;

/// <summary>A request as it reached the API server.</summary>
internal sealed record SeenRequest(string Method, string Target, IReadOnlyDictionary<string, string> Headers);
