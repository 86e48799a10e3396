namespace BreakGlass.Core.Tests.Lifecycle.Model;

/// <summary>The run ended before it came to rest, and is tried again.</summary>
internal sealed class BrokenOff : Exception;
