using System.Text.Json;
using System.Text.Json.Nodes;
using Kube.Model;

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
    public IKubeObject Name(IKubeObject typed, Func<string, string> make)
    {
        if (typed.Metadata.Name.Length > 0 || typed.Metadata.GenerateName is not { Length: > 0 } prefix) return typed;
        var meta = typed.Metadata with { Name = make(prefix) };
        Add("/metadata/name", meta.Name);
        return typed switch
        {
            BreakGlass.Core.Api.BreakGlassGrant grant => grant.WithMetadata(meta),
            BreakGlass.Core.Api.BreakGlassPolicy policy => policy.WithMetadata(meta),
            BreakGlass.Core.Api.BreakGlassApproval approval => approval.WithMetadata(meta),
            BreakGlass.Core.Api.BreakGlassReview review => review.WithMetadata(meta),
            BreakGlass.Core.Api.BreakGlassLockdown lockdown => lockdown.WithMetadata(meta),
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

    /// <summary>Makes another object an owner of this one, beside those that it has.</summary>
    public void Owner(IKubeObject owner)
    {
        var reference = new JsonObject { ["apiVersion"] = owner.ApiVersion, ["kind"] = owner.Kind, ["name"] = owner.Metadata.Name, ["uid"] = owner.Metadata.Uid };
        if (Member(o, "metadata", "ownerReferences") is not { ValueKind: JsonValueKind.Array } have) Add("/metadata/ownerReferences", new JsonArray(reference));
        else if (!have.EnumerateArray().Any(r => Member(r, "uid") is { ValueKind: JsonValueKind.String } uid && uid.GetString() == owner.Metadata.Uid)) Add("/metadata/ownerReferences/-", reference);
    }

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
