namespace BreakGlass.Core.Api;

/// <summary>Milliseconds, for our own fields.</summary>
internal sealed class StatusMillisConverter() : StatusTimeConverter(Rfc3339.Millis);
