namespace BreakGlass.Operator.Admission;

/// <summary>Collects what to change in an object as a JSON patch (RFC 6902) that names nothing but what changes.</summary>
internal sealed class ObjectPatch(JsonElement o)
{
    private bool _hasAnnotations = Member(o, "metadata", "annotations") is { ValueKind: JsonValueKind.Object };

    /// <summary>The operations.</summary>
    public JsonArray Operations { get; } = [];

    /// <summary>Makes the spec so.</summary>
    public void Spec(JsonObject wanted)
    {
        if (Member(o, "spec") is not { ValueKind: JsonValueKind.Object } spec)
        {
            Add("/spec", wanted.DeepClone());
            return;
        }

        foreach (var (name, value) in wanted)
        {
            if (spec.TryGetProperty(name, out var have) && JsonNode.DeepEquals(Node(have), value)) continue;
            Add($"/spec/{Escape(name)}", value?.DeepClone());
        }

        foreach (var member in spec.EnumerateObject().Where(m => !wanted.ContainsKey(m.Name))) Remove($"/spec/{Escape(member.Name)}");
    }

    /// <summary>Gives the object a name where it has none yet but a prefix of one.</summary>
    public IKubernetesObject<V1ObjectMeta> Name(IKubernetesObject<V1ObjectMeta> typed, Func<string, string> make)
    {
        if (typed.Metadata.Name.Length > 0 || typed.Metadata.GenerateName is not { Length: > 0 } prefix) return typed;
        var meta = typed.Metadata with { Name = make(prefix) };
        Add("/metadata/name", meta.Name);
        return typed switch
        {
            BreakGlass.Core.Api.BreakGlassGrant grant => grant with { Metadata = meta },
            BreakGlass.Core.Api.BreakGlassPolicy policy => policy with { Metadata = meta },
            BreakGlass.Core.Api.BreakGlassApproval approval => approval with { Metadata = meta },
            BreakGlass.Core.Api.BreakGlassReview review => review with { Metadata = meta },
            BreakGlass.Core.Api.BreakGlassLockdown lockdown => lockdown with { Metadata = meta },
            _ => typed,
        };
    }

    /// <summary>Makes an annotation so; null takes it away.</summary>
    public void Annotation(string key, string? value)
    {
        var have = Member(o, "metadata", "annotations", key) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
        if (have == value) return;
        var path = $"/metadata/annotations/{Escape(key)}";
        if (value is null)
        {
            Remove(path);
            return;
        }

        if (!_hasAnnotations) Add("/metadata/annotations", new JsonObject());
        _hasAnnotations = true;
        Add(path, value);
    }

    /// <summary>Makes a label so; null takes it away.</summary>
    public void Label(string key, string? value)
    {
        var have = Member(o, "metadata", "labels", key) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
        if (have == value) return;
        var path = $"/metadata/labels/{Escape(key)}";
        if (value is null)
        {
            Remove(path);
            return;
        }

        if (Member(o, "metadata", "labels") is not { ValueKind: JsonValueKind.Object }) Add("/metadata/labels", new JsonObject());
        Add(path, value);
    }

    /// <summary>Adds a finalizer.</summary>
    public void Finalizer(string name)
    {
        if (Member(o, "metadata", "finalizers") is { ValueKind: JsonValueKind.Array }) Add("/metadata/finalizers/-", name);
        else Add("/metadata/finalizers", new JsonArray(JsonValue.Create(name)));
    }

    /// <summary>Makes another object the only owner of this one: one that has a second owner stays until both are gone.</summary>
    public void OnlyOwner(IKubernetesObject<V1ObjectMeta> owner) => Add("/metadata/ownerReferences", new JsonArray(Reference(owner)));

    /// <summary>
    /// Keeps a label as it was before a change, and the owners of what carries it. An object that never carried it cannot come to.
    /// </summary>
    public void KeepMark(JsonElement before, string label)
    {
        var was = Member(before, "metadata", "labels", label) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
        Label(label, was);
        if (was is null) return;
        var (had, has) = (Member(before, "metadata", "ownerReferences"), Member(o, "metadata", "ownerReferences"));
        var (owners, now) = (had is { ValueKind: JsonValueKind.Array } a ? Node(a) : null, has is { ValueKind: JsonValueKind.Array } b ? Node(b) : null);
        if (JsonNode.DeepEquals(owners, now)) return;
        if (owners is null) Remove("/metadata/ownerReferences");
        else Add("/metadata/ownerReferences", owners);
    }

    /// <summary>Makes another object an owner of this one, beside those that it has.</summary>
    public void Owner(IKubernetesObject<V1ObjectMeta> owner)
    {
        var reference = Reference(owner);
        if (Member(o, "metadata", "ownerReferences") is not { ValueKind: JsonValueKind.Array } have)
            Add("/metadata/ownerReferences", new JsonArray(reference));
        else if (!have.EnumerateArray().Any(r => Member(r, "uid") is { ValueKind: JsonValueKind.String } uid && uid.GetString() == owner.Metadata.Uid))
            Add("/metadata/ownerReferences/-", reference);
    }

    private static JsonObject Reference(IKubernetesObject<V1ObjectMeta> owner) =>
        new() { ["apiVersion"] = owner.ApiVersionName, ["kind"] = owner.KindName, ["name"] = owner.Metadata.Name, ["uid"] = owner.Metadata.Uid };

    private static JsonElement? Member(JsonElement from, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
        {
            if (from.ValueKind != JsonValueKind.Object || !from.TryGetProperty(name, out from)) return null;
        }

        return from;
    }

    private static JsonNode? Node(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => JsonObject.Create(element),
        JsonValueKind.Array => JsonArray.Create(element),
        JsonValueKind.Null => null,
        _ => JsonValue.Create(element),
    };

    private static string Escape(string name) => name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);

    private void Add(string path, JsonNode? value) => Operations.Add((JsonNode)new JsonObject { ["op"] = "add", ["path"] = path, ["value"] = value });

    private void Remove(string path) => Operations.Add((JsonNode)new JsonObject { ["op"] = "remove", ["path"] = path });
}
