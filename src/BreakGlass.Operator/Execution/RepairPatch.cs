using System.Text.Json;
using System.Text.Json.Nodes;
using Kube.Model;

namespace BreakGlass.Operator.Execution;

/// <summary>Merge patches (RFC 7386) that put our objects right. Each names the UID, so that another object in the same place is refused.</summary>
internal static class RepairPatch
{
    /// <summary>Everything that we decide of an object, as it should be. What others added beside it stays.</summary>
    public static JsonObject For(IKubeObject desired, string uid)
    {
        var patch = desired switch
        {
            RoleBinding binding => Node(binding, RoleBinding.Json),
            ClusterRoleBinding binding => Node(binding, ClusterRoleBinding.Json),
            Role role => Node(role, Role.Json),
            ServiceAccount account => Node(account, ServiceAccount.Json),
            _ => new JsonObject { ["metadata"] = Node(new SecretMetadata { Metadata = desired.Metadata }, SecretMetadata.Json)["metadata"]!.DeepClone() },
        };
        patch["metadata"]!["uid"] = uid;
        return patch;
    }

    /// <summary>Takes away what would keep an object alive past its deletion: a binding with a foreign finalizer gives access until that is gone.</summary>
    public static JsonObject Release(IKubeObject o) => new() { ["metadata"] = new JsonObject { ["uid"] = o.Metadata.Uid, ["finalizers"] = null } };

    /// <summary>Takes a binding's subjects and finalizers away: it gives its role to nobody then, whether or not it goes.</summary>
    public static JsonObject Empty(IKubeObject o) => new() { ["metadata"] = new JsonObject { ["uid"] = o.Metadata.Uid, ["finalizers"] = null }, ["subjects"] = null };

    /// <summary>A stand-in for an object by its place and UID.</summary>
    public static IKubeObject WithUid(this IKubeObject o, string uid)
    {
        var metadata = new ObjectMeta { Name = o.Metadata.Name, Namespace = o.Metadata.Namespace, Uid = uid };
        return o switch
        {
            RoleBinding => new RoleBinding { Metadata = metadata },
            ClusterRoleBinding => new ClusterRoleBinding { Metadata = metadata },
            Role => new Role { Metadata = metadata },
            ServiceAccount => new ServiceAccount { Metadata = metadata },
            _ => new SecretMetadata { Metadata = metadata },
        };
    }

    private static JsonObject Node<T>(T o, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> json) => JsonSerializer.SerializeToNode(o, json)!.AsObject();
}
