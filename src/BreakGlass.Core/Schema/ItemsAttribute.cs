namespace BreakGlass.Core.Schema;

/// <summary>The fewest and most items of a list; negative for no limit; named as in KubeOps. The cost of CEL rules depends on the most.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ItemsAttribute(long minItems = -1, long maxItems = -1) : Attribute
{
    /// <summary>The fewest items.</summary>
    public long MinItems => minItems;

    /// <summary>The most items.</summary>
    public long MaxItems => maxItems;
}
