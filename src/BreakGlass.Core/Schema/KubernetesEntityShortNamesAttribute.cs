namespace BreakGlass.Core.Schema;

/// <summary>Short names of a kind for kubectl; named as in KubeOps.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class KubernetesEntityShortNamesAttribute(params string[] shortNames) : Attribute
{
    /// <summary>The names.</summary>
    public string[] ShortNames => shortNames;
}
