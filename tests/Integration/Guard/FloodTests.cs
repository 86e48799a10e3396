using FluentAssertions;
using Integration.Attacks;
using Xunit;

namespace Integration.Guard;

/// <summary>A grant's identity floods the API server, and with it the guard, to have something pass meanwhile.</summary>
[Collection(nameof(OneGuardedCluster))]
public sealed class FloodTests(GuardedCluster guarded)
{
    private readonly TestCluster _cluster = guarded.Cluster;
    private readonly string _id = Guid.NewGuid().ToString("N")[..8];

    // With the whole body read and parsed, a binding passed in each of two runs below 1.30.
    [Theory]
    [InlineData("/api/v1/namespaces/default/secrets",
        """ "kind":"Secret","apiVersion":"v1","metadata":{"generateName":"flood-"},"data":{"x":"FLOOD"} """, 950_000)]
    [InlineData("/apis/rbac.authorization.k8s.io/v1/clusterroles",
        """ "kind":"ClusterRole","apiVersion":"rbac.authorization.k8s.io/v1","metadata":{"name":"flood","annotations":{"x":"FLOOD"} } """, 200_000)]
    public async Task A_flood_of_large_dry_runs_lets_no_binding_pass(string path, string manifest, int size)
    {
        var (_, _, kubeconfig) = await guarded.GrantAsync();
        using var mallory = Person.Of("mallory", null, _cluster.ControlPlane, kubeconfig);
        var body = $"{{{manifest.Replace("FLOOD", new string('A', size), StringComparison.Ordinal)}}}";
        using var enough = new CancellationTokenSource();
        var sent = 0;
        var flood = Enumerable.Range(0, 150).Select(async _ =>
        {
            while (!enough.IsCancellationRequested)
            {
                try
                {
                    await mallory.SendAsync(HttpMethod.Post, $"{path}?dryRun=All", body, "application/json");
                }
                catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
                {
                    // That the server cannot keep up is the point.
                }

                Interlocked.Increment(ref sent);
            }
        }).ToList();
        await Eventually.TrueAsync(() => Task.FromResult(Volatile.Read(ref sent) > 20), expected: "the flood");
        var passed = new List<string>();
        for (var i = 0; i < 6; i++)
        {
            var binding =
                $$"""{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"mine-{{_id}}-{{i}}"},"roleRef":"""
                    + $$"""{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"view"} }""";
            try
            {
                if (await mallory.SendAsync(HttpMethod.Post, "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings", binding,
                    "application/json") is { Good: true } answer) passed.Add(answer.Text);
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
            {
                // Neither let through nor refused in time; what counts is what is there in the end.
            }
        }

        await enough.CancelAsync();
        await Task.WhenAll(flood);
        passed.Should().BeEmpty();
        (await _cluster.AdminAsync("get", "rolebindings", "-n", "default", "-o", "name")).Should().NotContain($"mine-{_id}");
    }
}
