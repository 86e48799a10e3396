using BreakGlass.Core.Api;
using BreakGlass.Core.Guard;
using BreakGlass.Core.Rules;
using Kube.Model;

namespace BreakGlass.Core.Lifecycle;

/// <summary>The objects that should exist for an active grant, and whether what exists is as it should be.</summary>
public static class GrantObjects
{
    /// <summary>On the credential Secret: UID of the ServiceAccount whose token it holds. Its presence says that the credential was delivered.</summary>
    public const string DeliveredAnnotation = BreakGlassApi.Group + "/service-account-uid";

    /// <summary>On the credential Secret: when its token ends by itself.</summary>
    public const string TokenExpiresAtAnnotation = BreakGlassApi.Group + "/token-expires-at";

    /// <summary>The grant's own identity.</summary>
    public static ServiceAccount Account(BreakGlassGrant grant, CoreSettings settings, DateTimeOffset expiresAt) => new()
    {
        Metadata = GrantNames.Meta(grant, settings.GrantsNamespace, GrantNames.Identity(grant), expiresAt),
        AutomountServiceAccountToken = false,
    };

    /// <summary>The Secret that the token is bound to, empty until the token is there.</summary>
    public static Secret CredentialSecret(BreakGlassGrant grant, CoreSettings settings, DateTimeOffset expiresAt) => new()
    {
        Metadata = GrantNames.Meta(grant, settings.GrantsNamespace, GrantNames.Identity(grant), expiresAt),
        Type = BreakGlassApi.CredentialSecretType,
    };

    /// <summary>Lets its holder read that one Secret.</summary>
    public static Role ReaderRole(BreakGlassGrant grant, CoreSettings settings, DateTimeOffset expiresAt) => new()
    {
        Metadata = GrantNames.Meta(grant, settings.GrantsNamespace, GrantNames.Reader(grant), expiresAt),
        Rules = [new() { ApiGroups = [""], Resources = ["secrets"], ResourceNames = [GrantNames.Identity(grant)], Verbs = ["get"] }],
    };

    /// <summary>Makes the requester, and nobody else, that holder.</summary>
    public static RoleBinding ReaderBinding(BreakGlassGrant grant, CoreSettings settings, DateTimeOffset expiresAt) => new()
    {
        Metadata = GrantNames.Meta(grant, settings.GrantsNamespace, GrantNames.Reader(grant), expiresAt),
        RoleRef = new() { Kind = nameof(Role), Name = GrantNames.Reader(grant) },
        Subjects = [User(grant)],
    };

    /// <summary>The binding that gives one role in one place.</summary>
    public static IKubeObject Binding(BreakGlassGrant grant, Target target, CoreSettings settings, DateTimeOffset expiresAt)
    {
        var name = GrantNames.Binding(grant, target.Entry);
        var roleRef = new RoleRef { Kind = target.Role.Kind, Name = target.Role.Name };
        Subject[] subjects = target.IsPersistence ? [PersistenceRights.Holder(grant, settings)]
            : grant.Status.Credential is CredentialKind.BindRequester ? [User(grant)]
            : [new() { Kind = nameof(ServiceAccount), Namespace = settings.GrantsNamespace, Name = GrantNames.Identity(grant) }];
        return target.Namespace is null
            ? new ClusterRoleBinding { Metadata = GrantNames.Meta(grant, null, name, expiresAt), RoleRef = roleRef, Subjects = subjects }
            : new RoleBinding { Metadata = GrantNames.Meta(grant, target.Namespace, name, expiresAt), RoleRef = roleRef, Subjects = subjects };
    }

    /// <summary>Whether two objects stand for the same thing in the API.</summary>
    public static bool SamePlace(IKubeObject a, IKubeObject b) =>
        a.Metadata.Name == b.Metadata.Name && (a.Metadata.Namespace ?? "") == (b.Metadata.Namespace ?? "") && a.Kind == b.Kind;

    /// <summary>What has to happen to an object of ours so that it is as it should be.</summary>
    public static Drift Compare(IKubeObject desired, IKubeObject actual)
    {
        switch (desired, actual)
        {
            case (RoleBinding want, RoleBinding have):
                if (want.RoleRef != have.RoleRef) return Drift.Replace;
                if (!SameSubjects(want.Subjects, have.Subjects)) return Drift.Repair;
                break;
            case (ClusterRoleBinding want, ClusterRoleBinding have):
                if (want.RoleRef != have.RoleRef) return Drift.Replace;
                if (!SameSubjects(want.Subjects, have.Subjects)) return Drift.Repair;
                break;
            case (Role want, Role have):
                if (!SameRules(want.Rules, have.Rules)) return Drift.Repair;
                break;
            case (ServiceAccount, ServiceAccount have):
                // No pod can run in the grants' namespace, so that it gives nothing.
                if (have.AutomountServiceAccountToken is not false) return Drift.Marks;
                break;
        }

        return HasMarks(desired.Metadata, actual.Metadata) ? Drift.None : Drift.Marks;
    }

    /// <summary>Labels of our own group alone: nothing depends on those that other projects use too, and a fight over them would have no winner.</summary>
    private static bool HasMarks(ObjectMeta want, ObjectMeta have) =>
        want.Labels.Where(l => l.Key.StartsWith(BreakGlassApi.Group + "/", StringComparison.Ordinal)).All(l => have.Labels.TryGetValue(l.Key, out var value) && value == l.Value)
        && want.Annotations.All(a => have.Annotations.TryGetValue(a.Key, out var value) && value == a.Value)
        && want.OwnerReferences.All(w => have.OwnerReferences.Any(h => h.Uid == w.Uid && h.Kind == w.Kind));

    private static bool SameSubjects(IReadOnlyList<Subject> want, IReadOnlyList<Subject> have) =>
        want.Count == have.Count && want.Zip(have).All(p =>
            p.First.Kind == p.Second.Kind && p.First.Name == p.Second.Name && (p.First.Namespace ?? "") == (p.Second.Namespace ?? ""));

    private static bool SameRules(IReadOnlyList<PolicyRule> want, IReadOnlyList<PolicyRule> have) =>
        want.Count == have.Count && want.Zip(have).All(p =>
            p.First.Verbs.SequenceEqual(p.Second.Verbs) && p.First.ApiGroups.SequenceEqual(p.Second.ApiGroups)
            && p.First.Resources.SequenceEqual(p.Second.Resources) && p.First.ResourceNames.SequenceEqual(p.Second.ResourceNames)
            && p.Second.NonResourceUrls.Count == 0);

    private static Subject User(BreakGlassGrant grant) =>
        new() { Kind = "User", ApiGroup = Rbac.Group, Name = grant.Spec.Requester?.Username ?? "" };
}

/// <summary>How an object differs from what it should be.</summary>
public enum Drift
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>By what gives nothing to anybody: labels, annotations, owners. It can be put right in place.</summary>
    Marks,

    /// <summary>By what it gives, or to whom. It can be put right in place.</summary>
    Repair,

    /// <summary>A field that never changes is wrong, so it must be deleted and made again.</summary>
    Replace,
}
