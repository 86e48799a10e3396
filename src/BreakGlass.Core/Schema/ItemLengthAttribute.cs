namespace BreakGlass.Core.Schema;

/// <summary>The most characters of each string in a list or each value of a map.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ItemLengthAttribute(int maxLength) : Attribute
{
    /// <summary>The most characters.</summary>
    public int MaxLength => maxLength;
}
