namespace BreakGlass.Core.Schema;

/// <summary>The allowed values of a string, or of the strings in a list, with a comma and a space between them.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class EnumAttribute(string values) : Attribute
{
    /// <summary>The values.</summary>
    public string[] Values => values.Split(", ");
}
