using BreakGlass.Core.Guard;
using BreakGlass.Operator.Certificates;

namespace BreakGlass.Operator.Guard;

/// <summary>Asks the API server now and then what of the persistence guard is installed, so that policies can say it before it matters.</summary>
internal sealed class GuardProbe(KubeClient client, TimeProvider time)
{
    /// <summary>How long an answer holds.</summary>
    public static readonly TimeSpan Holds = TimeSpan.FromMinutes(1);

    private volatile Answer? _last;

    /// <summary>What is installed; null where it cannot be told, as by an operator whose rights are those of an earlier version.</summary>
    /// <exception cref="KubeConnectionException">The API server could not be asked.</exception>
    public async ValueTask<GuardInstallation?> AskAsync(CancellationToken cancellationToken)
    {
        if (_last is { } last && time.GetElapsedTime(last.At) < Holds) return last.Found;
        GuardInstallation? found;
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

    private async Task<GuardInstallation> LookAsync(CancellationToken cancellationToken)
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

    private sealed record Answer(long At, GuardInstallation? Found);
}
