namespace BreakGlass.Core.Schema;

/// <summary>The least value of a number; named as in KubeOps.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class RangeMinimumAttribute(long minimum) : Attribute
{
    /// <summary>The least value.</summary>
    public long Minimum => minimum;
}
