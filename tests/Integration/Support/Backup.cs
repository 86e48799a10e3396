namespace Integration;

/// <summary>What a restore of an old backup brings back: objects of a grant that is not there any more.</summary>
internal static class Backup
{
    /// <summary>
    /// A binding that gives Mallory access, and the grant's identity and Secret. All have the marks of the operator, and names of the shape that it gives: its
    /// fence lets it delete nothing else.
    /// </summary>
    public static string Of(Incident incident, string expiresAt = "2999-01-01T00:00:00Z") => $$"""
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {name: breakglass-{{incident.Grant}}-0123456789, namespace: {{incident.Namespace}}, {{Marks(incident, expiresAt)}}}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
        subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: mallory}]
        ---
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: {{incident.Grant}}-0123456789, namespace: breakglass-grants, {{Marks(incident, expiresAt)}}}
        ---
        apiVersion: v1
        kind: Secret
        metadata: {name: {{incident.Grant}}-0123456789, namespace: breakglass-grants, {{Marks(incident, expiresAt)}}}
        type: breakglass.dev/credential
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: {name: {{incident.Grant}}-0123456789-reader, namespace: breakglass-grants, {{Marks(incident, expiresAt)}}}
        rules: [{apiGroups: [""], resources: [secrets], resourceNames: [{{incident.Grant}}-0123456789], verbs: [get]}]
        """;

    private static string Marks(Incident incident, string expiresAt) =>
        $"labels: {{app.kubernetes.io/managed-by: breakglass-operator, breakglass.dev/grant: {incident.Grant}, breakglass.dev/policy: {incident.Policy}}}, "
        + $"annotations: {{breakglass.dev/expires-at: \"{expiresAt}\", breakglass.dev/grant-uid: 11111111-2222-3333-4444-555555555555}}";
}
