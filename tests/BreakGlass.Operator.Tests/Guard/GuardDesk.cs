using System.Text.Json;
using BreakGlass.Core;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Operator.Announcing;
using BreakGlass.Operator.Guard;
using Kube.Client;
using Kube.Model;
using Kube.Runtime;
using Microsoft.Extensions.Logging;
using Simulation;

namespace BreakGlass.Operator.Tests.Guard;

/// <summary>The guard of one replica in a simulated cluster, asked as the API server would.</summary>
internal sealed class GuardDesk : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly World _world;
    private readonly KubeClient _client;
    private readonly GuardWebhook _webhook;

    public GuardDesk(World world, Replica replica)
    {
        _world = world;
        _client = world.Server.CreateClient(InstalledRbac.Operator);
        var recorder = new EventRecorder(_client, new() { Controller = "breakglass.dev/operator", Instance = "guard" }, world.Clock, world.Logs.CreateLogger("Events"));
        var residue = new ResidueWriter(_client, replica.Engine.Caches, world.Clock, world.Logs.CreateLogger("Guard"));
        _webhook = new(_client, replica.Engine.Caches, new CoreSettings(), new Announcer(recorder), replica.Engine.Metrics, residue, world.Logs.CreateLogger("Guard"));
        _ = Task.Run(() => Task.WhenAll(recorder.RunAsync(_stop.Token), residue.RunAsync(_stop.Token)));
    }

    /// <summary>The user name of the grant's identity.</summary>
    public string Identity => User(GrantNames.Identity(_world.Grant()!));

    public static string User(string serviceAccount) => $"system:serviceaccount:breakglass-grants:{serviceAccount}";

    /// <summary>Somebody creates a ClusterRole.</summary>
    public static AdmissionRequest CreateRole(string user, string name = "mine") => Create(user, Rbac.Group, "clusterroles", null, name);

    public static AdmissionRequest Create(string user, string group, string resource, string? ns, string name, string? o = null) => new()
    {
        Uid = "1", Operation = "CREATE", Name = name, Namespace = ns, Resource = new() { Group = group, Version = "v1", Resource = resource }, UserInfo = new() { Username = user },
        Object = o is null ? null : JsonDocument.Parse(o).RootElement,
    };

    /// <summary>Asks, and lets everybody come to rest.</summary>
    public AdmissionAnswer Ask(AdmissionRequest request)
    {
        AdmissionAnswer? answer = null;
        Exception? thrown = null;
        _ = Task.Run(async () =>
        {
            try
            {
                answer = await _webhook.HandleAsync(request, CancellationToken.None);
            }
            catch (Exception e)
            {
                thrown = e;
            }
        });
        _world.Settle();
        return answer ?? throw new InvalidOperationException($"The guard was expected to answer and said nothing: {thrown}");
    }

    public void Dispose()
    {
        _stop.Cancel();
        _world.Settle();
        _client.Dispose();
        _stop.Dispose();
    }
}
