namespace BreakGlass.Core;

/// <summary>Durations as Go and Kubernetes write them.</summary>
public static partial class GoDuration
{
    /// <summary>Pattern for schemas.</summary>
    public const string Pattern = "^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$";
}
