namespace BreakGlass.Operator.Certificates;

/// <summary>Writes the authorities that the API server shall trust into our webhook configurations. Nothing else in them is touched.</summary>
internal sealed class CaBundles(KubeClient client, ILogger logger)
{
    /// <summary>The name of both configurations of our own kinds.</summary>
    public const string ConfigurationName = "breakglass-operator";

    /// <summary>The name of the guard's configuration, which need not be there.</summary>
    public const string GuardConfigurationName = "breakglass-operator-guard";

    /// <summary>Makes every webhook of the configurations trust the bundle.</summary>
    /// <returns>What is not in place; empty where everything is.</returns>
    public async Task<IReadOnlyList<string>> InjectAsync(string bundle, CancellationToken cancellationToken)
    {
        var bytes = Encoding.UTF8.GetBytes(bundle);
        var missing = new List<string>();
        if (!await InjectAsync<V1MutatingWebhookConfiguration>(ConfigurationName, WebhookEntry.Of, bytes, cancellationToken))
            missing.Add(Missing(V1MutatingWebhookConfiguration.KubeKind));
        if (!await InjectAsync<V1ValidatingWebhookConfiguration>(ConfigurationName, WebhookEntry.Of, bytes, cancellationToken))
            missing.Add(Missing(V1ValidatingWebhookConfiguration.KubeKind));
        await InjectAsync<V1MutatingWebhookConfiguration>(GuardConfigurationName, WebhookEntry.Of, bytes, cancellationToken);
        await InjectStampAsync(bytes, cancellationToken);
        return missing;
    }

    /// <summary>What marks the objects of grants is worth less than the rest: rights of an earlier version do not know it.</summary>
    private async Task InjectStampAsync(byte[] bundle, CancellationToken cancellationToken)
    {
        try
        {
            await InjectAsync<V1MutatingWebhookConfiguration>(StampInstallation.WebhookName, WebhookEntry.Of, bundle, cancellationToken);
        }
        catch (KubeApiException e) when (e.IsForbidden)
        {
            // The policies' condition Stamped tells of it.
        }
    }

    private static string Missing(string kind) =>
        $"{kind} {ConfigurationName} does not exist, so requesters cannot be verified and no new grant becomes active; apply config/webhook";

    private async Task<bool> InjectAsync<T>(string name, Func<T, IReadOnlyList<WebhookEntry>> webhooksOf, byte[] bundle, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        if (await client.TryGetAsync<T>(name, null, cancellationToken) is not { } configuration) return false;
        var patch = new JsonArray();
        var webhooks = webhooksOf(configuration);
        for (var i = 0; i < webhooks.Count; i++)
        {
            if (webhooks[i].ClientConfig.CaBundle.AsSpan().SequenceEqual(bundle)) continue;

            // The test keeps a bundle from landing on another webhook where the list changed meanwhile.
            patch.Add((JsonNode)new JsonObject { ["op"] = "test", ["path"] = $"/webhooks/{i}/name", ["value"] = webhooks[i].Name });
            patch.Add(
                (JsonNode)new JsonObject { ["op"] = "add", ["path"] = $"/webhooks/{i}/clientConfig/caBundle", ["value"] = Convert.ToBase64String(bundle) });
        }

        if (patch.Count == 0) return webhooks.Count > 0;
        await client.JsonPatchAsync<T>(name, null, patch, cancellationToken);
        logger.CaBundleWritten(KubeKinds.Of<T>().Resource.Kind, name);
        return true;
    }
}
