namespace BreakGlass.Core.Schema;

/// <summary>The list is a set (<c>x-kubernetes-list-type: set</c>): values are unique.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ListSetAttribute : Attribute;
