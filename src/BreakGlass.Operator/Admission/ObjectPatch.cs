namespace BreakGlass.Operator.Admission;

/// <summary>Collects what to change in an object as a JSON patch (RFC 6902) that names nothing but what changes.</summary>
internal sealed class ObjectPatch(JsonElement o)
{
    private readonly HashSet<string> _made = [];

    public JsonArray Operations { get; } = [];

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
        typed.Metadata = typed.Metadata with { Name = make(prefix) };
        Add("/metadata/name", typed.Metadata.Name);
        return typed;
    }

    /// <summary>Makes an annotation so; null takes it away.</summary>
    public void Annotation(string key, string? value) => Mark("annotations", key, value);

    /// <summary>Makes a label so; null takes it away.</summary>
    public void Label(string key, string? value) => Mark("labels", key, value);

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
        var was = Text(before, "metadata", "labels", label);
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
        else if (!have.EnumerateArray().Any(r => Text(r, "uid") == owner.Metadata.Uid))
            Add("/metadata/ownerReferences/-", reference);
    }

    private void Mark(string map, string key, string? value)
    {
        if (Text(o, "metadata", map, key) == value) return;
        var path = $"/metadata/{map}/{Escape(key)}";
        if (value is null)
        {
            Remove(path);
            return;
        }

        if (Member(o, "metadata", map) is not { ValueKind: JsonValueKind.Object } && _made.Add(map)) Add($"/metadata/{map}", new JsonObject());
        Add(path, value);
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

    private static string? Text(JsonElement from, params ReadOnlySpan<string> path) =>
        Member(from, path) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

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
