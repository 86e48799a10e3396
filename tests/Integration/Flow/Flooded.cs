using System.Globalization;
using System.Text.RegularExpressions;
using Integration.Install;
using Xunit;

namespace Integration.Flow;

/// <summary>A cluster on which the chart is installed as a person installs it, and the operator runs as the chart's Deployment says.</summary>
public sealed partial class Flooded : IAsyncLifetime
{
    private RunningOperator? _running;

    internal TestCluster Cluster { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Kubelet? kubelet = null;
        Cluster = await TestCluster.StartAsync(async controlPlane =>
        {
            kubelet = new(controlPlane);
            await Helm.RunAsync(controlPlane, "install", "breakglass", Helm.Chart, "--create-namespace", "--set", $"webhook.url={kubelet.WebhookUrl}");
        });
        _running = await kubelet!.StartOperatorAsync();
    }

    public async Task DisposeAsync()
    {
        if (_running is not null) await _running.DisposeAsync();
        await Cluster.DisposeAsync();
    }

    /// <summary>The FlowSchema by which the API server classified a request, as its answer says.</summary>
    internal async Task<string> SchemaOfAsync(string kubeconfig, params string[] arguments)
    {
        var answer = await Cluster.KubectlAsync(kubeconfig, [.. arguments, "--v=8"]);
        var uids = FlowSchemaHeader().Matches(answer.Error).Select(m => m.Groups["uid"].Value).Distinct().ToList();
        var names = await Cluster.AdminAsync("get", "flowschemas", "-o", "jsonpath={range .items[*]}{.metadata.uid}={.metadata.name}{\"\\n\"}{end}");
        var byUid = names.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('=')).ToDictionary(p => p[0], p => p[1]);
        return uids.Count == 0 ? $"none: {answer.Error}" : string.Join(' ', uids.Select(uid => byUid.GetValueOrDefault(uid, uid)).TakeLast(1));
    }

    /// <summary>How many requests a priority level has refused, from the API server's metrics.</summary>
    internal async Task<double> RejectedAsync(string level)
    {
        var metrics = await Cluster.AdminAsync("get", "--raw", "/metrics");
        return metrics.Split('\n')
            .Where(line => line.StartsWith("apiserver_flowcontrol_rejected_requests_total{", StringComparison.Ordinal)
                && line.Contains($"\"{level}\"", StringComparison.Ordinal))
            .Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }

    [GeneratedRegex("x-kubernetes-pf-flowschema-uid\"?[:=]\\s*\\[?\"?(?<uid>[0-9a-f-]{36})", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex FlowSchemaHeader();
}
