namespace BreakGlass.Core.Api;

/// <summary>Whole seconds, for conditions.</summary>
internal sealed class StatusSecondsConverter() : StatusTimeConverter(Rfc3339.Seconds);
