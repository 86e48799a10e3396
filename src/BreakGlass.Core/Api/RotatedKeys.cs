namespace BreakGlass.Core.Api;

/// <summary>
/// The keys that can be rotated on request, and where the requests are: in a ConfigMap of the operator's namespace, which contains no key. The right to
/// patch the Secrets themselves would be the right to read them, because the API server answers a patch with the whole object.
/// </summary>
public static class RotatedKeys
{
    /// <summary>The ConfigMap with the requests, under the names below, and with the operator's answers.</summary>
    public const string ConfigMapName = "breakglass-rotation";

    /// <summary>The most characters of a text of these: what somebody else put there must not keep the operator from writing its answer.</summary>
    private const int Longest = 16 * 1024;

    /// <summary>The keys of seals.</summary>
    public const string Seals = "seals";

    /// <summary>The authority of the webhooks' certificate.</summary>
    public const string WebhookAuthority = "webhook-ca";

    /// <summary>The authority of the gateway, and of the certificates of its clients.</summary>
    public const string GatewayAuthority = "gateway-ca";

    /// <summary>All of them, in the order in which they are rotated.</summary>
    public static IReadOnlyList<string> All { get; } = [Seals, WebhookAuthority, GatewayAuthority];

    /// <summary>Where the operator's answer to the request about a key is.</summary>
    public static string ProgressOf(string key) => $"{key}.progress";

    internal static T? Read<T>(string? text)
        where T : class
    {
        if (string.IsNullOrEmpty(text) || text.Length > Longest) return null;
        try
        {
            return JsonSerializer.Deserialize(text, BreakGlassApi.Json<T>());
        }
        catch (JsonException)
        {
            return null;
        }
    }

    internal static string Write<T>(T value) => JsonSerializer.Serialize(value, BreakGlassApi.Json<T>());
}
