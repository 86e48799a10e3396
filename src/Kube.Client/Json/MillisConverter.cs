namespace Kube.Client;

/// <summary>Milliseconds.</summary>
public sealed class MillisConverter() : Rfc3339Converter(Rfc3339.Millis);
