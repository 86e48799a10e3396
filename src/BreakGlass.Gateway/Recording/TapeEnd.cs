namespace BreakGlass.Gateway.Recording;

/// <summary>The end of a stream.</summary>
/// <param name="At">When, after its beginning.</param>
/// <param name="Why">Why the gateway cut it; null if it did not.</param>
/// <param name="Missing">How many bytes before it were not recorded.</param>
internal sealed record TapeEnd(TimeSpan At, string? Why, long Missing);
