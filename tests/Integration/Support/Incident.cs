using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using FluentAssertions;
using Kube.Client;

namespace Integration;

/// <summary>
/// What one test works with: a namespace with something in it, a policy and a grant, each under a name of its own, so that tests can share a cluster.
/// </summary>
internal sealed class Incident
{
    private readonly string _id = Guid.NewGuid().ToString("N")[..8];
    private string _again = "";

    private Incident(TestCluster cluster) => Cluster = cluster;

    /// <summary>Where it happens.</summary>
    public TestCluster Cluster { get; }

    /// <summary>The namespace that access is about; it holds the ConfigMap <c>checkout</c>.</summary>
    public string Namespace => $"payments-{_id}";

    /// <summary>The policy's name.</summary>
    public string Policy => $"oncall-{_id}";

    /// <summary>The grant's name.</summary>
    public string Grant => $"inc-{_id}{_again}";

    /// <summary>A label of namespaces that only this incident uses.</summary>
    public string Label => $"tier-{_id}";

    /// <summary>Makes the namespace, and the policy: <c>edit</c> in that namespace for whoever is on call.</summary>
    /// <param name="spec">Lines of the policy's spec, at the indentation of two, that are added.</param>
    /// <param name="access">The access entry, as YAML flow.</param>
    /// <param name="withPolicy">Whether the policy is made.</param>
    public static async Task<Incident> BeginAsync(TestCluster cluster, string spec = "", string? access = null, bool withPolicy = true)
    {
        var incident = new Incident(cluster);
        await incident.NewNamespaceAsync(incident.Namespace);
        if (withPolicy) await incident.ApplyPolicyAsync(spec, access);
        return incident;
    }

    /// <summary>Makes a namespace with the ConfigMap <c>checkout</c>.</summary>
    public Task NewNamespaceAsync(string name, string labels = "{}") => Cluster.ApplyAsync(Cluster.ControlPlane.AdminKubeconfig, $$"""
        apiVersion: v1
        kind: Namespace
        metadata: {name: {{name}}, labels: {{labels}}}
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: checkout, namespace: {{name}}}
        """);

    /// <summary>Applies the policy, again where it is there.</summary>
    public Task ApplyPolicyAsync(string spec = "", string? access = null) => Cluster.ApplyAsync(Cluster.ControlPlane.AdminKubeconfig, $$"""
        apiVersion: breakglass.dev/v1alpha1
        kind: BreakGlassPolicy
        metadata: {name: {{Policy}}}
        spec:
          mode: BreakGlass
          requesters: [{kind: Group, name: payments-oncall}]
          access:
          - {{access ?? $"{{name: payments, roleRef: {{kind: ClusterRole, name: edit}}, namespaces: [{Namespace}]}}"}}
          duration: {default: 10m, max: 1h}
        {{spec}}
        """);

    /// <summary>
    /// Waits until the operator has seen the policy as it is: its watch of policies may bring a change later than that of grants brings a request.
    /// </summary>
    public Task PolicySeenAsync()
    {
        BreakGlassPolicy? last = null;
        return Eventually.TrueAsync(
            async () => (last = await Cluster.Admin.GetAsync<BreakGlassPolicy>(Policy, null, CancellationToken.None)).Status.ObservedGeneration
                == last.Metadata.Generation,
            () => $"{last?.Status.ObservedGeneration} of {last?.Metadata.Generation}", expected: $"policy {Policy}, seen by the operator");
    }

    /// <summary>Alice asks for access with kubectl.</summary>
    /// <param name="duration">How long; the policy's default where null.</param>
    /// <param name="spec">Lines of the grant's spec, at the indentation of two, that are added.</param>
    /// <param name="validate">Whether kubectl and the server object to fields that they do not know.</param>
    public Task AskAsync(string? duration = null, string spec = "", bool validate = true) => Cluster.ApplyAsync(Cluster.Alice, $$"""
        apiVersion: breakglass.dev/v1alpha1
        kind: BreakGlassGrant
        metadata: {name: {{Grant}}}
        spec:
          policy: {{Policy}}
          justification: checkout returns 5xx since the deploy, need to roll back
          ticket: INC-4711
          requester: {username: alice, groups: [payments-oncall, system:authenticated]}
        {{(duration is null ? "" : $"  duration: {duration}")}}
        {{spec}}
        """, validate);

    /// <summary>Waits, as Alice would, for a condition of the grant, and gives the grant.</summary>
    public async Task<BreakGlassGrant> WaitAsync(string condition, string status = "True")
    {
        var waited = await Cluster.KubectlAsync(Cluster.Alice, "wait", $"--for=condition={condition}={status}", Eventually.KubectlTimeout, $"bgg/{Grant}");
        var grant = await ReadAsync();
        waited.ExitCode.Should().Be(0, $"{condition}={status} was expected of {Show(grant)}\n{waited.Error}");
        return grant;
    }

    /// <summary>Waits for a phase and gives the grant.</summary>
    public async Task<BreakGlassGrant> WaitForPhaseAsync(GrantPhase phase)
    {
        BreakGlassGrant? last = null;
        return await Eventually.GetAsync(
            async () => (last = await Cluster.GrantAsync(Grant))?.Status.Phase == phase ? last : null, () => Show(last),
            expected: $"grant {Grant} in phase {phase}");
    }

    /// <summary>Asks and waits until access works.</summary>
    public async Task<BreakGlassGrant> ActivateAsync(string? duration = null, string spec = "")
    {
        await AskAsync(duration, spec);
        return await WaitAsync("Active");
    }

    /// <summary>Opens a grant that ends by its time, and does with it what must be done before it ends: see <see cref="InTimeAsync"/>.</summary>
    /// <param name="seconds">The duration of the first grant.</param>
    /// <param name="use">What must be done before the grant ends.</param>
    /// <param name="prepare">What must be done before each grant is requested; null for nothing.</param>
    public Task<BreakGlassGrant> WhileItLastsAsync(int seconds, Func<BreakGlassGrant, Task> use, Func<Task>? prepare = null) =>
        InTimeAsync(seconds, async duration =>
        {
            if (prepare is not null) await prepare();
            return await UseAsync(duration, use);
        });

    /// <summary>Opens a grant that ends by its time, and kills the operator before it ends: see <see cref="InTimeAsync"/>.</summary>
    public Task<BreakGlassGrant> OpenAndKillAsync(int seconds, Func<BreakGlassGrant, Task>? use = null) => InTimeAsync(seconds, async duration =>
    {
        await using var killed = await Cluster.StartOperatorAsync();
        var grant = await UseAsync(duration, use ?? (_ => Task.CompletedTask));
        await killed.KillAsync();
        return grant;
    });

    /// <summary>The grant as it is.</summary>
    public async Task<BreakGlassGrant> ReadAsync() =>
        await Cluster.GrantAsync(Grant) ?? throw new InvalidOperationException($"grant {Grant} was expected to be there");

    /// <summary>Alice sets spec.revoke.</summary>
    public async Task RevokeAsync() =>
        (await Cluster.KubectlAsync(Cluster.Alice, "patch", $"bgg/{Grant}", "--type=merge", "-p", """{"spec":{"revoke":{"reason":"done"}}}""")).OrThrow();

    /// <summary>Alice fetches the kubeconfig that was made for the grant into a file of the control plane's directory.</summary>
    public async Task<string> FetchKubeconfigAsync()
    {
        var (ns, name) = SecretOf(await ReadAsync());
        var encoded = (await Cluster.KubectlAsync(Cluster.Alice, "get", "secret", "-n", ns, name, "-o", "jsonpath={.data.kubeconfig}")).OrThrow();
        return await SaveKubeconfigAsync(Convert.FromBase64String(encoded));
    }

    /// <summary>Saves a kubeconfig where nobody else can read it and it goes away with the control plane.</summary>
    public async Task<string> SaveKubeconfigAsync(byte[] kubeconfig)
    {
        var file = Path.Combine(Cluster.ControlPlane.Directory, $"delivered-{Guid.NewGuid():N}.kubeconfig");
        await File.WriteAllBytesAsync(file, kubeconfig);
        return file;
    }

    /// <summary>
    /// Plays what must be done before the grant ends. If the machine is so slow that the grant ends first, plays it again with another grant of three times
    /// the time.
    /// </summary>
    private async Task<BreakGlassGrant> InTimeAsync(int seconds, Func<string, Task<BreakGlassGrant>> play)
    {
        for (; ; seconds *= 3)
        {
            try
            {
                var grant = await play($"{seconds}s");
                if (TimeProvider.System.GetUtcNow() < grant.Status.ExpiresAt) return grant;
            }
            catch (Exception)
            {
                if (seconds >= 500 || !((await Cluster.GrantAsync(Grant))?.Status.ExpiresAt <= TimeProvider.System.GetUtcNow())) throw;
            }

            if (seconds >= 500) throw new TimeoutException($"the grant ended after {seconds} s, before the test was done with it");
            _again += "x";
        }
    }

    private async Task<BreakGlassGrant> UseAsync(string duration, Func<BreakGlassGrant, Task> use)
    {
        await AskAsync(duration);
        BreakGlassGrant? last = null;
        static bool HasBegun(GrantStatus status) => Conditions.IsTrue(status.Conditions, "Active") || status.Phase is GrantPhase.Expired;
        var grant = await Eventually.GetAsync(
            async () => (last = await Cluster.GrantAsync(Grant))?.Status is { } status && HasBegun(status) ? last : null,
            () => Show(last), expected: $"grant {Grant}, active");
        await use(grant);
        return grant;
    }

    /// <summary>Namespace and name of the credential Secret.</summary>
    public static (string Namespace, string Name) SecretOf(BreakGlassGrant grant) =>
        grant.Status.CredentialSecret?.Split('/', 2) is [var ns, var name]
            ? (ns, name) : throw new InvalidOperationException($"no credentialSecret in {Show(grant)}");

    /// <summary>Whether somebody may read what is in a namespace; a call that fails for another reason than a refusal fails the test.</summary>
    public async Task<bool> CanReadAsync(string kubeconfig, string? ns = null)
    {
        var answer = await Cluster.KubectlAsync(kubeconfig, "get", "configmaps", "-n", ns ?? Namespace);
        if (answer.ExitCode == 0) return true;
        answer.Error.Should().MatchRegex("Forbidden|Unauthorized|logged in", "a call that is refused says so");
        return false;
    }

    /// <summary>Waits until somebody's calls are refused: the API server's own caches follow within milliseconds.</summary>
    public Task RefusedAsync(string kubeconfig, string? ns = null) =>
        Eventually.TrueAsync(async () => !await CanReadAsync(kubeconfig, ns), expected: $"a refusal in {ns ?? Namespace}");

    /// <summary>Waits until somebody's calls are allowed.</summary>
    public Task AllowedAsync(string kubeconfig, string? ns = null) =>
        Eventually.TrueAsync(() => CanReadAsync(kubeconfig, ns), expected: $"access in {ns ?? Namespace}");

    /// <summary>Waits until the end is proven, and asserts that nothing is left over.</summary>
    public async Task<BreakGlassGrant> OverAndProvenAsync(GrantPhase phase, EndReason reason)
    {
        if (phase is GrantPhase.Expired && (await ReadAsync()).Status.ExpiresAt is { } end) await Eventually.AtAsync(end);
        await WaitAsync("Revoked");
        var grant = await Eventually.GetAsync(
            async () => await Cluster.GrantAsync(Grant) is { FinalizersOrEmpty.Count: 0 } released ? released : null,
            expected: $"grant {Grant} without finalizer");
        grant.Status.Phase.Should().Be(phase);
        grant.Status.EndReason.Should().Be(reason);
        Conditions.IsTrue(grant.Status.Conditions, "Active").Should().BeFalse();
        await NothingLeftAsync();
        return grant;
    }

    /// <summary>Asserts that no object that was made for the grant is there.</summary>
    public async Task NothingLeftAsync() => (await Cluster.MadeForAsync(Grant)).Should().BeEmpty("nothing is left over of a grant that is over");

    /// <summary>The name of the grant's binding for the access entry <c>payments</c>.</summary>
    public static string BindingOf(BreakGlassGrant grant) => GrantNames.Binding(grant, "payments");

    /// <summary>A grant in words, for messages; its status holds no secret.</summary>
    public static string Show(BreakGlassGrant? grant)
    {
        if (grant is null) return "(no grant)";
        return string.Join("\n  ",
        [
            $"grant {grant.Metadata.Name}: {grant.Status.Phase} {grant.Status.EndReason}",
            .. grant.Status.Conditions.Select(c => $"{c.Type}={c.Status} {c.Reason}: {c.Message}"),
            .. grant.Status.Transitions.Select(t => $"{t.At:O} {t.From} -> {t.To} by {t.Actor}: {t.Reason}"),
        ]);
    }
}
