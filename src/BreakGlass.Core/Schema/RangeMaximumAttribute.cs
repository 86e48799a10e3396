namespace BreakGlass.Core.Schema;

/// <summary>The greatest value of a number; named as in KubeOps.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class RangeMaximumAttribute(long maximum) : Attribute
{
    /// <summary>The greatest value.</summary>
    public long Maximum => maximum;
}
