namespace BreakGlass.Core.Schema;

/// <summary>A column that kubectl prints; named as in KubeOps.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class GenericAdditionalPrinterColumnAttribute(string jsonPath, string name, string type = "string") : Attribute
{
    /// <summary>Heading; kubectl prints it in capitals.</summary>
    public string Name => name;

    /// <summary>JSON path of the value, with a leading dot.</summary>
    public string JsonPath => jsonPath;

    /// <summary>
    /// <c>string</c>, <c>integer</c>, <c>boolean</c> or <c>date</c>. kubectl prints a date as an age, and one in the future as &lt;invalid&gt;.
    /// </summary>
    public string Type => type;

    /// <summary>0 is always shown, 1 only with <c>-o wide</c>.</summary>
    public int Priority { get; init; }

    /// <summary>What the column shows.</summary>
    public string? Description { get; init; }
}
