namespace BreakGlass.Core.Schema;

/// <summary>An explicit <c>null</c> is accepted and means the same as leaving the field out.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class NullableAttribute : Attribute;
