namespace BreakGlass.Operator.Execution;

/// <summary>Merge patches (RFC 7386) that put our objects right. Each names the UID, so that another object in the same place is refused.</summary>
internal static class RepairPatch
{
    /// <summary>Everything that we decide of an object, as it should be. What others added beside it stays.</summary>
    public static JsonObject For(IKubernetesObject<V1ObjectMeta> desired, string uid)
    {
        var patch = OwnedResources.Of(desired).Node(desired);
        patch["metadata"]!["uid"] = uid;
        return patch;
    }

    /// <summary>Takes away what would keep an object alive past its deletion: a binding with a foreign finalizer gives access until that is gone.</summary>
    public static JsonObject Release(IKubernetesObject<V1ObjectMeta> o) =>
        new() { ["metadata"] = new JsonObject { ["uid"] = o.Metadata.Uid, ["finalizers"] = null } };

    /// <summary>Takes a binding's subjects and finalizers away: it gives its role to no subject then, whether or not it goes.</summary>
    public static JsonObject Empty(IKubernetesObject<V1ObjectMeta> o) =>
        new() { ["metadata"] = new JsonObject { ["uid"] = o.Metadata.Uid, ["finalizers"] = null }, ["subjects"] = null };
}
