using Xunit;

namespace TestKit;

/// <summary>As <see cref="ServerFactAttribute"/>, for a theory.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ServerTheoryAttribute : TheoryAttribute
{
    private readonly int _minMinor;

    /// <summary>The oldest minor release of Kubernetes 1 that has what is tested.</summary>
    public int MinMinor
    {
        get => _minMinor;
        init => Skip = ServerFactAttribute.RequiresServer((_minMinor = value));
    }
}
