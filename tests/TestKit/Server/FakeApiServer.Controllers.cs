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

    private bool GarbageStep(ref int removed)
    {
        var all = Resources.All.SelectMany(r => _store.All(r).Select(p => (Resource: r, p.Key, Object: p.Value))).ToList();
        var alive = all.Select(o => o.Object.Uid()).ToHashSet();
        foreach (var (r, key, o) in all)
        {
            var owners = o.Objects("metadata", "ownerReferences");
            if (owners.Count > 0 && owners.All(w => !alive.Contains(w.Text("uid"))) && !o.IsDeleting())
            {
                if (_writer.Delete(r, key, null, out _) is null) removed++;
                return true;
            }

            if (!o.IsDeleting()) continue;
            var finalizers = o.Texts("metadata", "finalizers");
            var dependents = all.Where(d => d.Object.Objects("metadata", "ownerReferences").Any(w => w.Text("uid") == o.Uid())).ToList();
            if (finalizers.Contains("orphan"))
            {
                foreach (var (dr, dk, d) in dependents) DropOwner(dr, dk, d, o.Uid());
                DropFinalizer(r, key, o, "orphan");
                return true;
            }

            if (!finalizers.Contains("foregroundDeletion")) continue;
            var waiting = dependents.Where(d => !d.Object.IsDeleting()).ToList();
            foreach (var (dr, dk, _) in waiting)
            {
                if (_writer.Delete(dr, dk, null, out _) is null) removed++;
            }

            var blocked = dependents.Any(d => _store.Find(d.Resource, d.Key) is { } left
                && left.Objects("metadata", "ownerReferences").Any(w => w.Text("uid") == o.Uid() && w.Flag("blockOwnerDeletion")));
            if (!blocked) DropFinalizer(r, key, o, "foregroundDeletion");
            if (!blocked || waiting.Count > 0) return true;
        }

        return false;
    }

    private void DropOwner(ResourceDefinition r, StoreKey key, JsonObject o, string uid)
    {
        var changed = o.Clone();
        changed.Meta()["ownerReferences"] = new JsonArray([.. o.Objects("metadata", "ownerReferences").Where(w => w.Text("uid") != uid).Select(w => w.DeepClone())]);
        _writer.Save(r, key, "", changed, o);
    }

    private void DropFinalizer(ResourceDefinition r, StoreKey key, JsonObject o, string finalizer)
    {
        var changed = o.Clone();
        changed.Meta()["finalizers"] = new JsonArray([.. o.Texts("metadata", "finalizers").Where(f => f != finalizer).Select(f => (JsonNode)f)]);
        _writer.Save(r, key, "", changed, o);
    }
}
