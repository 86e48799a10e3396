using System.Diagnostics;
using System.Text.Json.Nodes;
using BreakGlass.Core.Api;
using k8s;
using k8s.Models;
using Kube.Client;
using TestKit;

namespace Benchmarks;

/// <summary>A control plane of its own with the operator's CRDs and rights, a policy, and the clients that measure.</summary>
internal sealed class BenchmarkCluster : IAsyncDisposable
{
    public const string PolicyName = "bench";
    public const string Namespace = "payments";
    public const string GrantsNamespace = "breakglass-grants";
    private const string OurObjects = $"{BreakGlassApi.ManagedByLabel}={BreakGlassApi.ManagedBy}";
    private const int AtOnce = 32;

    private BenchmarkCluster(ControlPlane controlPlane, BenchOptions options, string operatorKubeconfig)
    {
        ControlPlane = controlPlane;
        Options = options;
        OperatorKubeconfig = operatorKubeconfig;
        Connection = ClusterConnection.FromKubeconfig(operatorKubeconfig);
        Admin = new(ClusterConnection.FromKubeconfig(controlPlane.AdminKubeconfig), TimeProvider.System, Patient);
        Administrator = new(ClusterConnection.FromKubeconfig(controlPlane.AdminKubeconfig), TimeProvider.System, Patient);
    }

    public BenchOptions Options { get; }

    /// <summary>The API server and what belongs to it.</summary>
    public ControlPlane ControlPlane { get; }

    public string OperatorKubeconfig { get; }

    /// <summary>How the operator's ServiceAccount reaches the API server.</summary>
    public ClusterConnection Connection { get; }

    /// <summary>The administrator: makes grants, watches, clears up.</summary>
    public KubeClient Admin { get; }

    /// <summary>The floor's: an administrator too, on a connection of its own, as the operator has one.</summary>
    public KubeClient Administrator { get; }

    public string Directory => ControlPlane.Directory;

    public string AuditLog => ControlPlane.AuditLog;

    public string ServerVersion => ControlPlane.ServerVersion.ToString();

    private static KubeClientOptions Patient => new() { UserAgent = "breakglass-benchmarks", RequestTimeout = TimeSpan.FromSeconds(60) };

    public static async Task<BenchmarkCluster> StartAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        var controlPlane = await ControlPlane.StartAsync(cancellationToken: cancellationToken);
        try
        {
            // Up to 1.22, kubectl checks against the server's schema of CRDs, which lacks the CEL rules; the server itself leaves them out.
            string[] validate = controlPlane.ServerVersion.Minor < 23 ? ["--validate=false"] : [];
            await controlPlane.AdminAsync(["apply", "-k", "config/crd", .. validate], cancellationToken: cancellationToken);
            await controlPlane.AdminAsync(["wait", "--for=condition=Established", "--timeout=30s", "crd", "--all"], cancellationToken: cancellationToken);
            await controlPlane.AdminAsync(["apply", "-k", "config/rbac"], cancellationToken: cancellationToken);
            var kubeconfig = await controlPlane.ServiceAccountKubeconfigAsync(
                "breakglass-system", "breakglass-operator", cancellationToken: cancellationToken);
            var cluster = new BenchmarkCluster(controlPlane, options, kubeconfig);
            await cluster.Admin.CreateAsync(new V1Namespace { Metadata = new() { Name = Namespace } }, cancellationToken);
            await cluster.Admin.CreateAsync(Policy(PolicyName, SessionPath.Direct, Namespace), cancellationToken);
            return cluster;
        }
        catch
        {
            await controlPlane.DisposeAsync();
            throw;
        }
    }

    /// <summary>Processor time that a part of the control plane has used so far.</summary>
    public TimeSpan ProcessorTime(string part)
    {
        using var process = Process.GetProcessById(ControlPlane.ProcessIdOf(part));
        return process.TotalProcessorTime;
    }

    /// <summary>A grant as an SRE writes it; the requester as admission would stamp it.</summary>
    public static BreakGlassGrant Grant(string name, string duration, string policy = PolicyName) => new()
    {
        Metadata = new() { Name = name },
        Spec = new()
        {
            Policy = policy,
            Justification = "checkout returns 5xx since the 01:00 deploy, need to roll back",
            Ticket = "INC-4711",
            Duration = duration,
            Requester = new() { Username = "alice", Groups = ["payments-oncall", "system:authenticated"] },
        },
    };

    /// <summary>A policy that gives access to namespaces on a path.</summary>
    public static BreakGlassPolicy Policy(string name, SessionPath path, params IReadOnlyList<string> namespaces) => new()
    {
        Metadata = new() { Name = name },
        Spec = new()
        {
            Description = "Payments on-call during an incident",
            Mode = PolicyMode.BreakGlass,
            Requesters = [new() { Kind = "Group", Name = "payments-oncall" }],
            Access = [new() { Name = "payments", RoleRef = new() { Kind = V1ClusterRole.KubeKind, Name = "edit" }, Namespaces = namespaces }],
            Session = path is SessionPath.Direct ? null : new() { Path = path },
            Credential = CredentialKind.ServiceAccountToken,
            Duration = new() { Default = "30m", Max = "2h" },
            Justification = new() { MinLength = 20, TicketPattern = "^INC-[0-9]+$" },
            Review = new() { Required = true, Reviewers = [new() { Kind = "Group", Name = "security" }] },
        },
    };

    /// <summary>Deletes all grants and everything made for them, and waits until it is gone, so that the next phase begins as the one before did.</summary>
    public async Task EmptyAsync(CancellationToken cancellationToken)
    {
        await DeleteAllAsync<V1RoleBinding>(OurObjects, cancellationToken);
        await DeleteAllAsync<V1Role>(OurObjects, cancellationToken);
        await DeleteAllAsync<V1Secret>(OurObjects, cancellationToken);
        await DeleteAllAsync<V1ServiceAccount>(OurObjects, cancellationToken);
        var grants = await Admin.ListAsync<BreakGlassGrant>(new(), cancellationToken);
        await EachAsync(grants.Items.Where(g => g.FinalizersOrEmpty.Count > 0), (grant, ct) =>
            Admin.MergePatchAsync<BreakGlassGrant>(
                grant.Metadata.Name, null, new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = null } }, ct), cancellationToken);
        await DeleteAllAsync<BreakGlassGrant>(null, cancellationToken);
    }

    /// <summary>Does something for each item, some at once.</summary>
    public static Task EachAsync<T>(IEnumerable<T> items, Func<T, CancellationToken, Task> action, CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(
            items, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, async (item, ct) => await action(item, ct));

    public async ValueTask DisposeAsync()
    {
        Admin.Dispose();
        Administrator.Dispose();
        await ControlPlane.DisposeAsync();
    }

    private async Task DeleteAllAsync<T>(string? selector, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var all = await Admin.ListAsync<T>(new() { LabelSelector = selector }, cancellationToken);
        await EachAsync(all.Items, (o, ct) => Admin.DeleteAsync<T>(o.Metadata.Name, o.Metadata.NamespaceProperty, DeleteOptions.Default, ct),
            cancellationToken);
    }
}
