namespace BreakGlass.Core.Journal;

/// <summary>Times of audit events: microseconds, as API servers write them.</summary>
internal sealed class EventTimeConverter() : Rfc3339Converter(Rfc3339.Micros);
