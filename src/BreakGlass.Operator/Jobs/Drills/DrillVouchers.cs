using BreakGlass.Core.Drills;

namespace BreakGlass.Operator.Jobs.Drills;

/// <summary>
/// Takes one voucher from the set of a drill for a run, so that no other run presents it meanwhile, and the key of its holder, to which the credential will be
/// delivered. The drill identity reads them, because the operator reads no Secrets but its own.
/// </summary>
/// <param name="tools">What runs share.</param>
/// <param name="drill">The drill.</param>
/// <param name="grant">The name of the run's grant.</param>
internal sealed class DrillVouchers(DrillTools tools, BreakGlassDrill drill, string grant) : IDisposable
{
    private string? _taken;

    /// <summary>The key of the holder; null until the set was read.</summary>
    public DrillCredential? Holder { get; private set; }

    /// <summary>Takes a voucher; if there is none, says what is wrong and what to do.</summary>
    /// <param name="name">The Secret with the set.</param>
    /// <param name="client">A client that is the drill identity.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<(DrillVoucher? Voucher, string Problem)> TakeAsync(string name, KubeClient client, CancellationToken cancellationToken)
    {
        var ns = tools.Settings.OperatorNamespace;
        if (tools.Caches.Policy(drill.Spec.Policy) is not { } policy) return (null, $"BreakGlassPolicy {drill.Spec.Policy} does not exist.");
        V1Secret? secret;
        try
        {
            secret = await client.TryGetAsync<V1Secret>(name, ns, cancellationToken);
        }
        catch (KubeApiException e) when (e.IsForbidden)
        {
            return (null, $"ServiceAccount {DrillRules.Requester} is not allowed to read Secret {ns}/{name}; give it the verb get on this Secret.");
        }

        if (secret is null) return (null, $"Secret {ns}/{name} does not exist; create it with the drill's vouchers and {DrillVoucher.HolderKey}.");
        var files = (secret.Data ?? new Dictionary<string, byte[]>()).Select(f => KeyValuePair.Create(f.Key, Encoding.UTF8.GetString(f.Value))).ToList();
        Holder = DrillCredential.Of(files.FirstOrDefault(f => f.Key == DrillVoucher.HolderKey).Value);
        if (Holder is null)
            return (null, $"Secret {ns}/{name} has no {DrillVoucher.HolderKey} with an EC P-256 private key in PEM format that is not encrypted.");

        // Not from the cache: it may not know of a use a moment ago.
        var authority = policy.Spec.Vouchers is { } terms
            ? await tools.Client.TryGetAsync<BreakGlassAuthority>(terms.Authority, null, cancellationToken) : null;
        return (Choose(files, policy, authority),
            $"Secret {ns}/{name} has no voucher for policy {policy.Metadata.Name} that was not used and is valid now; add vouchers with "
                + "'kubectl breakglass voucher issue'.");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Holder?.Dispose();
        if (_taken is not null) tools.Presented.TryRemove(_taken, out _);
    }

    private DrillVoucher? Choose(List<KeyValuePair<string, string>> files, BreakGlassPolicy policy, BreakGlassAuthority? authority)
    {
        for (;;)
        {
            var chosen = DrillVoucher.Choose(files, policy, authority, tools.Time.GetUtcNow(), [.. tools.Presented.Keys]);
            if (chosen is null) return null;
            if (!tools.Presented.TryAdd(chosen.Voucher.Claims.Id, grant)) continue;
            _taken = chosen.Voucher.Claims.Id;
            return chosen;
        }
    }
}
