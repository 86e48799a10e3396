using BreakGlass.Core.Api;
using FluentAssertions;
using Xunit;

namespace Integration.Alone;

/// <summary>The operator is killed at each write on the way to working access. The next one brings it to the same end as an undisturbed run.</summary>
public sealed class DeathWhileOpeningTests(OwnCluster own) : IClassFixture<OwnCluster>
{
    private readonly TestCluster _cluster = own.Cluster;

    [Theory]
    [InlineData("the record", "PUT .*/breakglassgrants/[^/]+/status$", 1)]
    [InlineData("the finalizer", "PATCH .*/breakglassgrants/[^/]+$", 1)]
    [InlineData("the ServiceAccount", "POST .*/namespaces/breakglass-grants/serviceaccounts$", 1)]
    [InlineData("the Secret", "POST .*/namespaces/breakglass-grants/secrets$", 1)]
    [InlineData("the reader's Role", "POST .*/namespaces/breakglass-grants/roles$", 1)]
    [InlineData("the binding", "POST .*/namespaces/payments-[^/]+/rolebindings$", 1)]
    [InlineData("the reader's binding", "POST .*/namespaces/breakglass-grants/rolebindings$", 1)]
    [InlineData("the token", "POST .*/serviceaccounts/[^/]+/token$", 1)]
    [InlineData("delivery", "PUT .*/namespaces/breakglass-grants/secrets/[^/]+$", 1)]
    [InlineData("Active", "PUT .*/breakglassgrants/[^/]+/status$", 2)]
    public async Task Killed_right_after(string stage, string write, int nth)
    {
        var incident = await Incident.BeginAsync(_cluster);
        await using (var proxy = await KillingProxy.StartAsync(_cluster, write, nth))
        {
            await using var victim = RunningOperator.Launch(proxy.Kubeconfig, ["--leader-elect=false", .. proxy.Options]);
            proxy.Victim = victim;
            await incident.AskAsync();
            await Eventually.WithinLimitAsync(proxy.Struck, $"a death at {stage}; the operator said\n{victim.Log}");
            (await victim.Exit).Should().Be(128 + 9);
        }

        var atDeath = await incident.ReadAsync();
        await using var next = await _cluster.StartOperatorAsync();
        var active = await incident.WaitAsync("Active");

        active.Status.Transitions.Select(t => (t.From, t.To)).Should().Equal((null, GrantPhase.Pending), (GrantPhase.Pending, GrantPhase.Active));
        active.Status.ExpiresAt.Should().Be(atDeath.Status.ExpiresAt, "a restart does not extend a grant").And
            .Be(active.Status.ActivatedAt!.Value.AddMinutes(10));
        var identity = Incident.SecretOf(active).Name;
        (await _cluster.MadeForAsync(incident.Grant)).Should()
            .BeEquivalentTo($"RoleBinding {incident.Namespace}/{Incident.BindingOf(active)}", $"RoleBinding breakglass-grants/{identity}-reader",
            $"Role breakglass-grants/{identity}-reader", $"Secret breakglass-grants/{identity}", $"ServiceAccount breakglass-grants/{identity}");
        var kubeconfig = await incident.FetchKubeconfigAsync();
        await incident.AllowedAsync(kubeconfig);
        await incident.RevokeAsync();
        await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);
        await incident.RefusedAsync(kubeconfig);
        (await next.StopAsync()).Should().Be(0);
    }
}
