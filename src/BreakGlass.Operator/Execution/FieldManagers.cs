namespace BreakGlass.Operator.Execution;

/// <summary>
/// Who wrote an object, by its managedFields. They are most of a small object's weight, so that they are read only to name whom the operator is fighting
/// with, and never kept.
/// </summary>
internal static class FieldManagers
{
    /// <summary>The latest writer of an object beside ourselves; null if there is none, as with a webhook that changes what we write ourselves.</summary>
    public static async Task<string?> LatestOtherAsync(
        this KubeClient client, IKubernetesObject<V1ObjectMeta> o, string ours, CancellationToken cancellationToken)
    {
        try
        {
            var kind = new KubeKind<Managed>(OwnedResources.Of(o).Resource with { MetadataOnly = true }, ManagedJson.Default.Managed);
            var managed = (await client.TryGetAsync(kind, o.Metadata.Name, o.Metadata.NamespaceProperty, cancellationToken))?.Meta;
            return managed?.ManagedFields?.Where(f => f.Manager is { Length: > 0 } && f.Manager != ours).MaxBy(f => f.Time)?.Manager;
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException)
        {
            // The fight is told without its other side.
            return null;
        }
    }
}
