namespace BreakGlass.Core.Schema;

/// <summary>The most members of a map, and, if its values are lists, the most items of each of them.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PropertiesAttribute(long maxProperties) : Attribute
{
    /// <summary>The most members.</summary>
    public long MaxProperties => maxProperties;
}
