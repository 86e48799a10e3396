using System.Text.Json;
using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Kube.Client;

namespace BreakGlass.Operator.Execution;

/// <summary>Merge patches (RFC 7386) that put our objects right. Each names the UID, so that another object in the same place is refused.</summary>
internal static class RepairPatch
{
    /// <summary>Everything that we decide of an object, as it should be. What others added beside it stays.</summary>
    public static JsonObject For(IKubernetesObject<V1ObjectMeta> desired, string uid)
    {
        var patch = desired switch
        {
            V1RoleBinding binding => Node(binding, KubeModels.Json<V1RoleBinding>()),
            V1ClusterRoleBinding binding => Node(binding, KubeModels.Json<V1ClusterRoleBinding>()),
            V1Role role => Node(role, KubeModels.Json<V1Role>()),
            V1ServiceAccount account => Node(account, KubeModels.Json<V1ServiceAccount>()),
            _ => new JsonObject { ["metadata"] = Node(new SecretMetadata { Metadata = desired.Metadata }, KubeModels.Json<SecretMetadata>())["metadata"]!.DeepClone() },
        };
        patch["metadata"]!["uid"] = uid;
        return patch;
    }

    /// <summary>Takes away what would keep an object alive past its deletion: a binding with a foreign finalizer gives access until that is gone.</summary>
    public static JsonObject Release(IKubernetesObject<V1ObjectMeta> o) => new() { ["metadata"] = new JsonObject { ["uid"] = o.Metadata.Uid, ["finalizers"] = null } };

    /// <summary>Takes a binding's subjects and finalizers away: it gives its role to nobody then, whether or not it goes.</summary>
    public static JsonObject Empty(IKubernetesObject<V1ObjectMeta> o) => new() { ["metadata"] = new JsonObject { ["uid"] = o.Metadata.Uid, ["finalizers"] = null }, ["subjects"] = null };

    private static JsonObject Node<T>(T o, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> json) => JsonSerializer.SerializeToNode(o, json)!.AsObject();
}
