namespace BreakGlass.Cli.Grants;

/// <summary>
/// Ends access if no webhook answers, so that the API server accepts no revocation: it deletes the objects that give access, one by one,
/// with the caller's own rights.
/// </summary>
internal sealed class ManualRevocation(KubeClient client)
{
    private readonly List<string> _refused = [];
    private int _removed;

    /// <summary>Whether a write failed because no webhook answered.</summary>
    public static bool IsCalledFor(KubeApiException e) => e.Status.Message?.Contains("failed calling webhook", StringComparison.Ordinal) is true;

    /// <summary>Deletes the objects of grants that are not over, and returns the error that the command ends with.</summary>
    public async Task<CliException> CutAsync(string what, IEnumerable<BreakGlassGrant> grants, CancellationToken cancellationToken)
    {
        foreach (var grant in grants.Where(g => !g.Status.IsTerminal))
        {
            foreach (var binding in grant.Status.Bindings)
            {
                if (binding.Kind == V1RoleBinding.KubeKind) await RemoveAsync<V1RoleBinding>(grant, binding.Namespace, binding.Name, cancellationToken);
                else await RemoveAsync<V1ClusterRoleBinding>(grant, null, binding.Name, cancellationToken);
            }

            if (grant.Status.CredentialSecret?.Split('/', 2) is [var secretNamespace, var secret])
                await RemoveAsync<V1Secret>(grant, secretNamespace, secret, cancellationToken);
            if (grant.Status.ServiceAccount?.Split('/', 2) is [var ns, var account])
                await RemoveAsync<V1ServiceAccount>(grant, ns, account, cancellationToken);
        }

        var refused = _refused.Count == 0 ? "" : $" Not removed: {string.Join("; ", _refused.Take(5))}{(_refused.Count > 5 ? "; and more" : "")}.";
        return new(ExitCodes.Error,
            $"{what}, because no replica of the operator answers the webhooks. This command deleted {_removed} object(s) that gave access instead.{refused} "
            + "A running operator creates them again. To keep access blocked, create a lockdown, which needs no webhook: kubectl breakglass lockdown --reason "
                + "TEXT; see docs/incident-card.md.");
    }

    private async Task RemoveAsync<T>(BreakGlassGrant grant, string? ns, string name, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        try
        {
            if (await client.TryGetAsync<T>(name, ns, cancellationToken) is not { } found) return;

            // Another object of that name is not ours to delete.
            if (!GrantLifecycle.IsOf(grant, found)) return;
            await client.DeleteAsync<T>(name, ns, new() { Uid = found.Metadata.Uid }, cancellationToken);
            _removed++;
        }
        catch (KubeApiException e)
        {
            _refused.Add($"{KubeKinds.Of<T>().Resource.Kind} {(ns is null ? "" : $"{ns}/")}{name} ({e.Status.Message?.Trim().TrimEnd('.')})");
        }
    }
}
