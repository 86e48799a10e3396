using System.Text.Json;
using BreakGlass.Core.Api;
using BreakGlass.Core.Sealing;
using FluentAssertions;
using Kube.Client;
using TestKit;
using Xunit;

namespace Integration.Admission;

/// <summary>What got past admission, or was changed past it, is known for it; and what admission vouches for cannot be carried elsewhere.</summary>
[Collection(nameof(OneAdmissionCluster))]
public sealed class SealTests(AdmissionCluster admission)
{
    private readonly string _id = Guid.NewGuid().ToString("N")[..8];

    private string Policy => $"jit-{_id}";

    private string Grant => $"inc-{_id}";

    [Fact]
    public async Task A_seal_that_is_tampered_with_by_an_update_is_put_back()
    {
        await PrepareAsync();
        await admission.Cluster.AdminAsync("annotate", "bgg", Grant, "breakglass.dev/seal=v1.x.1.x", "--overwrite");
        (await admission.SealOfAsync<BreakGlassGrant>(Grant)).Should().Be(SealState.Valid);
        await admission.Cluster.AdminAsync("annotate", "bgg", Grant, "breakglass.dev/seal-");
        (await admission.SealOfAsync<BreakGlassGrant>(Grant)).Should().Be(SealState.Valid);
        await admission.Cluster.AdminAsync("label", "bgg", Grant, "a=b");
        (await admission.SealOfAsync<BreakGlassGrant>(Grant)).Should().Be(SealState.Valid);
    }

    [Fact]
    public async Task What_is_made_while_the_webhooks_are_absent_is_unsealed_and_stays_so()
    {
        await PrepareAsync();
        var original = await admission.Cluster.Admin.GetAsync<BreakGlassGrant>(Grant, null, CancellationToken.None);
        await admission.Cluster.AdminAsync("delete", "bgg", Grant);
        await admission.RemoveWebhooksAsync();
        try
        {
            var forged = new Caller { Username = "alice", Groups = ["payments-oncall"] };
            BreakGlassGrant Copy(string name, string? seal, Caller? requester = null) => new()
            {
                Metadata = new() { Name = name, Annotations = seal is null
                    ? new Dictionary<string, string>() : new Dictionary<string, string> { [Seal.Annotation] = seal } },
                Spec = requester is null ? original.Spec : original.Spec with { Requester = requester },
            };
            var late = Copy($"late-{_id}", null);
            var key = (await admission.KeysAsync()).All[0];
            late = Copy(late.Metadata.Name, Seal.Make(late, key, TimeProvider.System.GetUtcNow().AddSeconds(-40)).ToString());
            await CreatePastAsync(Copy($"bare-{_id}", null, forged));
            await admission.Cluster.Admin.CreateAsync(Copy($"other-{_id}", Seal.Of(original)), CancellationToken.None);
            await admission.Cluster.Admin.CreateAsync(Copy($"grown-{_id}", Seal.Of(original), forged), CancellationToken.None);
            await admission.Cluster.Admin.CreateAsync(late, CancellationToken.None);
        }
        finally
        {
            await admission.ReinstallWebhooksAsync();
            await EnforcedAsync();
        }

        (await admission.SealOfAsync<BreakGlassGrant>($"bare-{_id}")).Should().Be(SealState.Missing, "nobody sealed it");
        (await admission.SealOfAsync<BreakGlassGrant>($"other-{_id}")).Should().Be(SealState.Broken, "the seal is another grant's");
        (await admission.SealOfAsync<BreakGlassGrant>($"grown-{_id}")).Should().Be(SealState.Broken, "the stamp is another one");
        (await admission.SealOfAsync<BreakGlassGrant>($"late-{_id}")).Should().Be(SealState.Broken, "the seal is of another time");

        await admission.Cluster.AdminAsync("label", "bgg", $"bare-{_id}", "a=b");
        (await admission.SealOfAsync<BreakGlassGrant>($"bare-{_id}")).Should().Be(SealState.Missing, "an update is no way round the create");
    }

    [Fact]
    public async Task A_finished_grant_is_kept_until_its_time_is_over_and_only_then_deleted()
    {
        await PrepareAsync("retainFor: 1h");
        var now = TimeProvider.System.GetUtcNow();
        async Task EndAsync(DateTimeOffset at)
        {
            var grant = await admission.Cluster.Admin.GetAsync<BreakGlassGrant>(Grant, null, CancellationToken.None);
            await admission.Cluster.Admin.ReplaceStatusAsync(
                grant with { Status = new() { Phase = GrantPhase.Expired, ActivatedAt = at
                    .AddMinutes(-30), ExpiresAt = at, EndedAt = at, EndReason = EndReason.Expired } }, CancellationToken.None);
        }

        await EndAsync(now.AddMinutes(-30));
        var refused = await admission.Cluster.KubectlAsync(admission.Cluster.ControlPlane.AdminKubeconfig, "delete", "bgg", Grant);
        refused.Error.Should().Contain("validate.breakglass.dev").And.Contain("kept until");
        var all = await admission.Cluster.KubectlAsync(
            admission.Cluster.ControlPlane.AdminKubeconfig, "delete", "bgg", "--field-selector", $"metadata.name={Grant}");
        all.Error.Should().Contain("kept until");
        (await admission.Cluster.KubectlAsync(admission.Cluster.OperatorKubeconfig, "delete", "bgg", Grant)).Error
            .Should().Contain("kept until", "it holds for the operator too");
        await EndAsync(now.AddMinutes(-61));
        (await admission.Cluster.KubectlAsync(admission.Cluster.OperatorKubeconfig, "delete", "bgg", Grant)).OrThrow();
    }

    private async Task PrepareAsync(string more = "")
    {
        await admission.Cluster.ApplyAsync(admission.Cluster.ControlPlane.AdminKubeconfig, Manifests.Policy(Policy, more: more));
        await admission.Cluster.ApplyAsync(admission.Cluster.Alice, Manifests.Grant(Grant, Policy));
    }

    // The API server goes on calling webhooks that were taken away for a moment; a create that is stamped came too early.
    private async Task CreatePastAsync(BreakGlassGrant grant) => await Eventually.TrueAsync(async () =>
    {
        try
        {
            if (Seal.Of(await admission.Cluster.Admin.CreateAsync(grant, CancellationToken.None)) is null) return true;
            await admission.Cluster.AdminAsync("delete", "bgg", grant.Metadata.Name);
            return false;
        }
        catch (Kube.Client.KubeApiException)
        {
            return false;
        }
    });

    private async Task EnforcedAsync() => await Eventually.TrueAsync(async () =>
    {
        var probe = await admission.Cluster.ControlPlane.KubectlAsync(
            admission.Cluster.ControlPlane.AdminKubeconfig, ["create", "--dry-run=server", "-o", "json", "-f", "-"], Manifests.Lockdown($"probe-{_id}"));
        return probe.ExitCode == 0 && JsonDocument.Parse(probe.Output).RootElement.GetProperty("metadata").TryGetProperty("annotations", out var a)
            && a.TryGetProperty(Seal.Annotation, out _);
    });
}
