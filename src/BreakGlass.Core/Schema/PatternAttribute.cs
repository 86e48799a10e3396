namespace BreakGlass.Core.Schema;

/// <summary>A regular expression (RE2) that a string, or each string of a list, must match; named as in KubeOps.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PatternAttribute(string regexPattern) : Attribute
{
    /// <summary>The expression; anchor it.</summary>
    public string RegexPattern => regexPattern;
}
