using BreakGlass.Core.Api;
using Kube.Client;

namespace Integration.Drills;

/// <summary>Runs of drills that a test requests.</summary>
internal static class DrillRuns
{
    /// <summary>Creates a drill that runs far in the future, or takes the one that is there, has it run now, and waits for the end of the run.</summary>
    public static async Task<DrillRun> RunAsync(
        TestCluster cluster, RunningOperator @operator, string name, string policy, string more = "suspended: false", string request = "first")
    {
        await cluster.ApplyAsync(cluster.ControlPlane.AdminKubeconfig, $$"""
            apiVersion: breakglass.dev/v1alpha1
            kind: BreakGlassDrill
            metadata: {name: {{name}}, annotations: {breakglass.dev/run-drill: {{request}} } }
            spec: {policy: {{policy}}, schedule: "0 6 29 2 *", timeZone: Europe/Berlin, {{more}} }
            """);
        BreakGlassDrill? last = null;
        return await Eventually.GetAsync(
            async () =>
            {
                last = await cluster.Admin.GetAsync<BreakGlassDrill>(name, null, CancellationToken.None);
                return last.Status.LastRequest == request && last.Status.Runs[0].Result is not DrillResult.Running ? last.Status.Runs[0] : null;
            },
            () => string.Join("\n", last!.Status.Runs.SelectMany(r => r.Phases).Select(p => $"{p.Name} {p.Result} {p.Took} {p.Message}")) + @operator.Log,
            expected: "the end of the drill");
    }
}
