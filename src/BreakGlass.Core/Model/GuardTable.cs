namespace BreakGlass.Core.Model;

/// <summary>
/// Every write by which a grant's identity could keep access past its grant, or stop what ends it: way by way, with the operations and the API by which it can
/// be gone. The persistence guard and <c>RoleRisk</c> read it; <c>config/guard/policy.yaml</c> says the same in CEL, and the rules of the
/// webhook in <c>config/guard-legacy</c> list the same resources (tests hold them against it, and walk it on a real server).
/// </summary>
/// <remarks>
/// What is not in it, and why, is in docs/threat-model.md. Whatever is written into the namespaces of the grants and of the operator is refused by
/// the namespace alone and needs no row.
/// </remarks>
public static class GuardTable
{
    private static readonly string[] Write = ["CREATE", "UPDATE"];
    private static readonly string[] WriteOrDelete = ["CREATE", "UPDATE", "DELETE"];
    private static readonly string[] RbacKinds = ["roles", "rolebindings", "clusterroles", "clusterrolebindings"];
    private static readonly string[] FlowKinds = ["flowschemas", "prioritylevelconfigurations"];

    /// <summary>All rows; of those that fit a write the first decides, so what no policy can allow stands first.</summary>
    public static IReadOnlyList<GuardRow> Rows { get; } =
    [
        new(Persistence.OwnKinds, BreakGlassApi.Group, ["*/*"], WriteOrDelete, GuardMark.None),
        new(Persistence.OwnKinds, "apiextensions.k8s.io", ["customresourcedefinitions", "customresourcedefinitions/status"], WriteOrDelete, GuardMark.OurName),
        new(Persistence.OwnKinds, "apiregistration.k8s.io", ["apiservices"], WriteOrDelete, GuardMark.OurName),
        new(Persistence.OwnKinds, "admissionregistration.k8s.io", ["*"], WriteOrDelete, GuardMark.OurName),
        new(Persistence.OwnKinds, V1Role.KubeGroup, RbacKinds, WriteOrDelete, GuardMark.OurName),
        new(Persistence.OwnKinds, "flowcontrol.apiserver.k8s.io", FlowKinds, WriteOrDelete, GuardMark.OurName),
        new(Persistence.OwnKinds, "scheduling.k8s.io", ["priorityclasses"], WriteOrDelete, GuardMark.OurName),
        new(Persistence.OwnNamespaces, "", ["namespaces", "namespaces/finalize", "namespaces/status"], WriteOrDelete, GuardMark.OurNamespace),

        new(Persistence.Rbac, V1Role.KubeGroup, RbacKinds, WriteOrDelete, GuardMark.None),
        new(Persistence.Rbac, "", ["configmaps"], Write, GuardMark.IdentityMapping),
        new(Persistence.Rbac, "authorization.openshift.io", RbacKinds, WriteOrDelete, GuardMark.None),
        new(Persistence.Rbac, "user.openshift.io", ["users", "groups", "identities", "useridentitymappings"], WriteOrDelete, GuardMark.None),

        new(Persistence.Tokens, "", ["serviceaccounts/token"], ["CREATE"], GuardMark.None),
        new(Persistence.Tokens, "", ["secrets"], Write, GuardMark.TokenType),
        new(Persistence.Tokens, "oauth.openshift.io", ["*"], Write, GuardMark.None),
        new(Persistence.Tokens, "config.openshift.io", ["authentications", "oauths"], Write, GuardMark.None),

        new(Persistence.Csr, "certificates.k8s.io", ["*/*"], Write, GuardMark.None),
        new(Persistence.Csr, "", ["configmaps"], Write, GuardMark.TrustedCertificates),

        new(Persistence.Webhooks, "admissionregistration.k8s.io", ["*"], WriteOrDelete, GuardMark.None),
        new(Persistence.Webhooks, "apiregistration.k8s.io", ["apiservices"], WriteOrDelete, GuardMark.None),
        new(Persistence.Webhooks, "apiextensions.k8s.io", ["customresourcedefinitions"], Write, GuardMark.ConversionWebhook),
        new(Persistence.Webhooks, "flowcontrol.apiserver.k8s.io", FlowKinds, WriteOrDelete, GuardMark.None),
    ];

    /// <summary>The ConfigMaps of kube-system that say who somebody is, by what a row asks of them; none for other rows.</summary>
    public static string? ConfigMapOf(GuardMark mark) => mark switch
    {
        GuardMark.IdentityMapping => "aws-auth",
        GuardMark.TrustedCertificates => "extension-apiserver-authentication",
        _ => null,
    };
}

/// <summary>One row of the table.</summary>
/// <param name="Way">Which way to persistence it is.</param>
/// <param name="Group">API group; empty for the core group. All versions of it.</param>
/// <param name="Resources">Resources and subresources as a webhook's rules name them: <c>*</c> for all resources, <c>*/*</c> for their subresources
/// as well.</param>
/// <param name="Operations">CREATE, UPDATE (which is what a patch is), DELETE.</param>
/// <param name="Mark">What the object must have about it.</param>
public sealed record GuardRow(Persistence Way, string Group, IReadOnlyList<string> Resources, IReadOnlyList<string> Operations, GuardMark Mark);

/// <summary>What tells a guarded object from others of its kind.</summary>
public enum GuardMark
{
    /// <summary>Nothing: all objects of the kind are guarded.</summary>
    None,

    /// <summary>A name of BreakGlass's own: <c>breakglass…</c> or <c>….breakglass.dev</c>; also the deletion of a whole collection.</summary>
    OurName,

    /// <summary>The namespaces of the grants and of the operator.</summary>
    OurNamespace,

    /// <summary>A Secret of a type that the control plane fills with a token or takes for one, now or before the write.</summary>
    TokenType,

    /// <summary>The ConfigMap by which EKS maps cloud identities to users and groups.</summary>
    IdentityMapping,

    /// <summary>The ConfigMap that tells API servers behind the aggregation layer which certificates to believe.</summary>
    TrustedCertificates,

    /// <summary>A CRD whose objects pass through a webhook on every read and write.</summary>
    ConversionWebhook,
}
