using System.Globalization;
using System.Text.RegularExpressions;
using BreakGlass.Core.Api;
using FluentAssertions;
using Xunit;
using Xunit.Abstractions;

namespace Integration.Sessions;

/// <summary>Measures how long it takes from a request to its row in the session, and to the totals in the grant: the figures of docs/sessions.md.</summary>
[Trait("Category", "Long")]
public sealed partial class AuditDelayTests(AuditedCluster shared, ITestOutputHelper output) : IClassFixture<AuditedCluster>
{
    private const int Requests = 20;

    [Fact]
    public async Task Each_request_reaches_the_session_and_the_grant()
    {
        await using var @operator = await shared.StartOperatorAsync(shared.Port);
        var incident = await Incident.BeginAsync(shared.Cluster);
        await incident.ActivateAsync();
        var token = TokenLine().Match(await File.ReadAllTextAsync(await incident.FetchKubeconfigAsync())).Groups["token"].Value;
        using var http = shared.Client();
        http.DefaultRequestHeaders.Authorization = new("Bearer", token);
        var (rows, totals) = (new List<TimeSpan>(), new List<TimeSpan>());
        for (var i = 1; i <= Requests; i++)
        {
            var (name, number) = ($"probe-{i.ToString(CultureInfo.InvariantCulture)}", i);
            using var answer = await http.GetAsync(
                new Uri(shared.Cluster.ControlPlane.Server, $"/api/v1/namespaces/{incident.Namespace}/configmaps/{name}"));
            var sent = TimeProvider.System.GetUtcNow();
            await Eventually.TrueAsync(
                async () => (await shared.SessionAsync(incident))?.Status.Actions.Any(a => a.Name == name) is true, () => @operator.Log, expected: name);
            rows.Add(TimeProvider.System.GetUtcNow() - sent);
            await Eventually.TrueAsync(
                async () => (await shared.Cluster.GrantAsync(incident.Grant))?.Status.Session?.Requests >= number, () => @operator.Log, expected: name);
            totals.Add(TimeProvider.System.GetUtcNow() - sent);

            // Each request at another time between two writes of the operator.
            await Eventually.AtAsync(sent + totals[^1] + TimeSpan.FromSeconds(i % 14 * 0.35));
        }

        output.WriteLine($"Kubernetes {shared.Cluster.ControlPlane.ServerVersion}: row {Show(rows)}, totals {Show(totals)}");
        (await incident.ReadAsync()).Status.Session!.Requests.Should().Be(Requests);
    }

    private static string Show(List<TimeSpan> delays)
    {
        var sorted = delays.Order().ToList();
        return string.Create(CultureInfo.InvariantCulture, $"p50 {sorted[sorted.Count / 2].TotalSeconds:0.0} s, max {sorted[^1].TotalSeconds:0.0} s");
    }

    [GeneratedRegex("\"?token\"?: \"?(?<token>[^\"\\s]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex TokenLine();
}
