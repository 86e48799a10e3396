using Soak.Faults;

namespace Soak.Observing;

/// <summary>An end of access that has become due.</summary>
internal sealed record DueEnd(Ends Ends, DateTimeOffset At, string Cause);
