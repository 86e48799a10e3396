namespace BreakGlass.Core.Schema;

/// <summary>A CEL rule (<c>x-kubernetes-validations</c>) on the type or property; servers before 1.25 ignore it.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Property, AllowMultiple = true)]
public sealed class ValidationRuleAttribute(string rule, string message) : Attribute
{
    /// <summary>The CEL expression; true if the value is valid.</summary>
    public string Rule => rule;

    /// <summary>The API server's answer if it is not.</summary>
    public string Message => message;
}
