using BreakGlass.Core.Api;
using FluentAssertions;
using Xunit;

namespace Integration.Alone;

/// <summary>The reaper ends what is due though no operator is alive, as its own ServiceAccount, which can give nothing to anybody.</summary>
[Collection(nameof(OneCluster))]
public sealed class ReaperTests(OwnCluster own)
{
    private readonly TestCluster _cluster = own.Cluster;

    [Fact]
    public async Task With_the_operator_killed_the_reaper_cuts_at_the_expiry_and_not_before()
    {
        var incident = await Incident.BeginAsync(_cluster);
        var active = await incident.OpenAndKillAsync(20);

        var kubeconfig = await incident.FetchKubeconfigAsync();
        var early = await RunningOperator.ReapAsync(_cluster.ReaperKubeconfig);
        early.ExitCode.Should().Be(0, early.Log);
        if (TimeProvider.System.GetUtcNow() < active.Status.ExpiresAt)
            (await _cluster.MadeForAsync(incident.Grant)).Should().HaveCount(5, "nothing is due yet");

        await Eventually.AtAsync(active.Status.ExpiresAt!.Value);
        var (exitCode, log) = await RunningOperator.ReapAsync(_cluster.ReaperKubeconfig);

        exitCode.Should().Be(0, log);
        await incident.RefusedAsync(kubeconfig);
        await incident.NothingLeftAsync();

        // The next operator only has to say so.
        await using var next = await _cluster.StartOperatorAsync();
        await incident.OverAndProvenAsync(GrantPhase.Expired, EndReason.Expired);
        (await next.StopAsync()).Should().Be(0);
    }

    [Fact]
    public async Task A_bound_requester_loses_access_by_the_reaper_too_and_a_finalizer_does_not_help()
    {
        var incident = await Incident.BeginAsync(_cluster, "  credential: BindRequester");
        var active = await incident.OpenAndKillAsync(10);

        await _cluster.AdminAsync("patch", "rolebinding", "-n", incident.Namespace, Incident.BindingOf(active), "--type=json", "-p",
            """[{"op":"add","path":"/metadata/finalizers","value":["example.com/keep-me"]}]""");
        await Eventually.AtAsync(active.Status.ExpiresAt!.Value);

        var (exitCode, log) = await RunningOperator.ReapAsync(_cluster.ReaperKubeconfig);

        exitCode.Should().Be(0, log);
        await incident.RefusedAsync(_cluster.Alice);
        await incident.NothingLeftAsync();
        await using var next = await _cluster.StartOperatorAsync();
        await incident.OverAndProvenAsync(GrantPhase.Expired, EndReason.Expired);
        (await next.StopAsync()).Should().Be(0);
    }

    [Fact]
    public async Task What_is_due_of_a_restored_backup_goes_and_what_is_not_due_or_not_ours_stays()
    {
        var due = await Incident.BeginAsync(_cluster);
        var notDue = await Incident.BeginAsync(_cluster);
        await _cluster.ApplyAsync(_cluster.ControlPlane.AdminKubeconfig, Backup.Of(due, "2020-01-01T00:00:00Z"));
        await _cluster.ApplyAsync(_cluster.ControlPlane.AdminKubeconfig, Backup.Of(notDue));
        await _cluster.AdminAsync("create", "rolebinding", "theirs", "-n", due.Namespace, "--clusterrole=view", "--user=carol");
        await _cluster.AdminAsync("annotate", "rolebinding", "theirs", "-n", due.Namespace, "breakglass.dev/expires-at=2020-01-01T00:00:00Z");

        var (exitCode, log) = await RunningOperator.ReapAsync(_cluster.ReaperKubeconfig);

        exitCode.Should().Be(0, log);
        (await _cluster.MadeForAsync(due.Grant)).Should().BeEmpty();
        (await _cluster.MadeForAsync(notDue.Grant)).Should().HaveCount(4);
        await _cluster.AdminAsync("get", "rolebinding", "theirs", "-n", due.Namespace);
        await using var next = await _cluster.StartOperatorAsync();
        await Eventually.TrueAsync(async () => (await _cluster.MadeForAsync(notDue.Grant)).Count == 0);
        (await next.StopAsync()).Should().Be(0);
    }
}
