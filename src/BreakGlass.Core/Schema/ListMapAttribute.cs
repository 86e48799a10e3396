namespace BreakGlass.Core.Schema;

/// <summary>The list is a map by this key (<c>x-kubernetes-list-type: map</c>).</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ListMapAttribute(params string[] keys) : Attribute
{
    /// <summary>The keys.</summary>
    public string[] Keys => keys;
}
