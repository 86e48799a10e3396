using System.Text.Json.Nodes;
using Manifests;
using TestKit;

namespace Simulation;

/// <summary>The namespaces, accounts, roles and bindings of <c>config/rbac</c>, as kubectl apply -k would make them.</summary>
internal static class InstalledRbac
{
    private static readonly IReadOnlyList<JsonObject> Objects = Load();

    /// <summary>The operator's own ServiceAccount, which may do what these roles say and nothing else.</summary>
    public static FakeUser Operator { get; } = FakeUser.ServiceAccount("breakglass-system", "breakglass-operator");

    public static FakeUser Reaper { get; } = FakeUser.ServiceAccount("breakglass-system", "breakglass-reaper");

    public static void Install(FakeApiServer server)
    {
        foreach (var o in Objects) server.PutJson(o);
    }

    private static List<JsonObject> Load() =>
    [
        .. Directory.GetFiles(Path.Combine(Golden.RepositoryRoot, "config", "rbac"), "*.yaml")
            .Where(f => Path.GetFileName(f) != "kustomization.yaml")
            .SelectMany(f => YamlText.Parse(File.ReadAllText(f)))
            .OfType<JsonObject>()
            .Where(o => (string?)o["kind"] is "Namespace" or "ServiceAccount" or "ClusterRole" or "ClusterRoleBinding" or "Role" or "RoleBinding"),
    ];
}
