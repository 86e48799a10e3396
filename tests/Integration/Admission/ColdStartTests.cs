using System.Globalization;
using System.Text.Json;
using BreakGlass.Core.Api;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using TestKit;
using Xunit;
using Xunit.Abstractions;

namespace Integration.Admission;

/// <summary>The first request after a start: in an incident it is somebody's.</summary>
public sealed class ColdStartTests(ITestOutputHelper output) : IAsyncLifetime
{
    private readonly AdmissionCluster _admission = new();

    public Task InitializeAsync() => _admission.InitializeAsync();

    public Task DisposeAsync() => _admission.DisposeAsync();

    [Fact]
    public async Task A_replica_is_ready_only_after_its_webhooks_have_answered_its_own_requests_which_count_as_no_refusal()
    {
        // It is ready; its log comes through a pipe, a moment later.
        await Eventually.TrueAsync(() => Task.FromResult(_admission.Operator.Log.Contains("own test requests in", StringComparison.Ordinal)),
            expected: "the log of its own first requests");
        _admission.Operator.Log.Should().NotContain("warm-up", "its own requests are nobody's refusals");
        var admin = _admission.Cluster.Admin;

        // The test's own client is as cold as the operator was: its first requests, and its first object of the kind, are not the operator's.
        await admin.ListAsync<BreakGlassLockdown>(new(), CancellationToken.None);
        for (var i = 0; i < 3; i++) await admin.CreateAsync(
            new V1Namespace { Metadata = new() { Name = $"warm-{i.ToString(CultureInfo.InvariantCulture)}" } }, CancellationToken.None);
        JsonSerializer.Serialize(Lockdown(0), KubeKinds.Of<BreakGlassLockdown>().Json).Should().Contain("cold-0");

        // Figures and no assertions: they depend on the machine. In the first row the API server is cold as well; the second is the operator's own part.
        output.WriteLine($"cluster and operator are new: {await CreateAsync(0)}");
        await _admission.RestartOperatorAsync();
        output.WriteLine($"only the operator is new:     {await CreateAsync(100)}");
        (await admin.TryGetAsync<BreakGlassGrant>("warm-up", null, CancellationToken.None)).Should().BeNull();
        (await admin.TryGetAsync<BreakGlassLockdown>("warm-up", null, CancellationToken.None)).Should().BeNull();
    }

    private async Task<string> CreateAsync(int from)
    {
        var times = new List<TimeSpan>();
        for (var i = 0; i < 20; i++)
        {
            var started = TimeProvider.System.GetTimestamp();
            await _admission.Cluster.Admin.CreateAsync(Lockdown(from + i), CancellationToken.None);
            times.Add(TimeProvider.System.GetElapsedTime(started));
        }

        return $"first {times[0].TotalMilliseconds:0} ms; later, sorted: {string.Join(' ', times.Skip(1).Order().Select(t => $"{t.TotalMilliseconds:0}"))} ms";
    }

    private static BreakGlassLockdown Lockdown(int number) => new()
    {
        Metadata = new() { Name = $"cold-{number.ToString(CultureInfo.InvariantCulture)}" },
        Spec = new() { Reason = "cold start", PolicySelector = new() { MatchLabels = new Dictionary<string, string> { ["of"] = "nobody" } } },
    };
}
