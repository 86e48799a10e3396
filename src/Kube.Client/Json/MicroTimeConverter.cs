namespace Kube.Client;

/// <summary>meta/v1 MicroTime.</summary>
internal sealed class MicroTimeConverter() : ModelTimeConverter(Rfc3339.Micros)
{
    public static MicroTimeConverter Instance { get; } = new();
}
