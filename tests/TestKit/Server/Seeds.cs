using k8s;
using k8s.Models;
using Kube.Client;

namespace TestKit;

/// <summary>What every cluster has from the start, cut down to what tests ask about.</summary>
internal static class Seeds
{
    private static readonly string[] Read = ["get", "list", "watch"];
    private static readonly string[] Write = ["create", "delete", "deletecollection", "patch", "update"];

    public static void Plant(FakeApiServer server)
    {
        foreach (var ns in new[] { "default", "kube-system" }) server.CreateNamespace(ns);
        Role(server, "cluster-admin", new V1PolicyRule { Verbs = ["*"], ApiGroups = ["*"], Resources = ["*"] },
            new V1PolicyRule { Verbs = ["*"], NonResourceURLs = ["*"] });
        var view = new V1PolicyRule { Verbs = Read, ApiGroups = ["", "apps"], Resources = ["configmaps", "pods", "pods/log", "services", "deployments"] };
        var change = new V1PolicyRule { Verbs = Write, ApiGroups = ["", "apps"], Resources = ["configmaps", "pods", "pods/exec", "services", "deployments"] };
        var secrets = new V1PolicyRule { Verbs = [.. Read, .. Write], ApiGroups = [""], Resources = ["secrets", "serviceaccounts"] };
        Role(server, "view", view);
        Role(server, "edit", view, change, secrets);
        Role(server, "admin", view, change, secrets,
            new V1PolicyRule { Verbs = [.. Read, .. Write], ApiGroups = [V1Role.KubeGroup], Resources = ["roles", "rolebindings"] });
        Role(server, "system:discovery", new V1PolicyRule { Verbs = ["get"], NonResourceURLs = ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez",
            "/readyz", "/version", "/version/"] });
        Role(server, "system:basic-user", new V1PolicyRule { Verbs = ["create"], ApiGroups = ["authorization.k8s.io"], Resources = ["selfsubjectaccessreviews",
            "selfsubjectrulesreviews"] });
        Bind(server, "cluster-admin", "system:masters");
        Bind(server, "system:discovery", "system:authenticated");
        Bind(server, "system:basic-user", "system:authenticated");
    }

    private static void Role(FakeApiServer server, string name, params V1PolicyRule[] rules) =>
        server.Put(new V1ClusterRole { Metadata = new() { Name = name }, Rules = rules });

    private static void Bind(FakeApiServer server, string role, string group) => server.Put(new V1ClusterRoleBinding
    {
        Metadata = new() { Name = role },
        RoleRef = new() { Kind = "ClusterRole", Name = role },
        Subjects = [new() { Kind = "Group", ApiGroup = V1Role.KubeGroup, Name = group }],
    });
}
