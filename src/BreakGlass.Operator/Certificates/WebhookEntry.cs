namespace BreakGlass.Operator.Certificates;

/// <summary>One webhook of a configuration of either kind, as far as it is read here. A configuration is never written back, only patched.</summary>
/// <param name="Name">Unique in the configuration.</param>
/// <param name="ClientConfig">Where it is.</param>
internal readonly record struct WebhookEntry(string Name, Admissionregistrationv1WebhookClientConfig ClientConfig)
{
    /// <summary>Those of a mutating configuration, in its order.</summary>
    public static IReadOnlyList<WebhookEntry> Of(V1MutatingWebhookConfiguration configuration) =>
        [.. (configuration.Webhooks ?? []).Select(w => new WebhookEntry(w.Name, w.ClientConfig))];

    /// <summary>Those of a validating configuration, in its order.</summary>
    public static IReadOnlyList<WebhookEntry> Of(V1ValidatingWebhookConfiguration configuration) =>
        [.. (configuration.Webhooks ?? []).Select(w => new WebhookEntry(w.Name, w.ClientConfig))];
}
