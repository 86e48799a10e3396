using System.Globalization;
using System.Text.Json.Nodes;

namespace TestKit;

/// <summary>What create, update and delete do and refuse (apiserver's registry/generic and registry/rest). Callers hold the store's gate.</summary>
internal sealed class ObjectWriter(ObjectStore store, ResourceRegistry resources, TimeProvider clock)
{
    private const int MostGeneratedPrefix = 58;
    private const string NameAlphabet = "bcdfghjklmnpqrstvwxz2456789";

    private long _uids;
    private ulong _names = 20_261_122;

    public JsonObject Create(ResourceDefinition r, string ns, JsonObject body)
    {
        var o = body.Clone();
        MatchRequest(r, ns, null, o);
        if (r.Namespaced) RequireLiveNamespace(r, ns, o.Name() is { Length: > 0 } given ? given : o.Text("metadata", "generateName"));
        var meta = o.Meta();
        if (o.Text("metadata", "resourceVersion").Length > 0) throw ApiException.Untyped("resourceVersion should not be set on objects to be created");
        if (o.Name().Length == 0 && o.Text("metadata", "generateName") is { Length: > 0 } prefix)
            meta["name"] = prefix[..Math.Min(prefix.Length, MostGeneratedPrefix)] + Suffix();
        if (r.Namespaced) meta["namespace"] = ns;
        foreach (var field in new[] { "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "managedFields", "generation" }) meta.Remove(field);
        meta["uid"] = NewUid();
        meta["creationTimestamp"] = Json.Seconds(clock.GetUtcNow());
        if (r.Custom) meta["generation"] = 1L;
        if (r.HasStatus) o.Remove("status");
        Complete(r, o, null);
        var key = new StoreKey(r.Namespaced ? ns : "", o.Name());
        return store.Find(r, key) is { } there ? throw ApiException.AlreadyExists(r, key.Name, there.IsDeleting()) : store.Set(r, key, o);
    }

    /// <summary>Replaces an object, or its status alone. Writes nothing if nothing would change, as the real server does.</summary>
    public JsonObject Update(ResourceDefinition r, StoreKey key, string subresource, JsonObject body)
    {
        var o = body.Clone();
        MatchRequest(r, key.Namespace, key.Name, o);
        if (store.Find(r, key) is not { } old)
        {
            if (!r.CreateOnUpdate || subresource.Length > 0) throw ApiException.NotFound(r, key.Name);
            o.Meta().Remove("resourceVersion");
            o.Meta()["name"] = key.Name;
            return Create(r, key.Namespace, o);
        }

        if (o.Uid() is { Length: > 0 } uid && uid != old.Uid())
        {
            throw ApiException.Conflict(r, key.Name, $"StorageError: invalid object, Code: 4, Key: /registry/{r.Plural}/{key}, ResourceVersion: 0, "
                + $"AdditionalErrorMsg: Precondition failed: UID in precondition: {uid}, UID in object meta: {old.Uid()}");
        }

        var version = o.Text("metadata", "resourceVersion");
        if (version.Length == 0 && !r.UnconditionalUpdate)
            throw ApiException.Invalid(r.Group, r.Plural, key.Name, FieldError.Invalid("metadata.resourceVersion", "0x0", "must be specified for an update"));
        if (version.Length > 0 && version != old.Text("metadata", "resourceVersion")) throw ApiException.Stale(r, key.Name);
        return Save(r, key, subresource, o, old);
    }

    /// <summary>Takes over what may change, checks it, bumps the generation, and lets an object go whose last finalizer went.</summary>
    public JsonObject Save(ResourceDefinition r, StoreKey key, string subresource, JsonObject o, JsonObject old)
    {
        if (subresource == "status")
        {
            var status = o["status"]?.DeepClone();
            o = old.Clone();
            if (status is null) o.Remove("status");
            else o["status"] = status;
        }
        else if (subresource == "approval")
        {
            var conditions = o["status"]?["conditions"]?.DeepClone();
            o = old.Clone();
            if (o["status"] is not JsonObject) o["status"] = new JsonObject();
            o["status"]!["conditions"] = conditions;
        }
        else
        {
            if (r.HasStatus) Keep(old, o, "status");
            foreach (var field in new[] { "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "resourceVersion",
                "name", "namespace" }) Keep(old.Meta(), o.Meta(), field);
            if (o.Text("kind") == "Secret" && o.Text("type").Length == 0) Keep(old, o, "type");
            Complete(r, o, old);
        }

        if (Json.Same(o, old)) return old;
        if (r.Custom && subresource != "status" && !SameSpec(r, o, old)) o.Meta()["generation"] = (old.Number("metadata", "generation") ?? 0) + 1;
        if (o.IsDeleting() && o.Texts("metadata", "finalizers").Count == 0 && r.Plural != "namespaces")
        {
            store.Remove(r, key);
            return o;
        }

        return store.Set(r, key, o);
    }

    /// <summary>Deletes an object, or marks it as being deleted while finalizers hold it.</summary>
    /// <returns>The object while it is still there, null once it is gone.</returns>
    public JsonObject? Delete(ResourceDefinition r, StoreKey key, JsonObject? options, out JsonObject last)
    {
        last = store.Find(r, key) ?? throw ApiException.NotFound(r, key.Name);
        CheckPreconditions(r, last, options);
        var finalizers = last.Texts("metadata", "finalizers").ToList();
        var policy = options.Text("propagationPolicy");
        if (policy is not ("" or "Background" or "Foreground" or "Orphan")) throw ApiException
            .Invalid("meta.k8s.io", "DeleteOptions", "", FieldError.NotSupported("propagationPolicy", policy, "Foreground", "Background", "Orphan", "nil"));
        if (policy is "Foreground" && !finalizers.Contains("foregroundDeletion")) finalizers.Add("foregroundDeletion");
        if (policy is "Orphan" && !finalizers.Contains("orphan")) finalizers.Add("orphan");
        if (finalizers.Count == 0 && r.Plural != "namespaces")
        {
            store.Remove(r, key);
            return null;
        }

        if (last.IsDeleting()) return last;
        var o = last.Clone();
        var meta = o.Meta();
        meta["deletionTimestamp"] = Json.Seconds(clock.GetUtcNow());
        if (finalizers.Count > 0) meta["finalizers"] = new JsonArray([.. finalizers.Select(f => (JsonNode)f)]);
        if (r.Plural == "namespaces") o["status"] = new JsonObject { ["phase"] = "Terminating" };
        else meta["deletionGracePeriodSeconds"] = 0;
        if (o.Number("metadata", "generation") is { } generation) meta["generation"] = generation + 1;
        return store.Set(r, key, o);
    }

    public string NewUid() => $"00000000-0000-4000-8000-{(++_uids).ToString("x12", CultureInfo.InvariantCulture)}";

    public void RequireLiveNamespace(ResourceDefinition r, string ns, string name)
    {
        var namespaces = resources.Find("", "v1", "namespaces")!;
        var found = store.Find(namespaces, new("", ns)) ?? throw ApiException.NotFound(namespaces, ns);
        if (found.Text("status", "phase") != "Terminating") return;
        throw ApiException.Forbidden(
            r, name, $"unable to create new content in namespace {ns} because it is being terminated",
            new("NamespaceTerminating", "metadata.namespace", $"namespace {ns} is being terminated"));
    }

    /// <summary>Fills in kind and defaults and refuses what the rules of metadata and kind forbid.</summary>
    private static void Complete(ResourceDefinition r, JsonObject o, JsonObject? old)
    {
        o["apiVersion"] = r.ApiVersion;
        o["kind"] = r.Kind;
        o.Meta().Remove("managedFields");
        r.Default?.Invoke(o);
        List<FieldError> errors = [.. MetaRules.Check(r, o, old), .. r.Validate?.Invoke(o, old) ?? []];
        if (errors.Count > 0) throw ApiException.Invalid(r, o.Name(), errors);
    }

    private static void MatchRequest(ResourceDefinition r, string ns, string? name, JsonObject o)
    {
        if ((o.Text("kind") is { Length: > 0 } kind && kind != r.Kind) || (o.Text("apiVersion") is { Length: > 0 } version && version != r.ApiVersion))
        {
            throw ApiException.BadRequest($"the API version in the data ({o.Text("apiVersion")}, Kind={o.Text("kind")}) does not match the expected API "
                + $"version ({r.ApiVersion}, Kind={r.Kind})");
        }

        if (r.Custom && o.Text("kind").Length == 0) throw ApiException
            .BadRequest($"{r.Kind} in version \"{r.Version}\" cannot be handled as a {r.Kind}: unmarshalerDecoder: Object 'Kind' is missing");
        if (name is not null && o.Name().Length == 0) throw ApiException.BadRequest("name must be provided");
        if (name is not null && o.Name() != name)
            throw ApiException.BadRequest($"the name of the object ({o.Name()}) does not match the name on the URL ({name})");
        if (r.Namespaced && o.Namespace() is { Length: > 0 } given && given != ns)
            throw ApiException.BadRequest("the namespace of the provided object does not match the namespace sent on the request");
    }

    private static void CheckPreconditions(ResourceDefinition r, JsonObject o, JsonObject? options)
    {
        var kind = r with { Plural = r.Kind };
        if (options.Text("preconditions", "uid") is { Length: > 0 } uid && uid != o.Uid())
        {
            throw ApiException.Conflict(kind, o.Name(),
                $"the UID in the precondition ({uid}) does not match the UID in record ({o.Uid()}). The object might have been deleted and then recreated");
        }

        var have = o.Text("metadata", "resourceVersion");
        if (options.Text("preconditions", "resourceVersion") is { Length: > 0 } version && version != have)
        {
            throw ApiException.Conflict(kind, o.Name(), $"the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in record "
                + $"({have}). The object might have been modified");
        }
    }

    private static bool SameSpec(ResourceDefinition r, JsonObject a, JsonObject b)
    {
        static IEnumerable<string> Fields(ResourceDefinition r, JsonObject o) =>
            o.Select(p => p.Key).Where(k => k != "metadata" && !(k == "status" && r.HasStatus));
        return Fields(r, a).Union(Fields(r, b)).All(f => Json.Same(a[f], b[f]));
    }

    private static void Keep(JsonObject old, JsonObject o, string field)
    {
        if (old[field] is { } value) o[field] = value.DeepClone();
        else o.Remove(field);
    }

    // As apimachinery's names.SimpleNameGenerator, but the same names in every run.
    private string Suffix()
    {
        Span<char> suffix = stackalloc char[5];
        foreach (ref var c in suffix)
        {
            unchecked
            {
                _names = _names * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407;
            }

            c = NameAlphabet[(int)((_names >> 33) % (ulong)NameAlphabet.Length)];
        }

        return new(suffix);
    }
}
