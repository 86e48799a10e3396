using System.Text.Json;
using BreakGlass.Core.Model;
using k8s.Models;
using Kube.Runtime;
using Simulation;

namespace BreakGlass.Operator.Tests.Guard;

/// <summary>The guard of one replica in a simulated cluster, asked as the API server would.</summary>
internal sealed class GuardHarness(World world, Replica replica)
{
    /// <summary>The user name of the grant's identity.</summary>
    public string Identity => User(GrantNames.Identity(world.Grant()!));

    public static string User(string serviceAccount) => $"system:serviceaccount:breakglass-grants:{serviceAccount}";

    /// <summary>Somebody creates a ClusterRole.</summary>
    public static AdmissionRequest CreateRole(string user, string name = "mine") => Create(user, V1Role.KubeGroup, "clusterroles", null, name);

    public static AdmissionRequest Create(string user, string group, string resource, string? ns, string name, string? o = null) => new()
    {
        Uid = "1", Operation = "CREATE", Name = name, Namespace = ns, Resource = new() { Group = group, Version = "v1", Resource = resource },
        UserInfo = new() { Username = user },
        Object = o is null ? null : JsonDocument.Parse(o).RootElement,
    };

    /// <summary>Asks, and lets everybody come to rest.</summary>
    public AdmissionAnswer Ask(AdmissionRequest request)
    {
        AdmissionAnswer? answer = null;
        var thrown = Begin(request, a => answer = a);
        return answer ?? throw new InvalidOperationException($"The guard was expected to answer and said nothing: {thrown()}");
    }

    /// <summary>Asks, and lets everybody come to rest; the answer may come later.</summary>
    public Func<Exception?> Begin(AdmissionRequest request, Action<AdmissionAnswer> then)
    {
        Exception? thrown = null;
        _ = Task.Run(async () =>
        {
            try
            {
                then(await replica.Engine.Guard.HandleAsync(request, CancellationToken.None));
            }
            catch (Exception e)
            {
                thrown = e;
            }
        });
        world.Settle();
        return () => thrown;
    }
}
