namespace BreakGlass.Core.Tests.Lifecycle.Model;

/// <summary>The operator's process is gone.</summary>
internal sealed class Died : Exception;
