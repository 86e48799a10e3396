using System.Text.Json.Nodes;

namespace TestKit;

// What kube-controller-manager does in a real cluster, one step at a time and only when asked.
public sealed partial class FakeApiServer
{
    /// <summary>
    /// Deletes objects whose owners (by UID) are all gone, to the end of the chain, and finishes foreground and orphan deletions.
    /// An owner reference to an object that is still there keeps its dependent.
    /// </summary>
    /// <returns>How many objects went.</returns>
    public int CollectGarbage()
    {
        lock (_store.Gate)
        {
            var removed = 0;
            while (GarbageStep(ref removed))
            {
            }

            return removed;
        }
    }

    /// <summary>
    /// Carries on the deletion of a terminating namespace: deletes everything in it and, if no finalizer holds anything back,
    /// the namespace itself.
    /// </summary>
    /// <returns>Whether the namespace is gone.</returns>
    public bool FinishNamespaceDeletion(string name)
    {
        lock (_store.Gate)
        {
            var namespaces = Find("", "v1", "namespaces");
            var ns = _store.Find(namespaces, new("", name)) ?? throw new InvalidOperationException($"There is no namespace {name} in the fake server.");
            if (!ns.IsDeleting()) throw new InvalidOperationException($"Namespace {name} is not being deleted; delete it first.");
            foreach (var r in Resources.All.Where(r => r.Namespaced))
            {
                foreach (var (key, _) in _store.In(r, name).ToList()) _writer.Delete(r, key, null, out _);
            }

            if (Resources.All.Any(r => r.Namespaced && _store.In(r, name).Any())) return false;
            _store.Remove(namespaces, new("", name));
            return true;
        }
    }

    // One pass over everything; true if it changed something, so that another may find more.
    private bool GarbageStep(ref int removed)
    {
        var all = Resources.All.SelectMany(r => _store.All(r).Select(p => (Resource: r, p.Key, Object: p.Value))).ToList();
        var alive = all.Select(o => o.Object.Uid()).ToHashSet();
        var changed = false;
        foreach (var (r, key, o) in all)
        {
            if (!ReferenceEquals(_store.Find(r, key), o)) continue;
            var owners = o.Objects("metadata", "ownerReferences");
            if (!o.IsDeleting())
            {
                if (owners.Count == 0 || owners.Any(w => alive.Contains(w.Text("uid")))) continue;
                if (_writer.Delete(r, key, null, out _) is null) removed++;
                changed = true;
                continue;
            }

            var finalizers = o.Texts("metadata", "finalizers");
            if (finalizers.Contains("orphan"))
            {
                foreach (var (dr, dk, d) in DependentsOf(o)) DropOwner(dr, dk, d, o.Uid());
                DropFinalizer(r, key, o, "orphan");
                changed = true;
            }
            else if (finalizers.Contains("foregroundDeletion"))
            {
                foreach (var (dr, dk, _) in DependentsOf(o).Where(d => !d.Object.IsDeleting()))
                {
                    if (_writer.Delete(dr, dk, null, out _) is null) removed++;
                    changed = true;
                }

                var blocked = DependentsOf(o).Any(
                    d => d.Object.Objects("metadata", "ownerReferences").Any(w => w.Text("uid") == o.Uid() && w.Flag("blockOwnerDeletion")));
                if (blocked) continue;
                DropFinalizer(r, key, o, "foregroundDeletion");
                changed = true;
            }
        }

        return changed;
    }

    private List<(ResourceDefinition Resource, StoreKey Key, JsonObject Object)> DependentsOf(JsonObject owner) =>
    [
        .. from r in Resources.All
           from p in _store.All(r)
           where p.Value.Objects("metadata", "ownerReferences").Any(w => w.Text("uid") == owner.Uid())
           select (r, p.Key, p.Value),
    ];

    private void DropOwner(ResourceDefinition r, StoreKey key, JsonObject o, string uid)
    {
        var changed = o.Clone();
        changed.Meta()["ownerReferences"] = new JsonArray(
            [.. o.Objects("metadata", "ownerReferences").Where(w => w.Text("uid") != uid).Select(w => w.DeepClone())]);
        _writer.Save(r, key, "", changed, o);
    }

    private void DropFinalizer(ResourceDefinition r, StoreKey key, JsonObject o, string finalizer)
    {
        var changed = o.Clone();
        changed.Meta()["finalizers"] = new JsonArray([.. o.Texts("metadata", "finalizers").Where(f => f != finalizer).Select(f => (JsonNode)f)]);
        _writer.Save(r, key, "", changed, o);
    }
}
