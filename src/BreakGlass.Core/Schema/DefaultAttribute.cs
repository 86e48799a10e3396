namespace BreakGlass.Core.Schema;

/// <summary>The server fills in a value: as JSON text, or if none is given what a new object of the type has there.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class DefaultAttribute(string? json = null) : Attribute
{
    /// <summary>The JSON text.</summary>
    public string? Json => json;
}
