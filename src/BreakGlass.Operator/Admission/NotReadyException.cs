namespace BreakGlass.Operator.Admission;

/// <summary>Something that decisions need is not there yet; the message goes on "since …".</summary>
internal sealed class NotReadyException(string message) : Exception(message);
