using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace TestKit;

// The writing verbs. Called under the gate.
public sealed partial class FakeApiServer
{
    private JsonObject Create(ApiCall call, ResourceDefinition r, FakeUser user, JsonObject body)
    {
        _rbac.RequireNoEscalation(r, user, call.Namespace, body, null);
        return _writer.Create(r, call.Namespace, body);
    }

    private JsonObject Update(ApiCall call, ResourceDefinition r, StoreKey key, FakeUser user, JsonObject body)
    {
        if (call.Subresource.Length == 0) _rbac.RequireNoEscalation(r, user, call.Namespace, body, _store.Find(r, key));
        return _writer.Update(r, key, call.Subresource, body);
    }

    private HttpResponseMessage Patch(
        ApiCall call, ResourceDefinition r, StoreKey key, FakeUser user, HttpRequestMessage request, byte[] body, bool metadataOnly)
    {
        var type = request.Content?.Headers.ContentType?.MediaType ?? "";
        if (type == "application/apply-patch+yaml") return Apply(call, r, key, user, Parse(body), metadataOnly);
        var old = _store.Find(r, key) ?? throw ApiException.NotFound(r, key.Name);
        var patched = type switch
        {
            "application/merge-patch+json" => (JsonObject)Patches.Merge(old, Parse(body))!,
            "application/json-patch+json" => Patches.Apply(old, ParseArray(body)),
            _ => throw ApiException.UnsupportedMediaType(),
        };
        RequireSameUid(r, old, patched);
        return Object(HttpStatusCode.OK, Update(call, r, key, user, patched), metadataOnly);
    }

    private HttpResponseMessage Apply(ApiCall call, ResourceDefinition r, StoreKey key, FakeUser user, JsonObject patch, bool metadataOnly)
    {
        var query = call.Parameters;
        if (query["fieldManager"] is not { Length: > 0 } manager)
        {
            throw ApiException.Invalid("meta.k8s.io", "PatchOptions", "", FieldError.Required("fieldManager", "is required for apply patch"));
        }

        if (patch["metadata"]?["managedFields"] is not null) throw ApiException.BadRequest("metadata.managedFields must be nil");
        if (patch.Text("apiVersion") != r.ApiVersion || patch.Text("kind") != r.Kind)
            throw ApiException.BadRequest("apiVersion and kind of the applied object must be those of the URL");
        patch.Meta()["name"] ??= key.Name;
        var old = _store.Find(r, key);
        JsonObject stored;
        if (old is null)
        {
            if (call.Subresource.Length > 0) throw ApiException.NotFound(r, key.Name);
            if (patch.Uid().Length > 0)
                throw ApiException.Conflict(r, key.Name, $"uid mismatch: the provided object specified uid {patch.Uid()}, and no existing object was found");
            if (user.EnforceRbac) RequireAccess(call, user, "create");
            stored = Create(call, r, user, patch);
        }
        else
        {
            var merged = _apply.Merge(old, patch, manager, query["force"] is "true" or "1", call.Subresource);
            foreach (var field in new[] { "uid", "resourceVersion" })
            {
                if (patch.Text("metadata", field) is { Length: > 0 } given) merged.Meta()[field] = given;
            }

            RequireSameUid(r, old, merged);
            stored = Update(call, r, key, user, merged);
        }

        _apply.Remember(stored, patch, manager, call.Subresource);
        return Object(old is null ? HttpStatusCode.Created : HttpStatusCode.OK, stored, metadataOnly);
    }

    // A patch that names another UID breaks a rule of the field; a replace that does is a conflict.
    private static void RequireSameUid(ResourceDefinition r, JsonObject old, JsonObject patched)
    {
        if (patched.Uid() is { Length: > 0 } uid && uid != old.Uid())
            throw ApiException.Invalid(r, old.Name(), FieldError.Invalid("metadata.uid", FieldError.Quote(uid), "field is immutable"));
    }

    private HttpResponseMessage Delete(ApiCall call, ResourceDefinition r, StoreKey key, JsonObject? options)
    {
        var left = _writer.Delete(r, key, options, out var last);
        if (left is not null) return Answer(HttpStatusCode.OK, left);
        return Answer(HttpStatusCode.OK, r.Plural == "serviceaccounts" ? last : Success(r, call.Name, last.Uid()));
    }

    private HttpResponseMessage DeleteCollection(ApiCall call, ResourceDefinition r, JsonObject? options)
    {
        var selectors = Selectors.Parse(r, call.Parameters["labelSelector"], call.Parameters["fieldSelector"]);
        foreach (var (key, _) in _store.In(r, call.Namespace).Where(p => selectors.Match(p.Value)).ToList()) _writer.Delete(r, key, options, out _);
        return Answer(HttpStatusCode.OK, Success(r, "", ""));
    }

    private static JsonObject Success(ResourceDefinition r, string name, string uid)
    {
        var details = new JsonObject { ["name"] = name, ["kind"] = r.Plural, ["uid"] = uid };
        if (r.Group.Length > 0) details["group"] = r.Group;
        return new() { ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(), ["status"] = "Success", ["details"] = details };
    }

    private static JsonObject? Options(ApiCall call, byte[] body)
    {
        var options = body.Length == 0 ? [] : Parse(body);
        if (options["dryRun"] is not null) throw NoDryRun();
        if (call.Parameters["propagationPolicy"] is { Length: > 0 } policy) options["propagationPolicy"] = policy;
        return options;
    }

    private static JsonArray ParseArray(byte[] body)
    {
        try
        {
            return JsonNode.Parse(body) as JsonArray ?? throw ApiException.BadRequest("a JSON patch is an array");
        }
        catch (JsonException e)
        {
            throw ApiException.BadRequest($"error decoding patch: {e.Message}");
        }
    }
}
