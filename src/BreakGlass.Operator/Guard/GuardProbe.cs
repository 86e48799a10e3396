using BreakGlass.Core.Guard;
using BreakGlass.Operator.Certificates;

namespace BreakGlass.Operator.Guard;

/// <summary>What of the persistence guard is installed.</summary>
internal sealed class GuardProbe(KubeClient client, TimeProvider time) : Probe<GuardInstallation>(time)
{
    protected override async Task<GuardInstallation> LookAsync(CancellationToken cancellationToken)
    {
        var webhook = await IsThereAsync<V1MutatingWebhookConfiguration>(CaBundles.GuardConfigurationName, cancellationToken);
        var server = await client.GetVersionAsync(cancellationToken);
        if (!server.IsAtLeast(1, 30)) return new(webhook, null);
        var policy = await IsThereAsync<V1ValidatingAdmissionPolicy>(GuardInstallation.PolicyName, cancellationToken);
        var binding = await IsThereAsync<V1ValidatingAdmissionPolicyBinding>(GuardInstallation.PolicyName, cancellationToken);
        return new(webhook, policy && binding);
    }

    private async Task<bool> IsThereAsync<T>(string name, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => await client.TryGetAsync<T>(name, null, cancellationToken) is not null;
}
