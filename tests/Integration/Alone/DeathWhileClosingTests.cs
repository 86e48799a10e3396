using BreakGlass.Core.Api;
using FluentAssertions;
using Xunit;

namespace Integration.Alone;

/// <summary>
/// The operator is killed at each write on the way from the expiry to the proof. The next one brings it to the same end as an undisturbed run.
/// </summary>
public sealed class DeathWhileClosingTests(OwnCluster own) : IClassFixture<OwnCluster>
{
    private readonly TestCluster _cluster = own.Cluster;

    [Theory]
    [InlineData("the binding", "DELETE .*/namespaces/payments-[^/]+/rolebindings/breakglass-{grant}-[^/]+$", 1)]
    [InlineData("the Secret", "DELETE .*/namespaces/breakglass-grants/secrets/{grant}-[^/]+$", 1)]
    [InlineData("the ServiceAccount", "DELETE .*/namespaces/breakglass-grants/serviceaccounts/{grant}-[^/]+$", 1)]
    [InlineData("the end in the status", "PUT .*/breakglassgrants/{grant}/status$", 1)]
    [InlineData("a question for the proof", "POST .*/tokenreviews$", 1)]
    [InlineData("the proof", "PUT .*/breakglassgrants/{grant}/status$", 2)]
    [InlineData("letting the grant go", "PATCH .*/breakglassgrants/{grant}$", 1)]
    public async Task Killed_right_after(string stage, string write, int nth)
    {
        var incident = await Incident.BeginAsync(_cluster);
        var kubeconfig = "";
        KillingProxy? proxy = null;
        RunningOperator? victim = null;
        async Task StopAsync()
        {
            if (victim is not null) await victim.DisposeAsync();
            if (proxy is not null) await proxy.DisposeAsync();
        }

        try
        {
            await incident.WhileItLastsAsync(15, prepare: async () =>
            {
                await StopAsync();
                proxy = await KillingProxy.StartAsync(_cluster, write.Replace("{grant}", incident.Grant, StringComparison.Ordinal), nth);
                proxy.Counts = false;
                victim = await RunningOperator.StartAsync(proxy.Kubeconfig, ["--leader-elect=false", .. proxy.Options]);
                proxy.Victim = victim;
            }, use: async _ =>
            {
                kubeconfig = await incident.FetchKubeconfigAsync();
                await incident.AllowedAsync(kubeconfig);

                // From here on: an opening that was refused something has written more than usual.
                proxy!.Counts = true;
            });
            await Eventually.WithinLimitAsync(proxy!.Struck, $"a death at {stage}; the operator said\n{victim!.Log}");
            (await victim.Exit).Should().Be(128 + 9);
        }
        finally
        {
            await StopAsync();
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
