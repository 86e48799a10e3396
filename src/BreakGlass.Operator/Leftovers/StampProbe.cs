namespace BreakGlass.Operator.Leftovers;

/// <summary>Asks the API server now and then what stamps the objects that grants' identities create, so that policies can say it before it matters.</summary>
internal sealed class StampProbe(KubeClient client, TimeProvider time)
{
    private static readonly TimeSpan Holds = TimeSpan.FromMinutes(1);
    private static readonly ListQuery Named = new() { FieldSelector = $"metadata.name={StampInstallation.PolicyName}" };

    private volatile Answer? _last;

    /// <summary>What is installed; null where it cannot be told, as by an operator whose rights are those of an earlier version.</summary>
    /// <exception cref="KubeConnectionException">The API server could not be asked.</exception>
    public async ValueTask<StampInstallation?> AskAsync(CancellationToken cancellationToken)
    {
        if (_last is { } last && time.GetElapsedTime(last.At) < Holds) return last.Found;
        StampInstallation? found;
        try
        {
            found = await LookAsync(cancellationToken);
        }
        catch (KubeApiException e) when (e.IsForbidden)
        {
            found = null;
        }

        _last = new(time.GetTimestamp(), found);
        return found;
    }

    private async Task<StampInstallation> LookAsync(CancellationToken cancellationToken)
    {
        var server = await client.GetVersionAsync(cancellationToken);
        if (!server.IsAtLeast(1, 28)) return new(false, false, false);
        var webhook = await client.TryGetAsync<V1MutatingWebhookConfiguration>(StampInstallation.WebhookName, null, cancellationToken) is not null;
        return new(webhook, await IsThereAsync("MutatingAdmissionPolicy", "mutatingadmissionpolicies", cancellationToken)
            && await IsThereAsync("MutatingAdmissionPolicyBinding", "mutatingadmissionpolicybindings", cancellationToken), true);
    }

    private async Task<bool> IsThereAsync(string kind, string plural, CancellationToken cancellationToken)
    {
        try
        {
            return (await client.ListMetadataAsync(
                new("admissionregistration.k8s.io", "v1", kind, plural, Namespaced: false, MetadataOnly: true), Named, most: 1, cancellationToken)).Count > 0;
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            return false; // the server has no such kind
        }
    }

    private sealed record Answer(long At, StampInstallation? Found);
}
