using BreakGlass.Operator.Guard;

namespace BreakGlass.Operator.Leftovers;

/// <summary>What stamps the objects that grants' identities create.</summary>
internal sealed class StampProbe(KubeClient client, TimeProvider time) : Probe<StampInstallation>(time)
{
    private static readonly ListQuery Named = new() { FieldSelector = $"metadata.name={StampInstallation.PolicyName}" };

    protected override async Task<StampInstallation> LookAsync(CancellationToken cancellationToken)
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
}
