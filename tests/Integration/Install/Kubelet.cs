using System.Globalization;
using System.Text.Json.Nodes;
using FluentAssertions;
using Integration.Admission;
using TestKit;

namespace Integration.Install;

/// <summary>
/// What a kubelet and the Job controller would do, of which a bare control plane has none: runs what workloads say, with their arguments and as their
/// identity.
/// </summary>
internal sealed class Kubelet(TestKit.ControlPlane controlPlane)
{
    private const string Namespace = "breakglass-system";

    /// <summary>The port of the webhooks, which the chart is told as webhook.url.</summary>
    public int WebhookPort { get; } = Ports.Free();

    /// <summary>The value webhook.url.</summary>
    public string WebhookUrl => $"https://127.0.0.1:{WebhookPort.ToString(CultureInfo.InvariantCulture)}";

    /// <summary>
    /// Starts the operator as its Deployment says, and waits until it is ready and the API server asks its webhooks.
    /// </summary>
    public async Task<RunningOperator> StartOperatorAsync()
    {
        var pod = (await ReadAsync("deployment", "breakglass-operator"))["spec"]!["template"]!["spec"]!;
        var (kubeconfig, command) = await CommandAsync(pod);
        command[0].Should().Be("run");
        var started = await RunningOperator.StartAsync(
            kubeconfig,
            ["--trust-requester=false", "--webhook=true", .. command.Skip(1),
                $"--webhook-address=127.0.0.1:{WebhookPort.ToString(CultureInfo.InvariantCulture)}", "--webhook-extra-names=127.0.0.1"]);
        try
        {
            await AdmissionCluster.EnforcedAsync(controlPlane);
            return started;
        }
        catch
        {
            await started.DisposeAsync();
            throw;
        }
    }

    /// <summary>Says of the Deployment that all its pods are there and ready, for those who wait for that.</summary>
    public async Task SayReadyAsync()
    {
        var deployment = await ReadAsync("deployment", "breakglass-operator");
        var replicas = deployment["spec"]!["replicas"]!.GetValue<int>();
        deployment["status"] = new JsonObject
        {
            ["observedGeneration"] = deployment["metadata"]!["generation"]!.GetValue<int>(),
            ["replicas"] = replicas, ["updatedReplicas"] = replicas, ["readyReplicas"] = replicas, ["availableReplicas"] = replicas,
        };
        (await controlPlane.KubectlAsync(
            controlPlane.AdminKubeconfig, ["replace", "--raw", $"/apis/apps/v1/namespaces/{Namespace}/deployments/breakglass-operator/status", "-f", "-"],
            deployment.ToJsonString())).OrThrow();
    }

    /// <summary>Waits for a Job, runs its pod and says that it is complete.</summary>
    public async Task RunJobAsync(string name)
    {
        JsonNode? job = null;
        await Eventually.TrueAsync(
            async () => (await controlPlane.KubectlAsync(controlPlane.AdminKubeconfig, ["get", "job", name, "-n", Namespace])).ExitCode == 0,
            expected: $"Job {name}");
        job = await ReadAsync("job", name);
        var started = Now();
        var (kubeconfig, command) = await CommandAsync(job["spec"]!["template"]!["spec"]!);
        var (exitCode, log) = await RunningOperator.RunOnceAsync(kubeconfig, command);
        exitCode.Should().Be(0, log);
        job = await ReadAsync("job", name);
        JsonObject Condition(string type) => new() { ["type"] = type, ["status"] = "True", ["lastTransitionTime"] = started, ["lastProbeTime"] = started };
        job["status"] = new JsonObject
        {
            ["startTime"] = started, ["completionTime"] = Now(), ["succeeded"] = 1, ["conditions"] = new JsonArray(
                Condition("SuccessCriteriaMet"), Condition("Complete")),
        };
        (await controlPlane.KubectlAsync(
            controlPlane.AdminKubeconfig, ["replace", "--raw", $"/apis/batch/v1/namespaces/{Namespace}/jobs/{name}/status", "-f", "-"],
            job.ToJsonString())).OrThrow();
    }

    private async Task<(string Kubeconfig, string[] Command)> CommandAsync(JsonNode pod)
    {
        var container = pod["containers"]!.AsArray().Should().ContainSingle().Subject!;
        var environment = container["env"]!.AsArray().ToDictionary(e => e!["name"]!.GetValue<string>(), e => e!["value"]?.GetValue<string>() ?? Namespace);
        string[] command =
        [
            .. container["args"]!.AsArray().Select(a => a!.GetValue<string>()),
            $"--namespace={environment["BREAKGLASS_NAMESPACE"]}", $"--grants-namespace={environment["BREAKGLASS_GRANTS_NAMESPACE"]}",
        ];
        return (await controlPlane.ServiceAccountKubeconfigAsync(Namespace, pod["serviceAccountName"]!.GetValue<string>()), command);
    }

    private async Task<JsonNode> ReadAsync(string kind, string name) =>
        JsonNode.Parse(await controlPlane.AdminAsync(["get", kind, name, "-n", Namespace, "-o", "json"]))!;

    private static string Now() => TimeProvider.System.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}
