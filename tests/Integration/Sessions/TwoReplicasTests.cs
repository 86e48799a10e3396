using System.Globalization;
using System.Net;
using BreakGlass.Core.Model;
using BreakGlass.Core.Sessions;
using FluentAssertions;
using TestKit;
using Xunit;

namespace Integration.Sessions;

/// <summary>Two replicas of the operator that get the same audit events, on a real API server, which merges what both apply.</summary>
public sealed class TwoReplicasTests(AuditedCluster shared) : IClassFixture<AuditedCluster>
{
    [Fact]
    public async Task A_batch_that_is_posted_again_to_another_replica_is_counted_once()
    {
        var (first, second) = (Ports.Free(), Ports.Free());
        await using var one = await shared.StartOperatorAsync(first);
        await using var two = await shared.StartOperatorAsync(second);
        var incident = await Incident.BeginAsync(shared.Cluster);
        var grant = await incident.ActivateAsync();
        var identity = $"system:serviceaccount:breakglass-grants:{GrantNames.Identity(grant)}";
        string batch = Event(identity, "a") + "\n" + Event(identity, "b"), later = Event(identity, "c");

        (await shared.PostAsync(first, batch)).Should().Be(HttpStatusCode.OK);
        await Eventually.TrueAsync(async () => await TotalAsync(incident) == (1, 2));
        (await shared.PostAsync(second, $"{batch}\n{later}")).Should().Be(HttpStatusCode.OK);

        await Eventually.TrueAsync(async () => await TotalAsync(incident) == (2, 3));
        (await shared.SessionAsync(incident))!.Status.Actions.Select(a => (a.Name, a.Count)).Should().BeEquivalentTo([("a", 1L), ("b", 1L), ("c", 1L)]);
    }

    private async Task<(int Parts, long Requests)> TotalAsync(Incident incident) => await shared.SessionAsync(incident) is { } session
        ? (session.Status.Parts.Count, SessionTotals.Of(session.Status)?.Requests ?? 0) : (0, 0);

    private static string Event(string identity, string name)
    {
        var time = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
        return $$"""
            {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "auditID": "{{Guid.NewGuid()}}", "stage": "ResponseComplete", "verb": "get",
             "user": {"username": "{{identity}}"}, "requestURI": "/api/v1/namespaces/payments/configmaps/{{name}}", "sourceIPs": ["192.0.2.1"],
             "userAgent": "kubectl", "objectRef": {"resource": "configmaps", "namespace": "payments", "name": "{{name}}"},
             "responseStatus": {"code": 200}, "requestReceivedTimestamp": "{{time}}", "stageTimestamp": "{{time}}"}
            """.ReplaceLineEndings(" ");
    }
}
