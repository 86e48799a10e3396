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
        new(PersistenceKind.OwnKinds, BreakGlassApi.Group, ["*/*"], WriteOrDelete, GuardMark.None),
        new(PersistenceKind.OwnKinds, "apiextensions.k8s.io", ["customresourcedefinitions", "customresourcedefinitions/status"], WriteOrDelete,
            GuardMark.OurName),
        new(PersistenceKind.OwnKinds, "apiregistration.k8s.io", ["apiservices"], WriteOrDelete, GuardMark.OurName),
        new(PersistenceKind.OwnKinds, "admissionregistration.k8s.io", ["*"], WriteOrDelete, GuardMark.OurName),
        new(PersistenceKind.OwnKinds, V1Role.KubeGroup, RbacKinds, WriteOrDelete, GuardMark.OurName),
        new(PersistenceKind.OwnKinds, "flowcontrol.apiserver.k8s.io", FlowKinds, WriteOrDelete, GuardMark.OurName),
        new(PersistenceKind.OwnKinds, "scheduling.k8s.io", ["priorityclasses"], WriteOrDelete, GuardMark.OurName),
        new(PersistenceKind.OwnNamespaces, "", ["namespaces", "namespaces/finalize", "namespaces/status"], WriteOrDelete, GuardMark.OurNamespace),

        new(PersistenceKind.Rbac, V1Role.KubeGroup, RbacKinds, WriteOrDelete, GuardMark.None),
        new(PersistenceKind.Rbac, "", ["configmaps"], Write, GuardMark.IdentityMapping),
        new(PersistenceKind.Rbac, "authorization.openshift.io", RbacKinds, WriteOrDelete, GuardMark.None),
        new(PersistenceKind.Rbac, "user.openshift.io", ["users", "groups", "identities", "useridentitymappings"], WriteOrDelete, GuardMark.None),

        new(PersistenceKind.Tokens, "", ["serviceaccounts/token"], ["CREATE"], GuardMark.None),
        new(PersistenceKind.Tokens, "", ["secrets"], Write, GuardMark.TokenType),
        new(PersistenceKind.Tokens, "oauth.openshift.io", ["*"], Write, GuardMark.None),
        new(PersistenceKind.Tokens, "config.openshift.io", ["authentications", "oauths"], Write, GuardMark.None),

        new(PersistenceKind.Csr, "certificates.k8s.io", ["*/*"], Write, GuardMark.None),
        new(PersistenceKind.Csr, "", ["configmaps"], Write, GuardMark.TrustedCertificates),

        new(PersistenceKind.Webhooks, "admissionregistration.k8s.io", ["*"], WriteOrDelete, GuardMark.None),
        new(PersistenceKind.Webhooks, "apiregistration.k8s.io", ["apiservices"], WriteOrDelete, GuardMark.None),
        new(PersistenceKind.Webhooks, "apiextensions.k8s.io", ["customresourcedefinitions"], Write, GuardMark.ConversionWebhook),
        new(PersistenceKind.Webhooks, "flowcontrol.apiserver.k8s.io", FlowKinds, WriteOrDelete, GuardMark.None),
    ];

    /// <summary>The ConfigMaps of kube-system that say who somebody is, by what a row asks of them; none for other rows.</summary>
    public static string? ConfigMapOf(GuardMark mark) => mark switch
    {
        GuardMark.IdentityMapping => "aws-auth",
        GuardMark.TrustedCertificates => "extension-apiserver-authentication",
        _ => null,
    };
}
