namespace BreakGlass.Core.Rules;

/// <summary>The users that act for the installation, or for the cluster itself, and are not people.</summary>
public static class KnownUsers
{
    private static readonly string[] Collectors = [Subjects.ServiceAccountUser("kube-system", "generic-garbage-collector"), "system:kube-controller-manager"];

    /// <summary>The operator's user.</summary>
    /// <param name="settings">The operator's settings.</param>
    public static string Operator(CoreSettings settings) => Subjects.ServiceAccountUser(settings.OperatorNamespace, "breakglass-operator");

    /// <summary>Whether a user is the operator or one of the jobs that end access without it.</summary>
    /// <param name="user">The user.</param>
    /// <param name="settings">The operator's settings.</param>
    public static bool IsOurs(string user, CoreSettings settings) =>
        user == Operator(settings)
        || user == Subjects.ServiceAccountUser(settings.OperatorNamespace, "breakglass-reaper")
        || user == Subjects.ServiceAccountUser(settings.OperatorNamespace, "breakglass-uninstall");

    /// <summary>Whether a user is the garbage collector, with an identity of its own or with that of all controllers.</summary>
    /// <param name="user">The user.</param>
    public static bool IsCollector(string user) => Collectors.Contains(user);
}
