using TestKit;

namespace Integration.Attacks;

/// <summary>What somebody does to RBAC who has the operator's token, on servers that can fence it (config/guard/fence.yaml).</summary>
internal static class GuardRows
{
    private const string Rbac = "/apis/rbac.authorization.k8s.io/v1";

    public static IReadOnlyList<Row> All { get; } = Release.Installed.Minor < 30 ? [] :
    [
        new("Thief", "deletes a binding of kube-system with the operator's token", Expectation.Refused("operator's fence refuses"),
            s => s.Stage.Thief.SendAsync(
                HttpMethod.Delete, $"{Rbac}/namespaces/kube-system/rolebindings/system::leader-locking-kube-scheduler?dryRun=All", null, "application/json")),
        new("Thief", "deletes a tenant's binding that carries the operator's marks", Expectation.Refused("operator's fence refuses"), async s =>
        {
            await s.PolicyAsync();
            (await s.Stage.Admin.SendAsync(
                HttpMethod.Post, $"{Rbac}/namespaces/default/rolebindings", Binding($"tenant-{s.Id}", "Group", "tenants"), "application/json")).OrThrow();
            return await s.Stage.Thief.SendAsync(HttpMethod.Delete, $"{Rbac}/namespaces/default/rolebindings/tenant-{s.Id}", null, "application/json");
        }),
        new("Thief", "binds a role of the allow-list to everybody", Expectation.Refused("operator's fence refuses"), async s =>
        {
            await s.PolicyAsync();
            return await s.Stage.Thief.SendAsync(HttpMethod.Post, $"{Rbac}/namespaces/default/rolebindings",
                Binding("breakglass-inc-0123456789", "Group", "system:authenticated"), "application/json");
        }),
        new("Thief", "writes a Role that takes the quota off the grants' namespace", Expectation.Refused("operator's fence refuses"), async s =>
        {
            await s.PolicyAsync();
            return await s.Stage.Thief.SendAsync(HttpMethod.Post, $"{Rbac}/namespaces/breakglass-grants/roles", """
                {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role",
                 "metadata":{"name":"inc-0123456789-reader","labels":{"app.kubernetes.io/managed-by":"breakglass-operator","breakglass.dev/grant":"inc"} },
                 "rules":[{"apiGroups":[""],"resources":["resourcequotas","namespaces"],"verbs":["delete","patch"]}]}
                """, "application/json");
        }),
    ];

    private static string Binding(string name, string kind, string subject) => $$"""
        {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding",
         "metadata":{"name":"{{name}}","labels":{"app.kubernetes.io/managed-by":"breakglass-operator","breakglass.dev/grant":"inc"} },
         "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"view"},
         "subjects":[{"kind":"{{kind}}","apiGroup":"rbac.authorization.k8s.io","name":"{{subject}}"}]}
        """;
}
