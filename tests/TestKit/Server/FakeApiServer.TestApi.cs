using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using k8s;
using k8s.Models;
using Kube.Client;

namespace TestKit;

// What a test says directly to the server's state: no faults, no RBAC, no entry in the request log; watches see it.
public sealed partial class FakeApiServer
{
    /// <summary>
    /// Stores an object as it is, status and metadata included, over whatever is there. The UID and creation time of an object
    /// that is already there stay unless others are given; a new object gets them where they are missing. The namespace need not exist.
    /// </summary>
    public T Put<T>(T obj)
        where T : class, IKubernetesObject<V1ObjectMeta> => Put(KubeKinds.Of<T>().Resource, KubeKinds.Of<T>().Json, obj);

    /// <summary>The object, or null.</summary>
    public T? Get<T>(string name, string? ns = null)
        where T : class, IKubernetesObject<V1ObjectMeta> => Get(KubeKinds.Of<T>().Resource, KubeKinds.Of<T>().Json, name, ns);

    /// <summary>All objects of a kind, in one namespace or all.</summary>
    public IReadOnlyList<T> List<T>(string? ns = null)
        where T : class, IKubernetesObject<V1ObjectMeta> => List(KubeKinds.Of<T>().Resource, KubeKinds.Of<T>().Json, ns);

    /// <summary>Changes an object by the rules of a replace of main resource and status both.</summary>
    public T Modify<T>(string name, string? ns, Func<T, T> change)
        where T : class, IKubernetesObject<V1ObjectMeta> => Modify(KubeKinds.Of<T>().Resource, KubeKinds.Of<T>().Json, name, ns, change);

    /// <summary>Deletes as a user does: finalizers hold the object.</summary>
    /// <returns>Whether it was there.</returns>
    public bool Delete<T>(string name, string? ns = null)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        lock (_store.Gate)
        {
            var r = Resources.Of(KubeKinds.Of<T>().Resource);
            if (_store.Find(r, new(ns ?? "", name)) is null) return false;
            _writer.Delete(r, new(ns ?? "", name), null, out _);
            return true;
        }
    }

    /// <summary>Takes an object away whatever its finalizers say.</summary>
    public void Remove<T>(string name, string? ns = null)
        where T : class, IKubernetesObject<V1ObjectMeta> => Remove(KubeKinds.Of<T>().Resource, name, ns);

    /// <summary>An object as JSON, for kinds that have no type; a copy, or null.</summary>
    public JsonObject? GetJson(string group, string version, string plural, string name, string? ns = null)
    {
        lock (_store.Gate) return _store.Find(Find(group, version, plural), new(ns ?? "", name))?.Clone();
    }

    /// <summary>As <see cref="Put{T}"/>, for kinds that have no type. <c>apiVersion</c> and <c>kind</c> must be set.</summary>
    public JsonObject PutJson(JsonObject o)
    {
        var r = Resources.All.FirstOrDefault(d => d.ApiVersion == o.Text("apiVersion") && d.Kind == o.Text("kind"))
            ?? throw new InvalidOperationException($"The fake server does not serve {o.Text("apiVersion")} {o.Text("kind")}.");
        return Put(r, o.Clone());
    }

    /// <summary>Makes a namespace.</summary>
    public V1Namespace CreateNamespace(string name, params (string Key, string Value)[] labels) =>
        Put(new V1Namespace { Metadata = new() { Name = name, Labels = labels.ToDictionary(l => l.Key, l => l.Value) } });

    /// <summary>Every object as <c>resource namespace/name</c>, in order, for assertions on what is left over.</summary>
    public IReadOnlyList<string> Inventory()
    {
        lock (_store.Gate)
        {
            return [.. Resources.All.SelectMany(r => _store.All(r).Select(p => $"{r} {p.Key}")).Order(StringComparer.Ordinal)];
        }
    }

    private JsonObject Put(ResourceDefinition r, JsonObject o)
    {
        lock (_store.Gate)
        {
            var key = new StoreKey(r.Namespaced ? o.Namespace() : "", o.Name());
            if (r.Namespaced && key.Namespace.Length == 0) throw new InvalidOperationException($"{r} {key.Name} needs a namespace.");
            var old = _store.Find(r, key);
            var meta = o.Meta();
            o["apiVersion"] = r.ApiVersion;
            o["kind"] = r.Kind;
            meta["uid"] ??= old?.Uid() ?? _writer.NewUid();
            meta["creationTimestamp"] ??= old.Text("metadata", "creationTimestamp") is { Length: > 0 } made ? made : Json.Seconds(Clock.GetUtcNow());
            if (r.Custom) meta["generation"] ??= (old.Number("metadata", "generation") ?? 0) + 1;
            r.Default?.Invoke(o);
            return _store.Set(r, key, o).Clone();
        }
    }

    private ResourceDefinition Find(string group, string version, string plural) =>
        Resources.Find(group, version, plural) ?? throw new InvalidOperationException($"The fake server does not serve {plural}.{group}/{version}.");

    internal T Put<T>(ResourceType resource, JsonTypeInfo<T> json, T obj)
        where T : class => Put(Resources.Of(resource), (JsonObject)JsonSerializer.SerializeToNode(obj, json)!).Deserialize(json)!;

    internal T? Get<T>(ResourceType resource, JsonTypeInfo<T> json, string name, string? ns)
        where T : class
    {
        lock (_store.Gate) return _store.Find(Resources.Of(resource), new(ns ?? "", name))?.Deserialize(json);
    }

    internal IReadOnlyList<T> List<T>(ResourceType resource, JsonTypeInfo<T> json, string? ns)
        where T : class
    {
        lock (_store.Gate) return [.. _store.In(Resources.Of(resource), ns ?? "").Select(p => p.Value.Deserialize(json)!)];
    }

    internal T Modify<T>(ResourceType resource, JsonTypeInfo<T> json, string name, string? ns, Func<T, T> change)
        where T : class
    {
        lock (_store.Gate)
        {
            var current = Get(resource, json, name, ns) ?? throw new InvalidOperationException($"There is no {resource} {name} in the fake server.");
            var r = Resources.Of(resource);
            var key = new StoreKey(ns ?? "", name);
            var o = (JsonObject)JsonSerializer.SerializeToNode(change(current), json)!;
            o.Meta().Remove("resourceVersion");
            var stored = _writer.Save(r, key, "", o.Clone(), _store.Find(r, key)!);
            if (r.HasStatus && _store.Find(r, key) is { } now) stored = _writer.Save(r, key, "status", o, now);
            return stored.Deserialize(json)!;
        }
    }

    internal void Remove(ResourceType resource, string name, string? ns)
    {
        lock (_store.Gate) _store.Remove(Resources.Of(resource), new(ns ?? "", name));
    }
}
