namespace BreakGlass.Core.Model;

/// <summary>
/// How the ValidatingAdmissionPolicies of <c>config/guard</c> learn what a policy allows: they ask the authorizer whether the grant's
/// <em>holder</em> may <c>use</c> the made-up resource <c>persistence.breakglass.dev</c> named <c>rbac</c>, <c>tokens</c>, …, which the
/// ClusterRoles <c>breakglass-persistence-…</c> give.
/// </summary>
/// <remarks>
/// The holder is the name of a ServiceAccount that is never made. It is not the grant's own identity: a grant of cluster-admin may do
/// everything to everything, that made-up resource included, and would pass the guard.
/// </remarks>
public static class PersistenceRights
{
    /// <summary>What the holder's name ends with. No ServiceAccount of a grant has a name like that.</summary>
    public const string HolderSuffix = ".persistence";

    private static readonly string[] Words = [.. Enum.GetValues<PersistenceKind>().Select(way => way.ApiWord).OfType<string>()];

    /// <summary>The subject that the bindings are for.</summary>
    public static Rbacv1Subject Holder(BreakGlassGrant grant, CoreSettings settings) =>
        new() { Kind = V1ServiceAccount.KubeKind, NamespaceProperty = settings.GrantsNamespace, Name = GrantNames.Identity(grant) + HolderSuffix };

    /// <summary>The ClusterRoles that a grant's holder is to be bound to, cluster-wide. Impersonation has none: no admission sees it.</summary>
    public static IReadOnlyList<string> ClusterRoles(PolicySpec policy) =>
        [.. policy.AllowPersistence.Where(IsGuarded).Distinct().Order(StringComparer.Ordinal).Select(RoleOf)];

    /// <summary>Whether a word of <c>allowPersistence</c> is one that the guard can refuse by.</summary>
    public static bool IsGuarded(string word) => Words.Contains(word);

    /// <summary>The ClusterRole that stands for a word of <c>allowPersistence</c>.</summary>
    public static string RoleOf(string word) => $"breakglass-persistence-{word}";
}
