using BreakGlass.Core.Api;
using FluentAssertions;
using Xunit;

namespace Integration.Alone;

/// <summary>
/// The operator is killed at each write on the way from the expiry to the proof. The next one brings it to the same end as an undisturbed run.
/// </summary>
public sealed class DeathWhileClosingTests(OwnCluster own) : IClassFixture<OwnCluster>
{
    private readonly Cluster _cluster = own.Cluster;

    [Theory]
    [InlineData("the binding", "DELETE .*/namespaces/payments-[^/]+/rolebindings/[^/]+$", 1)]
    [InlineData("the Secret", "DELETE .*/namespaces/breakglass-grants/secrets/[^/]+$", 1)]
    [InlineData("the ServiceAccount", "DELETE .*/namespaces/breakglass-grants/serviceaccounts/[^/]+$", 1)]
    [InlineData("the end in the status", "PUT .*/breakglassgrants/[^/]+/status$", 3)]
    [InlineData("a question for the proof", "POST .*/tokenreviews$", 1)]
    [InlineData("the proof", "PUT .*/breakglassgrants/[^/]+/status$", 4)]
    [InlineData("letting the grant go", "PATCH .*/breakglassgrants/[^/]+$", 2)]
    public async Task Killed_right_after(string stage, string write, int nth)
    {
        var incident = await Incident.BeginAsync(_cluster);
        string kubeconfig;
        await using (var proxy = await KillingProxy.StartAsync(_cluster, write, nth))
        {
            await using var victim = await RunningOperator.StartAsync(proxy.Kubeconfig, ["--leader-elect=false", .. proxy.Options]);
            proxy.Victim = victim;
            await incident.ActivateAsync("15s");
            kubeconfig = await incident.FetchKubeconfigAsync();
            await incident.AllowedAsync(kubeconfig);
            await Eventually.WithinLimitAsync(proxy.Struck, $"a death at {stage}; the operator said\n{victim.Log}");
            (await victim.Exit).Should().Be(128 + 9);
        }

        // Whatever the stage, bindings went first: nobody waits for the next operator.
        await incident.RefusedAsync(kubeconfig);
        await using var next = await _cluster.StartOperatorAsync();
        var over = await incident.OverAndProvenAsync(GrantPhase.Expired, EndReason.Expired);

        over.Status.Transitions.Select(t => (t.From, t.To)).Should()
            .Equal((null, GrantPhase.Pending), (GrantPhase.Pending, GrantPhase.Active), (GrantPhase.Active, GrantPhase.Expired));
        (await next.StopAsync()).Should().Be(0);
    }
}
