using BreakGlass.Core.Model;

namespace BreakGlass.Core.Lifecycle;

/// <summary>The objects that should exist for an active grant, and whether what exists is as it should be.</summary>
public static class GrantObjects
{
    /// <summary>On the credential Secret: UID of the ServiceAccount that its credential is for. Its presence says that the credential was delivered.</summary>
    public const string DeliveredAnnotation = BreakGlassApi.Group + "/service-account-uid";

    /// <summary>On the credential Secret: when its token, or its certificate, expires.</summary>
    public const string TokenExpiresAtAnnotation = BreakGlassApi.Group + "/token-expires-at";

    /// <summary>On the credential Secret of a grant with path Gateway: the SHA-256 of the client certificate that was delivered with it.</summary>
    public const string CertificateAnnotation = BreakGlassApi.Group + "/certificate-sha256";

    /// <summary>Whether a Secret is marked as the one that a certificate was delivered with.</summary>
    public static bool IsDelivered(SecretMetadata secret, string certificate) =>
        secret.AnnotationsOrEmpty.GetValueOrDefault(CertificateAnnotation) == GrantCredential.MarkOf(certificate);

    /// <summary>The marks of a Secret whose credential is delivered.</summary>
    /// <param name="token">What was issued.</param>
    public static IReadOnlyDictionary<string, string> DeliveredMarks(IssuedToken token)
    {
        var marks = new Dictionary<string, string>
        {
            [DeliveredAnnotation] = token.ServiceAccountUid,
            [TokenExpiresAtAnnotation] = Timestamp.Text(token.ExpiresAt),
        };
        if (token.Gateway?.Certificate is { } certificate) marks[CertificateAnnotation] = GrantCredential.MarkOf(certificate);
        return marks;
    }

    /// <summary>The grant's own identity.</summary>
    public static V1ServiceAccount Account(BreakGlassGrant grant, CoreSettings settings, DateTimeOffset expiresAt) => new()
    {
        Metadata = GrantNames.Meta(grant, settings.GrantsNamespace, GrantNames.Identity(grant), expiresAt),
        AutomountServiceAccountToken = false,
    };

    /// <summary>The Secret that the token is bound to, empty until the token is there.</summary>
    public static V1Secret CredentialSecret(BreakGlassGrant grant, CoreSettings settings, DateTimeOffset expiresAt) => new()
    {
        Metadata = GrantNames.Meta(grant, settings.GrantsNamespace, GrantNames.Identity(grant), expiresAt),
        Type = BreakGlassApi.CredentialSecretType,
    };

    /// <summary>Lets its holder read that one Secret.</summary>
    public static V1Role ReaderRole(BreakGlassGrant grant, CoreSettings settings, DateTimeOffset expiresAt) => new()
    {
        Metadata = GrantNames.Meta(grant, settings.GrantsNamespace, GrantNames.Reader(grant), expiresAt),
        Rules = [new() { ApiGroups = [""], Resources = ["secrets"], ResourceNames = [GrantNames.Identity(grant)], Verbs = ["get"] }],
    };

    /// <summary>Makes the requester alone that holder.</summary>
    public static V1RoleBinding ReaderBinding(BreakGlassGrant grant, CoreSettings settings, DateTimeOffset expiresAt) => new()
    {
        Metadata = GrantNames.Meta(grant, settings.GrantsNamespace, GrantNames.Reader(grant), expiresAt),
        RoleRef = RoleRef(V1Role.KubeKind, GrantNames.Reader(grant)),
        Subjects = [User(grant)],
    };

    /// <summary>The binding that gives one role in one place.</summary>
    public static IKubernetesObject<V1ObjectMeta> Binding(BreakGlassGrant grant, Target target, CoreSettings settings, DateTimeOffset expiresAt)
    {
        var name = GrantNames.Binding(grant, target.Entry);
        var roleRef = RoleRef(target.Role.Kind, target.Role.Name);
        List<Rbacv1Subject> subjects = target.IsPersistence ? [PersistenceRights.Holder(grant, settings)]
            : grant.Status.Credential is CredentialKind.BindRequester ? [User(grant)]
            : [new() { Kind = V1ServiceAccount.KubeKind, NamespaceProperty = settings.GrantsNamespace, Name = GrantNames.Identity(grant) }];
        return target.Namespace is null
            ? new V1ClusterRoleBinding { Metadata = GrantNames.Meta(grant, null, name, expiresAt), RoleRef = roleRef, Subjects = subjects }
            : new V1RoleBinding { Metadata = GrantNames.Meta(grant, target.Namespace, name, expiresAt), RoleRef = roleRef, Subjects = subjects };
    }

    /// <summary>Whether two objects stand for the same thing in the API.</summary>
    public static bool SamePlace(IKubernetesObject<V1ObjectMeta> a, IKubernetesObject<V1ObjectMeta> b) =>
        a.Metadata.Name == b.Metadata.Name && (a.Metadata.NamespaceProperty ?? "") == (b.Metadata.NamespaceProperty ?? "") && a.KindName == b.KindName;

    /// <summary>A stand-in for an object: its kind, place and a UID, and nothing else of it.</summary>
    public static IKubernetesObject<V1ObjectMeta> StandIn(IKubernetesObject<V1ObjectMeta> o, string uid) =>
        OwnedKinds.Of(o).At(new() { Name = o.Metadata.Name, NamespaceProperty = o.Metadata.NamespaceProperty, Uid = uid });

    /// <summary>Whether the operator's watches show an object like this one.</summary>
    public static bool IsWatched(IKubernetesObject<V1ObjectMeta> o) =>
        OwnedKinds.Find(o) is not { IsSelected: true } || o.LabelsOrEmpty.ContainsKey(BreakGlassApi.GrantLabel);

    /// <summary>What has to happen to an object of ours so that it is as it should be.</summary>
    public static Drift Compare(IKubernetesObject<V1ObjectMeta> desired, IKubernetesObject<V1ObjectMeta> actual) =>
        OwnedKinds.Of(desired).Compare(desired, actual) is var drift and not Drift.None ? drift : HasMarks(desired, actual) ? Drift.None : Drift.Marks;

    /// <summary>Labels of our own group alone: nothing depends on those that other projects use too, and a fight over them would have no winner.</summary>
    private static bool HasMarks(IKubernetesObject<V1ObjectMeta> want, IKubernetesObject<V1ObjectMeta> have) =>
        want.LabelsOrEmpty.Where(l => l.Key.StartsWith(BreakGlassApi.Group + "/", StringComparison.Ordinal))
            .All(l => have.LabelsOrEmpty.TryGetValue(l.Key, out var value) && value == l.Value)
        && want.AnnotationsOrEmpty.All(a => have.AnnotationsOrEmpty.TryGetValue(a.Key, out var value) && value == a.Value)
        && want.OwnersOrEmpty.All(w => have.OwnersOrEmpty.Any(h => h.Uid == w.Uid && h.Kind == w.Kind));

    private static V1RoleRef RoleRef(string kind, string name) => new() { ApiGroup = V1Role.KubeGroup, Kind = kind, Name = name };

    private static Rbacv1Subject User(BreakGlassGrant grant) =>
        new() { Kind = "User", ApiGroup = V1Role.KubeGroup, Name = (grant.Spec.Requester ?? Caller.Nobody).Username };
}
