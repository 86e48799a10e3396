namespace BreakGlass.Core.Schema;

/// <summary>The fewest and most characters of a string; negative for no limit; named as in KubeOps. The cost of CEL rules depends on the most.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class LengthAttribute(int minLength = -1, int maxLength = -1) : Attribute
{
    /// <summary>The fewest characters.</summary>
    public int MinLength => minLength;

    /// <summary>The most characters.</summary>
    public int MaxLength => maxLength;
}
