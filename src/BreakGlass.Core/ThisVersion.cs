using System.Reflection;

namespace BreakGlass.Core;

/// <summary>The version that was built.</summary>
public static class ThisVersion
{
    /// <summary>Semantic version, with the commit where the build knew it.</summary>
    public static string Text { get; } =
        typeof(ThisVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
}
