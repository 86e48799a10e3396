using System.Runtime.InteropServices;

namespace BreakGlass.Operator.Admission;

/// <summary>A write to one of our kinds, read: without an object if it is a delete, without an old one if it is a create.</summary>
internal sealed record AdmissionWrite(AdmissionRequest Request, IKubernetesObject<V1ObjectMeta>? Object, IKubernetesObject<V1ObjectMeta>? Old)
{
    public string Kind => Request.Kind!.Kind;

    public V1UserInfo User => Request.UserInfo!;

    /// <summary>Who asks, with all that the API server said of them; <see cref="Core.Sealing.CallerStamp"/> says what of it is stamped.</summary>
    public Caller Caller => new()
    {
        Username = User.Username ?? "",
        Uid = string.IsNullOrEmpty(User.Uid) ? null : User.Uid,
        Groups = User.Groups.OrEmpty(),
        Extra = User.Extra is { Count: > 0 } extra ? extra.ToDictionary(e => e.Key, e => e.Value.OrEmpty()) : null,
    };

    /// <summary>Whether nothing will be stored.</summary>
    public bool IsDryRun => Request.DryRun is true;

    /// <summary>The name, as far as it is known.</summary>
    public string Name => (Object ?? Old)?.Metadata.Name is { Length: > 0 } name ? name : Request.Name ?? "";

    /// <summary>Reads a request. What these webhooks are not for, or cannot read, is answered by a refusal.</summary>
    public static AdmissionAnswer? Read(AdmissionRequest request, out AdmissionWrite write)
    {
        write = null!;
        if (request.Kind is not { Group: BreakGlassApi.Group, Version: BreakGlassApi.Version } kind || Reader(kind.Kind) is not { } reader)
        {
            return AdmissionAnswer.Deny(
                $"This webhook handles only the kinds of {BreakGlassApi.ApiVersion}, not {request.Kind?.Kind ?? "an object without a kind"}. Correct the "
                    + "rules of the webhook configuration breakglass-operator.", 400, "BadRequest");
        }

        try
        {
            write = new(request, request.Object is { } now ? reader(now) : null, request.OldObject is { } before ? reader(before) : null);
        }
        catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException)
        {
            var path = e is JsonException { Path: { Length: > 1 } where } ? $" at {where[2..]}" : "";
            return AdmissionAnswer.Invalid($"The {kind.Kind} cannot be parsed{path}: the value has the wrong type. See 'kubectl explain {kind.Kind}'.");
        }

        if (request.Object is { } written && (written.ValueKind != JsonValueKind.Object || !written.TryGetProperty("metadata", out var metadata)
            || metadata.ValueKind != JsonValueKind.Object))
        {
            return AdmissionAnswer.Invalid($"The {kind.Kind} has no metadata; give it a name.");
        }

        if ((NullIn(request.Object, "") ?? NullIn(request.OldObject, "")) is { } at)
        {
            return AdmissionAnswer.Invalid($"{at.TrimStart('.')}: must not be null; set a value, or remove the field.");
        }

        return (request.Operation, write.Object, write.Old) switch
        {
            ("CREATE", not null, _) or ("UPDATE", not null, not null) or ("DELETE", _, not null) => null,
            _ => AdmissionAnswer.Deny($"The API server sent a {request.Operation ?? "request"} of {kind.Kind} without the object.", 400, "BadRequest"),
        };
    }

    /// <summary>
    /// Where a list or map holds a null; null where none does. The schema refuses them too, but only after the mutating webhook. Members of objects may be
    /// null: that means left out.
    /// </summary>
    private static string? NullIn(JsonElement? o, string path, bool isMap = false) => o?.ValueKind switch
    {
        JsonValueKind.Object => o.Value.EnumerateObject()
            .Select(m => isMap && m.Value.ValueKind == JsonValueKind.Null
                ? $"{path}.{m.Name}" : NullIn(m.Value, $"{path}.{m.Name}", m.Name is "matchLabels" or "extra" or "labels" or "annotations"))
            .FirstOrDefault(found => found is not null),
        JsonValueKind.Array => o.Value.EnumerateArray()
            .Select((item, i) => item.ValueKind == JsonValueKind.Null ? $"{path}[{i}]" : NullIn(item, $"{path}[{i}]"))
            .FirstOrDefault(found => found is not null),
        _ => null,
    };

    /// <summary>The spec as it came, to be stamped; an empty one where there is none.</summary>
    public static JsonObject SpecOf(JsonElement? o) =>
        o is { ValueKind: JsonValueKind.Object } element && element.TryGetProperty("spec", out var spec) && spec.ValueKind == JsonValueKind.Object
            ? (JsonObject)JsonObject.Create(spec)!.DeepClone() : [];

    /// <summary>How many bytes an object's <c>managedFields</c> have, which no type here holds.</summary>
    public static long ManagedFieldsOf(JsonElement? o) =>
        o is { ValueKind: JsonValueKind.Object } element && element.TryGetProperty("metadata", out var meta) && meta.ValueKind == JsonValueKind.Object
            && meta.TryGetProperty("managedFields", out var fields)
            ? JsonMarshal.GetRawUtf8Value(fields).Length
            : 0;

    public IKubernetesObject<V1ObjectMeta> WithSpec(JsonObject spec)
    {
        var o = (JsonObject)JsonObject.Create(Request.Object!.Value)!.DeepClone();
        o["spec"] = spec.DeepClone();
        return Reader(Kind)!(JsonSerializer.SerializeToElement(o, NodeJson.Default.JsonObject));
    }

    private static Func<JsonElement, IKubernetesObject<V1ObjectMeta>>? Reader(string kind) => kind switch
    {
        nameof(BreakGlassGrant) => Of<BreakGlassGrant>,
        nameof(BreakGlassPolicy) => Of<BreakGlassPolicy>,
        nameof(BreakGlassApproval) => Of<BreakGlassApproval>,
        nameof(BreakGlassReview) => Of<BreakGlassReview>,
        nameof(BreakGlassLockdown) => Of<BreakGlassLockdown>,
        nameof(BreakGlassAuthority) => Of<BreakGlassAuthority>,
        _ => null,
    };

    private static IKubernetesObject<V1ObjectMeta> Of<T>(JsonElement o)
        where T : class, IKubernetesObject<V1ObjectMeta> => o.Deserialize(KubeKinds.Of<T>().Json) ?? throw new JsonException("null");
}
