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
