using BreakGlass.Core.Api;
using k8s;
using k8s.Models;
using Kube.Client;
using TestKit;

namespace Integration;

/// <summary>A control plane on which the operator is installed as config/ has it, and the people of the tests.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    private TestCluster(TestKit.ControlPlane controlPlane)
    {
        ControlPlane = controlPlane;
        Admin = new(ClusterConnection.FromKubeconfig(controlPlane.AdminKubeconfig), TimeProvider.System, new() { RequestTimeout = TimeSpan.FromSeconds(60) });
    }

    /// <summary>The control plane.</summary>
    public TestKit.ControlPlane ControlPlane { get; }

    /// <summary>Sees everything: for looking at what became of it, and for those who tamper.</summary>
    public KubeClient Admin { get; }

    /// <summary>Of the operator's own ServiceAccount.</summary>
    public required string OperatorKubeconfig { get; init; }

    /// <summary>Of the reaper's own ServiceAccount.</summary>
    public required string ReaperKubeconfig { get; init; }

    /// <summary>Alice is on call for payments: she may ask for access (breakglass-requester), and nothing else.</summary>
    public required string Alice { get; init; }

    /// <summary>Bob is on call as well, and may do what Alice may.</summary>
    public required string Bob { get; init; }

    /// <summary>Mallory is known to the cluster and may do nothing.</summary>
    public required string Mallory { get; init; }

    /// <summary>Starts a control plane and installs.</summary>
    /// <param name="withDefinitions">Whether our CustomResourceDefinitions are installed too.</param>
    /// <param name="auditPort">The port of this machine to which audit events are posted; null for nowhere.</param>
    public static Task<TestCluster> StartAsync(bool withDefinitions = true, int? auditPort = null) => StartAsync(async controlPlane =>
    {
        if (withDefinitions) await InstallDefinitionsAsync(controlPlane);
        await controlPlane.AdminAsync(["apply", "-k", Config("rbac")]);

        // Whatever the operator does must be possible inside its fence.
        if (Release.Installed.Minor >= 30) await controlPlane.AdminAsync(["apply", "-f", Path.Combine(Config("guard"), "fence.yaml")]);
    }, auditPort: auditPort);

    /// <summary>Starts a control plane and installs in another way than by config/crd and config/rbac.</summary>
    public static async Task<TestCluster> StartAsync(Func<TestKit.ControlPlane, Task> install, string apiServerFlags = "", int? auditPort = null)
    {
        var controlPlane = await TestKit.ControlPlane.StartAsync(apiServerFlags, auditPort: auditPort);
        try
        {
            await install(controlPlane);
            await controlPlane.AdminAsync(
                ["create", "clusterrolebinding", "on-call-may-ask", "--clusterrole=breakglass-requester", "--group=payments-oncall"]);
            return new TestCluster(controlPlane)
            {
                OperatorKubeconfig = await controlPlane.ServiceAccountKubeconfigAsync("breakglass-system", "breakglass-operator"),
                ReaperKubeconfig = await controlPlane.ServiceAccountKubeconfigAsync("breakglass-system", "breakglass-reaper"),
                Alice = await controlPlane.UserKubeconfigAsync("alice", ["payments-oncall"]),
                Bob = await controlPlane.UserKubeconfigAsync("bob", ["payments-oncall"]),
                Mallory = await controlPlane.UserKubeconfigAsync("mallory"),
            };
        }
        catch
        {
            await controlPlane.DisposeAsync();
            throw;
        }
    }

    /// <summary>A directory below config/.</summary>
    public static string Config(string name) => Path.Combine(Golden.RepositoryRoot, "config", name);

    /// <summary>Starts the operator without leader election, which one that is alone does not need, and waits until it is ready.</summary>
    public Task<RunningOperator> StartOperatorAsync(params string[] options) =>
        RunningOperator.StartAsync(OperatorKubeconfig, ["--leader-elect=false", .. options]);

    /// <summary>Runs kubectl as somebody.</summary>
    public Task<CommandResult> KubectlAsync(string kubeconfig, params string[] arguments) => ControlPlane.KubectlAsync(kubeconfig, arguments);

    /// <summary>Runs kubectl as the administrator; it must succeed.</summary>
    public Task<string> AdminAsync(params string[] arguments) => ControlPlane.AdminAsync(arguments);

    /// <summary>Applies manifests as somebody; it must succeed.</summary>
    public async Task ApplyAsync(string kubeconfig, string manifests, bool validate = true) =>
        (await ControlPlane.KubectlAsync(kubeconfig, ["apply", validate ? "--validate=true" : "--validate=false", "-f", "-"], manifests)).OrThrow();

    /// <summary>Reads a grant; null where it is gone.</summary>
    public Task<BreakGlassGrant?> GrantAsync(string name) => Admin.TryGetAsync<BreakGlassGrant>(name, null, CancellationToken.None);

    /// <summary>
    /// Waits until a grant has no finalizer, or is gone: the end is proven before the last of the grant's objects that give no access is deleted.
    /// </summary>
    public Task ReleasedAsync(string grant) =>
        Eventually.TrueAsync(async () => await GrantAsync(grant) is null or { FinalizersOrEmpty.Count: 0 }, expected: $"grant {grant} without finalizer");

    /// <summary>Everything that carries the label of a grant: kind, namespace and name.</summary>
    public async Task<IReadOnlyList<string>> MadeForAsync(string grant)
    {
        var query = new ListQuery { LabelSelector = $"{BreakGlassApi.GrantLabel}={grant}" };
        return
        [
            .. await ListAsync<V1RoleBinding>(query),
            .. await ListAsync<V1ClusterRoleBinding>(query),
            .. await ListAsync<V1Role>(query),
            .. await ListAsync<V1Secret>(query),
            .. await ListAsync<V1ServiceAccount>(query),
        ];
    }

    /// <summary>The events of events.k8s.io that regard an object: type, reason, and the object they relate to.</summary>
    public async Task<IReadOnlyList<(string Type, string Reason, string? Related)>> EventsAsync(string kind, string name) =>
    [
        .. (await Admin.ListAsync<Eventsv1Event>(new(), CancellationToken.None)).Items
            .Where(e => e.Regarding?.Kind == kind && e.Regarding.Name == name)
            .OrderBy(e => e.EventTime)
            .Select(e => (e.Type ?? "", e.Reason ?? "", e.Related?.Name)),
    ];

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Admin.Dispose();
        await ControlPlane.DisposeAsync();
    }

    private async Task<IEnumerable<string>> ListAsync<T>(ListQuery query)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        (await Admin.ListAsync<T>(query, CancellationToken.None)).Items
            .Select(o => $"{KubeKinds.Of<T>().Resource.Kind} {o.Metadata.NamespaceProperty}/{o.Metadata.Name}");

    private static async Task InstallDefinitionsAsync(TestKit.ControlPlane controlPlane)
    {
        var crds = Release.Installed.Minor switch { <= 22 => "crd-1.20", >= 31 => "crd-1.31", _ => "crd" };
        await controlPlane.AdminAsync(["apply", "-k", Config(crds)]);
        await controlPlane.AdminAsync(
            ["wait", "--for=condition=Established", Eventually.KubectlTimeout, "crd", "-l", "app.kubernetes.io/name=breakglass-operator"]);
    }
}
