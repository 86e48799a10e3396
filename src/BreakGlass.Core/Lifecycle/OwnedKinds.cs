using BreakGlass.Core.Model;

namespace BreakGlass.Core.Lifecycle;

/// <summary>
/// The kinds that the operator makes for grants, in the order in which they are removed. All that decisions know of a kind is in its row here; how it is
/// written, read and cached is in the row of the same kind in the operator's <c>OwnedResources</c>.
/// </summary>
public static class OwnedKinds
{
    private static readonly OwnedKind Secret = Row<SecretMetadata>(
        V1Secret.KubeKind, RemovalOrder.Credential, m => new() { Metadata = m }, new("", GrantObjects.CredentialSecret));

    private static readonly Dictionary<Type, OwnedKind> ByType = new()
    {
        [typeof(V1RoleBinding)] = Row<V1RoleBinding>(
            V1RoleBinding.KubeKind, RemovalOrder.Access, m => new() { Metadata = m },
            new(GrantNames.ReaderSuffix, GrantObjects.ReaderBinding, IsForReader: true),
            (want, have) => Rights(want.RoleRef, want.SubjectsOrEmpty, have.RoleRef, have.SubjectsOrEmpty), b => b.SubjectsOrEmpty),
        [typeof(V1ClusterRoleBinding)] = Row<V1ClusterRoleBinding>(
            V1ClusterRoleBinding.KubeKind, RemovalOrder.Access, m => new() { Metadata = m }, own: null,
            (want, have) => Rights(want.RoleRef, want.SubjectsOrEmpty, have.RoleRef, have.SubjectsOrEmpty), b => b.SubjectsOrEmpty),
        [typeof(SecretMetadata)] = Secret,
        [typeof(V1Secret)] = Secret,

        // No pod can run in the grants' namespace, so that a ServiceAccount with a mounted token gives nothing.
        [typeof(V1ServiceAccount)] = Row<V1ServiceAccount>(
            V1ServiceAccount.KubeKind, RemovalOrder.Credential, m => new() { Metadata = m }, new("", GrantObjects.Account),
            (_, have) => have.AutomountServiceAccountToken is false ? Drift.None : Drift.Marks),

        // Policies name Roles, so that the operator watches all of them.
        [typeof(V1Role)] = Row<V1Role>(
            V1Role.KubeKind, RemovalOrder.Rest, m => new() { Metadata = m }, new(GrantNames.ReaderSuffix, GrantObjects.ReaderRole, IsForReader: true),
            (want, have) => SameRules(want.RulesOrEmpty, have.RulesOrEmpty) ? Drift.None : Drift.Repair) with { IsSelected = false },
    };

    /// <summary>All of them.</summary>
    public static IReadOnlyList<OwnedKind> All { get; } = [.. ByType.Values.Distinct()];

    /// <summary>The row of an object's kind; null for a kind that is not made for grants.</summary>
    public static OwnedKind? Find(IKubernetesObject<V1ObjectMeta> o) => ByType.GetValueOrDefault(o.GetType());

    /// <summary>The row of an object's kind.</summary>
    public static OwnedKind Of(IKubernetesObject<V1ObjectMeta> o) =>
        Find(o) ?? throw new InvalidOperationException($"{o.KindName} is not a kind that is made for grants.");

    /// <summary>Whether an object is a binding, which gives access and is removed before everything else.</summary>
    public static bool IsBinding(IKubernetesObject<V1ObjectMeta> o) => Find(o) is { Order: RemovalOrder.Access };

    /// <summary>Whether an object is an identity or its Secret.</summary>
    public static bool IsCredential(IKubernetesObject<V1ObjectMeta> o) => Find(o) is { Order: RemovalOrder.Credential };

    /// <summary>The subjects of a binding; empty for an object of another kind.</summary>
    public static IReadOnlyList<Rbacv1Subject> SubjectsOf(IKubernetesObject<V1ObjectMeta> o) => Find(o)?.Subjects(o) ?? [];

    /// <summary>Where the objects stand that were recorded for a grant.</summary>
    public static IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Places(BreakGlassGrant grant)
    {
        var places = grant.Status.Bindings.Select(GrantNames.Place).ToList();
        if (grant.Status.ServiceAccount?.Split('/', 2) is not [var ns, _]) return places;
        return [.. places, .. All.Where(k => k.Own?.IsNeeded(grant) is true).Select(k => k.At(new() { Name = k.Own!.Name(grant), NamespaceProperty = ns }))];
    }

    private static OwnedKind Row<T>(
        string name, RemovalOrder order, Func<V1ObjectMeta, T> at, IdentityObject? own, Func<T, T, Drift>? compare = null,
        Func<T, IReadOnlyList<Rbacv1Subject>>? subjects = null)
        where T : class, IKubernetesObject<V1ObjectMeta> => new(name, order, at, own)
        {
            Compare = (want, have) => compare is null ? Drift.None : compare((T)want, (T)have),
            Subjects = o => subjects?.Invoke((T)o) ?? [],
        };

    private static Drift Rights(V1RoleRef want, IReadOnlyList<Rbacv1Subject> wantSubjects, V1RoleRef have, IReadOnlyList<Rbacv1Subject> haveSubjects) =>
        want != have ? Drift.Replace : SameSubjects(wantSubjects, haveSubjects) ? Drift.None : Drift.Repair;

    private static bool SameSubjects(IReadOnlyList<Rbacv1Subject> want, IReadOnlyList<Rbacv1Subject> have) =>
        want.Count == have.Count && want.Zip(have).All(p =>
            p.First.Kind == p.Second.Kind && p.First.Name == p.Second.Name && (p.First.NamespaceProperty ?? "") == (p.Second.NamespaceProperty ?? ""));

    private static bool SameRules(IReadOnlyList<V1PolicyRule> want, IReadOnlyList<V1PolicyRule> have) =>
        want.Count == have.Count && want.Zip(have).All(p =>
            p.First.VerbsOrEmpty.SequenceEqual(p.Second.VerbsOrEmpty) && p.First.GroupsOrEmpty.SequenceEqual(p.Second.GroupsOrEmpty)
            && p.First.ResourcesOrEmpty.SequenceEqual(p.Second.ResourcesOrEmpty) && p.First.NamesOrEmpty.SequenceEqual(p.Second.NamesOrEmpty)
            && p.Second.UrlsOrEmpty.Count == 0);
}
