using System.Globalization;
using System.Text.Json.Nodes;
using TestKit;

namespace Soak.Site;

/// <summary>
/// A control plane with the chart installed, two replicas of the operator run as its Deployment says and with its ServiceAccount's rights alone, and the
/// reaper once a minute as its CronJob says.
/// </summary>
internal sealed class SoakCluster : IAsyncDisposable
{
    public const string SystemNamespace = "breakglass-system";
    public const string GrantsNamespace = "breakglass-grants";
    private static readonly string[] s_people = ["alice", "bob", "erin"];

    private readonly Dictionary<string, Api> _people = new(StringComparer.Ordinal);
    private readonly History _history;
    private IReadOnlyList<string> _reaperCommand = [];
    private Dictionary<string, string> _reaperEnvironment = [];

    private SoakCluster(ControlPlane controlPlane, History history)
    {
        (ControlPlane, _history) = (controlPlane, history);
        Admin = Api.Of("admin", controlPlane, controlPlane.AdminKubeconfig);
        Webhooks = new(() => [.. Replicas.Where(r => r.Ready).Concat(Replicas).Select(r => r.WebhookPort).Distinct()]);
    }

    public ControlPlane ControlPlane { get; }

    /// <summary>Sees everything and is of no priority level that can be flooded: the observer.</summary>
    public Api Admin { get; }

    /// <summary>What the Service of the webhooks is.</summary>
    public Relay Webhooks { get; }

    public IReadOnlyList<Replica> Replicas { get; private set; } = [];

    /// <summary>Who may ask for access by the policies.</summary>
    public static IReadOnlyList<string> Requesters => s_people;

    /// <summary>The namespaces that access is about.</summary>
    public static IReadOnlyList<string> Teams { get; } = ["team-0", "team-1", "team-2", "team-3", "team-4", "team-5"];

    /// <summary>Whether the reaper comes at all; a fault may be that it does not.</summary>
    public bool ReaperRuns { get; set; } = true;

    public Api Person(string name) => _people[name];

    public Replica? Leader => Replicas.FirstOrDefault(r => r.Leads);

    public static async Task<SoakCluster> StartAsync(SoakOptions options, History history, CancellationToken cancellationToken)
    {
        var controlPlane = await ControlPlane.StartAsync(cancellationToken: cancellationToken);
        var cluster = new SoakCluster(controlPlane, history);
        try
        {
            await cluster.InstallAsync();
            await cluster.SettleAsync(cancellationToken);
            await cluster.StartReplicasAsync(options, cancellationToken);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Creates an object; it must succeed or be there already.</summary>
    public async Task PutThereAsync(string path, JsonNode body, CancellationToken cancellationToken)
    {
        var answer = await Admin.PostAsync(path, body, cancellationToken);
        if (!answer.Ok && answer.Status != 409) throw new InvalidOperationException($"POST {path}: {answer}");
    }

    /// <summary>The reaper, at every full minute.</summary>
    public async Task ReapAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            await Clock.PauseAsync(60 - ((Clock.Now.TimeOfDay.TotalSeconds) % 60), cancellationToken);
            if (!ReaperRuns) continue;
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            deadline.CancelAfter(TimeSpan.FromSeconds(50));    // activeDeadlineSeconds
            try
            {
                var (code, output, error) = await Command.RunAsync(
                    _reaperCommand[0], _reaperCommand.Skip(1), _reaperEnvironment, cancellationToken: deadline.Token);
                await File.AppendAllTextAsync(Path.Combine(_history.Directory, "reaper.log"), output + error, cancellationToken);
                _history.Say($"the reaper came, exit code {code.ToString(CultureInfo.InvariantCulture)}");
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                _history.Say("the reaper did not end in its time");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var replica in Replicas) await replica.DisposeAsync();
        await Webhooks.DisposeAsync();
        foreach (var person in _people.Values) person.Dispose();
        Admin.Dispose();
        foreach (var part in (string[])["kube-apiserver", "etcd"]) await Command.SignalAsync(ControlPlane.ProcessIdOf(part), "CONT");
        await ControlPlane.DisposeAsync();
    }

    private async Task InstallAsync()
    {
        var helm = (await Command.OrThrowAsync(Path.Combine(Golden.RepositoryRoot, "hack", "ensure-helm.sh"), ["helm"])).Trim();
        string[] values =
        [
            $"webhook.url=https://127.0.0.1:{Webhooks.Port.ToString(CultureInfo.InvariantCulture)}",
            $"operator.publicServer={ControlPlane.Server.OriginalString}",
            "operator.extraArgs={--webhook-extra-names=127.0.0.1}",
            "userRoles.groups.requester={oncall,strangers}",
            "userRoles.groups.approver={commanders,oncall}",
            "userRoles.groups.reviewer={security}",
            "userRoles.groups.lockdown={wardens}",
        ];
        await Command.OrThrowAsync(
            helm,
            ["install", "breakglass", Path.Combine(Golden.RepositoryRoot, "charts", "breakglass-operator"), "-n", SystemNamespace, "--create-namespace",
                .. values.SelectMany(v => new[] { "--set", v })],
            new Dictionary<string, string> { ["KUBECONFIG"] = ControlPlane.AdminKubeconfig, ["HOME"] = Path.Combine(ControlPlane.Directory, "helm-home") });
    }

    private async Task SettleAsync(CancellationToken cancellationToken)
    {
        foreach (var team in Teams)
        {
            await PutThereAsync("/api/v1/namespaces",
                new JsonObject { ["metadata"] = new JsonObject { ["name"] = team, ["labels"] = new JsonObject { ["soak"] = "team" } } }, cancellationToken);
            await PutThereAsync(
                $"/api/v1/namespaces/{team}/configmaps", new JsonObject { ["metadata"] = new JsonObject { ["name"] = "checkout" } }, cancellationToken);
        }

        (string Name, string[] Groups)[] people =
        [
            .. s_people.Select(p => (p, (string[])["oncall"])), ("mallory", ["strangers"]), ("carol", ["commanders"]), ("kim", ["commanders"]),
            ("dora", ["security"]), ("wade", ["wardens"]),
        ];
        foreach (var (name, groups) in people)
        {
            _people[name] = Api.Of(name, ControlPlane, await ControlPlane.UserKubeconfigAsync(name, groups, cancellationToken));
        }
    }

    private async Task StartReplicasAsync(SoakOptions options, CancellationToken cancellationToken)
    {
        string[] program = options.Operator.EndsWith(".dll", StringComparison.Ordinal) ? ["dotnet", options.Operator] : [options.Operator];
        var deployment = JsonNode.Parse(await ControlPlane
            .AdminAsync(["get", "deployment", "-n", SystemNamespace, "breakglass-operator", "-o", "json"], cancellationToken: cancellationToken))!;
        var job = JsonNode.Parse(await ControlPlane.AdminAsync(
            ["get", "cronjob", "-n", SystemNamespace, "breakglass-reaper", "-o", "json"], cancellationToken: cancellationToken))!;
        var (command, environment, limit) = Container(deployment["spec"]!["template"]!["spec"]!);
        var kubeconfig = await File.ReadAllTextAsync(
            await ControlPlane.ServiceAccountKubeconfigAsync(SystemNamespace, "breakglass-operator", cancellationToken: cancellationToken), cancellationToken);
        List<Replica> replicas = [];
        foreach (var name in (string[])["replica-a", "replica-b"])
        {
            var wire = await Wire.StartAsync(ControlPlane);
            var file = Path.Combine(ControlPlane.Directory, $"{name}.kubeconfig");
            await File.WriteAllTextAsync(
                file, kubeconfig.Replace(ControlPlane.Server.OriginalString.TrimEnd('/'), wire.Address, StringComparison.Ordinal), cancellationToken);
            replicas.Add(new(name, wire, [.. program, .. command], new Dictionary<string, string>(environment) { ["KUBECONFIG"] = file }, limit, _history));
        }

        var (reap, reaperEnvironment, _) = Container(job["spec"]!["jobTemplate"]!["spec"]!["template"]!["spec"]!);
        _reaperCommand = [.. program, .. reap];
        _reaperEnvironment = new(reaperEnvironment)
        {
            ["KUBECONFIG"] = await ControlPlane.ServiceAccountKubeconfigAsync(SystemNamespace, "breakglass-reaper", cancellationToken: cancellationToken),
        };
        Replicas = replicas;
        foreach (var replica in replicas) await replica.StartAsync();
    }

    /// <summary>
    /// What a kubelet makes of a pod's only container: its arguments, its environment with the memory limit as .NET reads it, and the limit in MiB.
    /// </summary>
    private static (string[] Command, Dictionary<string, string> Environment, double Limit) Container(JsonNode pod)
    {
        var container = pod["containers"]![0]!;
        var environment = container["env"]!.AsArray().ToDictionary(e => (string)e!["name"]!, e => (string?)e!["value"] ?? SystemNamespace);
        var limit = double.Parse(
            ((string)container["resources"]!["limits"]!["memory"]!).Replace("Mi", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);

        // In a container .NET takes three quarters of its limit for the heap; without one it has to be told.
        environment["DOTNET_GCHeapHardLimit"] = ((long)(limit * 0.75 * 1024 * 1024)).ToString("x", CultureInfo.InvariantCulture);
        return ([.. container["args"]!.AsArray().Select(a => (string)a!)], environment, limit);
    }
}
