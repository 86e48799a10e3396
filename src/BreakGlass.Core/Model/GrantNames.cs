using System.Security.Cryptography;

namespace BreakGlass.Core.Model;

/// <summary>
/// Names and marks of everything made for a grant. All of them follow from the grant's name and UID, so a crashed run finds what it made, and a
/// namesake made later gets others.
/// </summary>
public static class GrantNames
{
    /// <summary>What the names of all bindings that give access begin with.</summary>
    internal const string Prefix = "breakglass-";

    /// <summary>What the names end with of the objects that let the requester read the credential.</summary>
    internal const string ReaderSuffix = "-reader";

    /// <summary>The name of the grant's ServiceAccount and of its credential Secret.</summary>
    public static string Identity(BreakGlassGrant grant) => $"{grant.Metadata.Name}-{Digest(grant.Metadata.Uid ?? "")}";

    /// <summary>The name of the Role and RoleBinding that let the requester read the credential Secret.</summary>
    public static string Reader(BreakGlassGrant grant) => Identity(grant) + ReaderSuffix;

    /// <summary>Whether an object stands in the place of the RoleBinding by which the requester reads the credential.</summary>
    public static bool IsReader(BreakGlassGrant grant, IKubernetesObject<V1ObjectMeta> o) => o is V1RoleBinding && o.Metadata.Name == Reader(grant);

    /// <summary>The name of the binding of one access entry; the same in every namespace.</summary>
    public static string Binding(BreakGlassGrant grant, string entry) => $"{BindingPrefix(grant)}{Digest($"{grant.Metadata.Uid}/{entry}")}";

    /// <summary>What the names of all bindings that give a grant's access begin with.</summary>
    public static string BindingPrefix(BreakGlassGrant grant) => $"{Prefix}{grant.Metadata.Name}-";

    /// <summary>
    /// The metadata of an object made for the grant: marks, and the grant as owner, so that the cluster's own garbage collector ends access too.
    /// </summary>
    public static V1ObjectMeta Meta(BreakGlassGrant grant, string? ns, string name, DateTimeOffset expiresAt) => new()
    {
        Name = name,
        NamespaceProperty = ns,
        Labels = new Dictionary<string, string>
        {
            [BreakGlassApi.ManagedByLabel] = BreakGlassApi.ManagedBy,
            [BreakGlassApi.GrantLabel] = grant.Metadata.Name,
            [BreakGlassApi.PolicyLabel] = grant.Spec.Policy,
        },
        Annotations = new Dictionary<string, string>
        {
            [BreakGlassApi.ExpiresAtAnnotation] = Timestamp.Text(expiresAt),
            [BreakGlassApi.GrantUidAnnotation] = grant.Metadata.Uid ?? "",
        },
        OwnerReferences =
        [
            new() { ApiVersion = grant.ApiVersion, Kind = grant.Kind, Name = grant.Metadata.Name, Uid = grant.Metadata.Uid ?? "" },
        ],
    };

    /// <summary>The record of a binding in the grant's status.</summary>
    public static BindingRecord Record(BreakGlassGrant grant, Target target) => new()
    {
        Kind = target.Namespace is null ? V1ClusterRoleBinding.KubeKind : V1RoleBinding.KubeKind,
        Namespace = target.Namespace,
        Name = Binding(grant, target.Entry),
        Role = target.Role.ToString(),
        NamespaceUid = target.NamespaceUid,
    };

    /// <summary>Where the grant's credential Secret stands.</summary>
    public static IKubernetesObject<V1ObjectMeta> CredentialPlace(BreakGlassGrant grant, CoreSettings settings) =>
        new SecretMetadata { Metadata = new() { Name = Identity(grant), NamespaceProperty = settings.GrantsNamespace } };

    /// <summary>Where a recorded binding stands.</summary>
    public static IKubernetesObject<V1ObjectMeta> Place(BindingRecord record) => record.Kind == V1ClusterRoleBinding.KubeKind
        ? new V1ClusterRoleBinding { Metadata = new() { Name = record.Name } }
        : new V1RoleBinding { Metadata = new() { Name = record.Name, NamespaceProperty = record.Namespace } };

    /// <summary>Whether an object was made for this grant: its annotation says so, or its owner reference does where the other was tampered with.</summary>
    public static bool Owns(BreakGlassGrant grant, IKubernetesObject<V1ObjectMeta> o)
    {
        var uid = grant.Metadata.Uid;
        if (string.IsNullOrEmpty(uid)) return false;
        return o.AnnotationsOrEmpty.GetValueOrDefault(BreakGlassApi.GrantUidAnnotation) == uid || o.OwnersOrEmpty.Any(r => r.Uid == uid);
    }

    private static string Digest(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..10];
}
