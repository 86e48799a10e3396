using k8s.Models;

namespace TestKit.Builders;

/// <summary>Subjects of bindings. Those of policies are built by <see cref="A"/>.</summary>
public static class Bound
{
    /// <summary>A subject of kind User.</summary>
    public static Rbacv1Subject User(string name) => new() { Kind = "User", Name = name };

    /// <summary>A subject of kind Group.</summary>
    public static Rbacv1Subject Group(string name) => new() { Kind = "Group", Name = name };

    /// <summary>A subject of kind ServiceAccount.</summary>
    public static Rbacv1Subject ServiceAccount(string ns, string name) => new() { Kind = "ServiceAccount", NamespaceProperty = ns, Name = name };
}
