using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace BreakGlass.Core.Sealing;

/// <summary>
/// A spec as the same bytes whatever the order of its keys, its formatting, and whether a default was written or filled in.
/// </summary>
/// <remarks>
/// Members are left out where they hold what their type holds by itself (null, false, 0, an empty list), so that a field that a later version adds
/// changes no seal made before it, as long as leaving it out means just that.
/// </remarks>
internal static class CanonicalSpec
{
    private static readonly JsonSerializerOptions Options = KubeJson.WithKubernetesHabits(new BreakGlassJsonContext(
        new(BreakGlassJsonContext.Default.Options) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault, TypeInfoResolver = null }));

    /// <summary>Writes the spec of one of our kinds; false where the object is of another kind.</summary>
    public static bool TryWrite(IKubernetesObject<V1ObjectMeta> o, Utf8JsonWriter writer)
    {
        JsonElement? spec = o switch
        {
            BreakGlassGrant grant => Element(grant.Spec),
            BreakGlassPolicy policy => Element(policy.Spec),
            BreakGlassApproval approval => Element(approval.Spec),
            BreakGlassReview review => Element(review.Spec),
            BreakGlassLockdown lockdown => Element(lockdown.Spec),
            BreakGlassAuthority authority => Element(authority.Spec),
            _ => null,
        };
        if (spec is not { } element) return false;
        Write(element, writer);
        return true;
    }

    /// <summary>Writes part of a status in the same way.</summary>
    public static void Write(GrantStatus status, Utf8JsonWriter writer) => Write(Element(status), writer);

    /// <summary>The spec alone; null where the object is of another kind.</summary>
    public static byte[]? Bytes(IKubernetesObject<V1ObjectMeta> o)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            if (!TryWrite(o, writer)) return null;
        }

        return buffer.ToArray();
    }

    private static JsonElement Element<T>(T spec) => JsonSerializer.SerializeToElement(spec, (JsonTypeInfo<T>)Options.GetTypeInfo(typeof(T)));

    private static void Write(JsonElement value, Utf8JsonWriter writer)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var member in value.EnumerateObject().OrderBy(m => m.Name, StringComparer.Ordinal))
                {
                    writer.WritePropertyName(member.Name);
                    Write(member.Value, writer);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in value.EnumerateArray()) Write(item, writer);
                writer.WriteEndArray();
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }
}
