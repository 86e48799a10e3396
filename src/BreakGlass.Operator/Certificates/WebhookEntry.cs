namespace BreakGlass.Operator.Certificates;

/// <summary>One webhook of a configuration of either kind, as far as it is read here. A configuration is never written back, only patched.</summary>
internal readonly record struct WebhookEntry(string Name, Admissionregistrationv1WebhookClientConfig ClientConfig)
{
    public static IReadOnlyList<WebhookEntry> Of(V1MutatingWebhookConfiguration configuration) =>
        [.. (configuration.Webhooks ?? []).Select(w => new WebhookEntry(w.Name, w.ClientConfig))];

    public static IReadOnlyList<WebhookEntry> Of(V1ValidatingWebhookConfiguration configuration) =>
        [.. (configuration.Webhooks ?? []).Select(w => new WebhookEntry(w.Name, w.ClientConfig))];
}
