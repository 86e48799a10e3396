namespace BreakGlass.Core.Rules;

/// <summary>
/// What the metadata of our kinds may hold, if somebody other than the operator writes it. Metadata is kept in every cache and every list, and holds up or
/// triggers deletions, so it is bounded like a spec.
/// </summary>
public static class MetadataRules
{
    /// <summary>The most bytes of labels and annotations, keys and values together.</summary>
    public const int Most = 16 * 1024;

    /// <summary>The most bytes of what <c>kubectl apply</c> keeps of a manifest; it is in no cache. Policies may have what the API server allows.</summary>
    public const int MostLastApplied = 96 * 1024;

    /// <summary>
    /// The most bytes of <c>managedFields</c>, except on policies and authorities. The API server writes them, but anybody who may change an object adds to
    /// them under as many names as they like.
    /// </summary>
    public const int MostManagedFields = 32 * 1024;

    /// <summary>The most labels and annotations together: many short ones take more memory than their bytes.</summary>
    public const int MostEntries = 256;

    private const int MostOwners = 16;
    private const string LastApplied = "kubectl.kubernetes.io/last-applied-configuration";

    // What the API server and the garbage collector put on and take off while an object is being deleted.
    private static readonly string[] Collecting = ["foregroundDeletion", "orphan"];

    /// <summary>What is wrong with the metadata of a write; null if nothing is.</summary>
    /// <param name="before">The object as it is; null for a new one.</param>
    /// <param name="after">The object as it would be.</param>
    /// <param name="user">Who writes.</param>
    /// <param name="settings">The operator's set-up.</param>
    public static Problem? Check(IKubernetesObject<V1ObjectMeta>? before, IKubernetesObject<V1ObjectMeta> after, string user, CoreSettings settings)
    {
        if (KnownUsers.IsOurs(user, settings)) return null;
        return Size(before, after) ?? (KnownUsers.IsCollector(user) ? null : Finalizers(before, after) ?? Owners(before, after));
    }

    /// <summary>
    /// What is wrong with the <c>managedFields</c> of a change; null if nothing is. Writes that end access are not asked about: they add an entry too.
    /// </summary>
    /// <param name="o">The object as it would be.</param>
    /// <param name="before">Their bytes as they are.</param>
    /// <param name="after">Their bytes as they would be. Old servers show those of an apply that changes nothing else on both sides, so that as many
    /// as before count as more.</param>
    /// <param name="user">Who writes.</param>
    /// <param name="settings">The operator's set-up.</param>
    public static Problem? CheckManagedFields(IKubernetesObject<V1ObjectMeta> o, long before, long after, string user, CoreSettings settings) =>
        o is BreakGlassPolicy or BreakGlassAuthority || after <= MostManagedFields || after < before || KnownUsers.IsOurs(user, settings)
            || KnownUsers.IsCollector(user)
            ? null
            : new("MetadataTooLarge", "metadata.managedFields",
                $"would have {after} bytes, at most {MostManagedFields} are allowed; use fewer field managers");

    private static Problem? Size(IKubernetesObject<V1ObjectMeta>? before, IKubernetesObject<V1ObjectMeta> after)
    {
        var entries = EntriesOf(after);
        if (entries > MostEntries && (before is null || entries > EntriesOf(before)))
        {
            return new("MetadataTooLarge", "metadata",
                $"there are {entries} labels and annotations, at most {MostEntries} are allowed; remove those that nothing reads");
        }

        var size = SizeOf(after);
        if (size > Most && (before is null || size > SizeOf(before)))
        {
            return new("MetadataTooLarge", "metadata",
                $"labels and annotations have {size} bytes, at most {Most} are allowed; store long values elsewhere and refer to them here");
        }

        // A policy's manifest may be as long as the API server takes; who writes policies is trusted with more.
        if (after is BreakGlassPolicy) return null;
        var applied = AppliedOf(after);
        return applied > MostLastApplied && (before is null || applied > AppliedOf(before))
            ? new("MetadataTooLarge", $"metadata.annotations[{LastApplied}]", $"has {applied} bytes, at most {MostLastApplied} are allowed; "
                + "use 'kubectl create' or 'kubectl apply --server-side', which keep no copy of the manifest")
            : null;
    }

    private static Problem? Finalizers(IKubernetesObject<V1ObjectMeta>? before, IKubernetesObject<V1ObjectMeta> after)
    {
        var (was, becomes) = (before?.FinalizersOrEmpty ?? [], after.FinalizersOrEmpty);
        if (becomes.Except(was).Except(Collecting).FirstOrDefault() is { } added)
        {
            return new("FinalizersChanged", "metadata.finalizers",
                $"'{added}' cannot be added: another component's finalizer would delay the end of access or the deletion of the record; remove it");
        }

        return was.Contains(BreakGlassApi.RevokeFinalizer) && !becomes.Contains(BreakGlassApi.RevokeFinalizer)
            ? new("FinalizersChanged", "metadata.finalizers",
                $"'{BreakGlassApi.RevokeFinalizer}' cannot be removed: only the operator removes it, after access is gone. To end access, "
                    + "set spec.revoke or delete the object; "
                + "if the operator is gone for good, delete its webhook configurations first")
            : null;
    }

    // The garbage collector deletes an object whose owners are all gone. That would lift a lockdown, or take a decision away from its grant.
    private static Problem? Owners(IKubernetesObject<V1ObjectMeta>? before, IKubernetesObject<V1ObjectMeta> after)
    {
        var (was, becomes) = (before?.OwnersOrEmpty ?? [], after.OwnersOrEmpty);
        if (becomes.Count > MostOwners && becomes.Count > was.Count)
            return new("MetadataTooLarge", "metadata.ownerReferences", $"at most {MostOwners} owners are allowed");
        if (after is BreakGlassLockdown && becomes.FirstOrDefault(o => !was.Any(w => w.Uid == o.Uid)) is { } added)
        {
            return new("Owned", "metadata.ownerReferences",
                $"{added.Kind} '{added.Name}' cannot own a lockdown: the garbage collector would lift it; remove the owner");
        }

        return after is BreakGlassApproval or BreakGlassReview && was.FirstOrDefault(w => !becomes.Any(o => o.Uid == w.Uid)) is { } removed
            ? new("Owned", "metadata.ownerReferences", $"{removed.Kind} '{removed.Name}' cannot be removed: the decision is part of the grant's record")
            : null;
    }

    private static int EntriesOf(IKubernetesObject<V1ObjectMeta> o) => o.LabelsOrEmpty.Count + o.AnnotationsOrEmpty.Count;

    private static int SizeOf(IKubernetesObject<V1ObjectMeta> o) => Bytes(o.LabelsOrEmpty) + Bytes(o.AnnotationsOrEmpty.Where(a => a.Key != LastApplied));

    private static int AppliedOf(IKubernetesObject<V1ObjectMeta> o) => Encoding.UTF8.GetByteCount(o.AnnotationsOrEmpty.GetValueOrDefault(LastApplied) ?? "");

    private static int Bytes(IEnumerable<KeyValuePair<string, string>> map) =>
        map.Sum(m => Encoding.UTF8.GetByteCount(m.Key) + Encoding.UTF8.GetByteCount(m.Value));
}
