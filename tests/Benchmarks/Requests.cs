using System.Globalization;
using System.Text.Json;
using Kube.Client;

namespace Benchmarks;

/// <summary>Counts the API requests of one grant's whole life, undisturbed, from the API server's audit log.</summary>
internal sealed class Requests(BenchmarkCluster cluster, Report report)
{
    private const string OperatorUser = "system:serviceaccount:breakglass-system:breakglass-operator";
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(3);

    public async Task MeasureAsync(CancellationToken cancellationToken)
    {
        await using var process = await OperatorUnderTest.StartAsync(cluster, cancellationToken);
        await using var watch = await GrantWatch.StartAsync(cluster.Admin, cancellationToken);
        Progress.Say("one grant of 15 s, undisturbed");

        // What the start itself asks is over by then, and what follows the end must be counted too.
        await Task.Delay(Quiet, TimeProvider.System, cancellationToken);
        var began = AuditLines();
        var grant = await cluster.Admin.CreateAsync(BenchmarkCluster.Grant("one-life", "15s"), cancellationToken);
        await watch.ActiveAsync("one-life", cancellationToken);
        var (_, settled) = await watch.SettledAsync("one-life", cancellationToken);
        await Task.Delay(Quiet, TimeProvider.System, cancellationToken);

        var calls = File.ReadLines(cluster.AuditLog).Skip(began).Select(Read).OfType<Call>().ToList();
        var counted = calls.Where(c => c.Resource != "events").ToList();
        var events = calls.Count - counted.Count;
        report.Add(new("API requests of one undisturbed grant, whole life, events aside", Text.Number(counted.Count, "", 0), "", "", null));
        report.AddTable($"Requests of one grant (events: {events} more)", ["request", "times", "answers"],
            counted.GroupBy(c => c.What).Select(IReadOnlyList<string> (g) =>
                [g.Key, g.Count().ToString(CultureInfo.InvariantCulture), string.Join(", ", g.GroupBy(c => c.Code).Select(c => $"{c.Count()} × {c.Key}"))]));
        var proven = settled.Status.Conditions.First(c => c.Type == "Revoked").LastTransitionTime - grant.Metadata.CreatedAt!.Value - TimeSpan.FromSeconds(15);
        Progress.Say($"proven about {proven.TotalSeconds:0} s after the expiry");
        await cluster.EmptyAsync(cancellationToken);
    }

    private int AuditLines() => File.ReadLines(cluster.AuditLog).Count();

    /// <summary>One request of the operator's; null for others', for watches and for its lease.</summary>
    private static Call? Read(string line)
    {
        // The last line may be in the middle of being written.
        if (!line.EndsWith('}')) return null;
        using var json = JsonDocument.Parse(line);
        var root = json.RootElement;
        if (root.GetProperty("user").GetProperty("username").GetString() != OperatorUser || root.GetProperty("stage").GetString() != "ResponseComplete")
            return null;
        if (!root.TryGetProperty("objectRef", out var about)) return null;
        string Of(string name) => about.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";
        var (verb, resource) = (root.GetProperty("verb").GetString()!, Of("resource"));
        if (verb == "watch" || resource == "leases") return null;
        var sub = Of("subresource");
        var where = Of("namespace") is { Length: > 0 } ns ? $" in {ns}" : "";
        return new($"{verb} {resource}{(sub.Length > 0 ? "/" + sub : "")}{where}", resource,
            root.GetProperty("responseStatus").GetProperty("code").GetInt32());
    }

    private sealed record Call(string What, string Resource, int Code);
}
