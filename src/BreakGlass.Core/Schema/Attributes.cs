namespace BreakGlass.Core.Schema;

/// <summary>Categories and selectable fields of a CustomResourceDefinition (apiextensions.k8s.io/v1). Read by the generator only.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class CustomResourceAttribute : Attribute
{
    /// <summary>Groups of kinds for <c>kubectl get CATEGORY</c>.</summary>
    public string[] Categories { get; init; } = [];

    /// <summary>JSON paths of fields that field selectors may use, on servers that know <c>selectableFields</c> (1.31 on).</summary>
    public string[] SelectableFields { get; init; } = [];
}

/// <summary>Short names of a kind for kubectl; named as in KubeOps.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class KubernetesEntityShortNamesAttribute(params string[] shortNames) : Attribute
{
    /// <summary>The names.</summary>
    public string[] ShortNames => shortNames;
}

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

/// <summary>A CEL rule (<c>x-kubernetes-validations</c>) on the type or property; servers before 1.25 ignore it.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Property, AllowMultiple = true)]
public sealed class ValidationRuleAttribute(string rule, string message) : Attribute
{
    /// <summary>The CEL expression; true if the value is valid.</summary>
    public string Rule => rule;

    /// <summary>The API server's answer if it is not.</summary>
    public string Message => message;
}

/// <summary>The field must be there.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class RequiredAttribute : Attribute;

/// <summary>The server fills in a value: as JSON text, or if none is given what a new object of the type has there.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class DefaultAttribute(string? json = null) : Attribute
{
    /// <summary>The JSON text.</summary>
    public string? Json => json;
}

/// <summary>The allowed values of a string, or of the strings in a list, with a comma and a space between them.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class EnumAttribute(string values) : Attribute
{
    /// <summary>The values.</summary>
    public string[] Values => values.Split(", ");
}

/// <summary>A regular expression (RE2) that a string, or each string of a list, must match; named as in KubeOps.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PatternAttribute(string regexPattern) : Attribute
{
    /// <summary>The expression; anchor it.</summary>
    public string RegexPattern => regexPattern;
}

/// <summary>The fewest and most characters of a string; negative for no limit; named as in KubeOps. The cost of CEL rules depends on the most.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class LengthAttribute(int minLength = -1, int maxLength = -1) : Attribute
{
    /// <summary>The fewest characters.</summary>
    public int MinLength => minLength;

    /// <summary>The most characters.</summary>
    public int MaxLength => maxLength;
}

/// <summary>The fewest and most items of a list; negative for no limit; named as in KubeOps. The cost of CEL rules depends on the most.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ItemsAttribute(long minItems = -1, long maxItems = -1) : Attribute
{
    /// <summary>The fewest items.</summary>
    public long MinItems => minItems;

    /// <summary>The most items.</summary>
    public long MaxItems => maxItems;
}

/// <summary>The most members of a map, and, if its values are lists, the most items of each of them.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PropertiesAttribute(long maxProperties) : Attribute
{
    /// <summary>The most members.</summary>
    public long MaxProperties => maxProperties;
}

/// <summary>The most characters of each string in a list or each value of a map.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ItemLengthAttribute(int maxLength) : Attribute
{
    /// <summary>The most characters.</summary>
    public int MaxLength => maxLength;
}

/// <summary>The least value of a number; named as in KubeOps.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class RangeMinimumAttribute(long minimum) : Attribute
{
    /// <summary>The least value.</summary>
    public long Minimum => minimum;
}

/// <summary>The greatest value of a number; named as in KubeOps.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class RangeMaximumAttribute(long maximum) : Attribute
{
    /// <summary>The greatest value.</summary>
    public long Maximum => maximum;
}

/// <summary>The list is a map by this key (<c>x-kubernetes-list-type: map</c>).</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ListMapAttribute(params string[] keys) : Attribute
{
    /// <summary>The keys.</summary>
    public string[] Keys => keys;
}

/// <summary>The list is a set (<c>x-kubernetes-list-type: set</c>): values are unique.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ListSetAttribute : Attribute;

/// <summary>An explicit <c>null</c> is accepted and means the same as leaving the field out.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class NullableAttribute : Attribute;
