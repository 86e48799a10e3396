using System.Collections.Concurrent;
using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using FluentAssertions;
using k8s;
using k8s.Models;
using Kube.Client;

namespace Integration.Attacks;

/// <summary>Where one row happens: a namespace, a policy and grants of its own, so that rows share a cluster and run side by side.</summary>
internal sealed class Scene(AttackedCluster stage, string id)
{
    /// <summary>The section of a policy that asks for approval by the commanders, with time enough for them.</summary>
    public const string Approval = "approval: {required: 1, timeout: 10m, approvers: [{kind: Group, name: commanders}]}";

    /// <summary>The same, where nobody decides in time.</summary>
    public const string SoonOver = "approval: {required: 1, timeout: 6s, approvers: [{kind: Group, name: commanders}]}";

    /// <summary>The same, with two who must agree.</summary>
    public const string TwoSoonOver = "approval: {required: 2, timeout: 45s, approvers: [{kind: Group, name: commanders}]}";

    private readonly ConcurrentDictionary<string, bool> _asked = new();

    /// <summary>What all requests give as their reason.</summary>
    public const string Justification = "checkout returns 5xx since the deploy, need to roll back";

    public AttackedCluster Stage => stage;

    public string Id => id;

    /// <summary>The namespace that access is about.</summary>
    public string Namespace => $"pay-{id}";

    public string Policy => $"pol-{id}";

    public string Grant => $"inc-{id}";

    public string PolicyPath => $"breakglasspolicies/{Policy}";

    public string GrantPath => $"breakglassgrants/{Grant}";

    /// <summary>The record of what was done with the grant.</summary>
    public string SessionPath => $"breakglasssessions/{Grant}";

    /// <summary>The grant that the outcome is about, where it is another one.</summary>
    public string About { get; set; } = $"inc-{id}";

    /// <summary>The access entry that policies have unless told.</summary>
    public string Edit => $"{{name: pay, roleRef: {{kind: ClusterRole, name: edit}}, namespaces: [{Namespace}]}}";

    public KubeClient Look => stage.Cluster.Admin;

    /// <summary>A policy's manifest: whoever is on call may edit the namespace.</summary>
    public string PolicyText(string more = "", string? access = null, string? mode = null, string requesters = "{kind: Group, name: payments-oncall}",
        string duration = "{default: 10m, max: 1h}") => $$"""
            apiVersion: breakglass.dev/v1alpha1
            kind: BreakGlassPolicy
            metadata: {name: {{Policy}}, labels: {scene: "{{id}}"} }
            spec:
              mode: {{mode ?? (more.Contains("approval:", StringComparison.Ordinal) ? "JustInTime" : "BreakGlass")}}
              requesters: [{{requesters}}]
              access: [{{access ?? Edit}}]
              duration: {{duration}}
              {{more.ReplaceLineEndings("\n  ")}}
            """;

    /// <summary>The administrator declares the policy.</summary>
    public async Task PolicyAsync(string more = "", string? access = null, string? mode = null, string requesters = "{kind: Group, name: payments-oncall}",
        string duration = "{default: 10m, max: 1h}") =>
            (await stage.Admin.CreateAsync(PolicyText(more, access, mode, requesters, duration))).OrThrow();

    /// <summary>Somebody asks.</summary>
    public Task<ApiAnswer> AskAsync(Person who, string more = "", string? name = null, string meta = "", string query = "", string? policy = null)
    {
        _asked[name ?? Grant] = true;
        return who.CreateAsync($$"""
        apiVersion: breakglass.dev/v1alpha1
        kind: BreakGlassGrant
        metadata: {name: {{name ?? Grant}}{{meta}}}
        spec:
          policy: {{policy ?? Policy}}
          justification: {{Justification}}
          {{more.ReplaceLineEndings("\n  ")}}
        """, query);
    }

    /// <summary>Somebody decides.</summary>
    public Task<ApiAnswer> DecideAsync(Person who, string decision = "Approve", string more = "", string? grant = null) => who.CreateAsync($$"""
        apiVersion: breakglass.dev/v1alpha1
        kind: BreakGlassApproval
        metadata: {name: {{Unique("bga")}}}
        spec:
          grant: {{grant ?? Grant}}
          decision: {{decision}}
          {{more}}
        """);

    /// <summary>Somebody reviews.</summary>
    public Task<ApiAnswer> ReviewAsync(Person who, string more = "", string? grant = null) => who.CreateAsync($$"""
        apiVersion: breakglass.dev/v1alpha1
        kind: BreakGlassReview
        metadata: {name: {{Unique("bgr")}}}
        spec:
          grant: {{grant ?? Grant}}
          outcome: Justified
          {{more}}
        """);

    /// <summary>Somebody shuts this row's policy, unless told otherwise.</summary>
    public Task<ApiAnswer> LockAsync(Person who, string? reason = "a token leaked", string? selector = null, string more = "") => who.CreateAsync($$"""
        apiVersion: breakglass.dev/v1alpha1
        kind: BreakGlassLockdown
        metadata: {name: lock-{{id}}}
        spec:
          reason: "{{reason}}"
          policySelector: {{selector ?? $"{{matchLabels: {{scene: \"{id}\"}}}}"}}
          {{more}}
        """);

    /// <summary>Somebody asks, and access opens.</summary>
    public async Task<BreakGlassGrant> OpenAsync(Person who, string more = "", string? name = null)
    {
        (await AskAsync(who, more, name)).OrThrow();
        return await UntilAsync(GrantPhase.Active, name);
    }

    /// <summary>Ends a grant by its spec.revoke and waits for that.</summary>
    public async Task<BreakGlassGrant> EndAsync(Person who, string? name = null)
    {
        (await who.PatchAsync($"breakglassgrants/{name ?? Grant}", """{"spec":{"revoke":{"reason":"done"}}}""")).OrThrow();
        return await UntilAsync(GrantPhase.Revoked, name);
    }

    /// <summary>
    /// Waits until a grant has come to a phase; one that it only passes through may be over when a busy machine gets to look. A final one that is
    /// another fails at once.
    /// </summary>
    public Task<BreakGlassGrant> UntilAsync(GrantPhase phase, string? name = null) =>
        UntilAsync(g => g.Status.Phase == phase || g.Status.Transitions.Any(t => t.To == phase) ? true : g.Status.IsTerminal
            ? throw new InvalidOperationException($"{phase} was expected of {Incident.Show(g)}") : false, $"{phase}", name);

    /// <summary>Waits until a grant is so.</summary>
    public async Task<BreakGlassGrant> UntilAsync(Func<BreakGlassGrant, bool> isSo, string expected, string? name = null)
    {
        BreakGlassGrant? last = null;
        return await Eventually.GetAsync(
            async () => (last = await stage.Cluster.GrantAsync(name ?? Grant)) is { } grant && isSo(grant) ? grant : null, () => Incident.Show(last),
            expected: $"{name ?? Grant}: {expected}");
    }

    /// <summary>Waits until the policy's status is so.</summary>
    public Task<BreakGlassPolicy> UntilPolicyAsync(Func<BreakGlassPolicy, bool> isSo, string expected) =>
        Eventually.GetAsync(async () => await Look.GetAsync<BreakGlassPolicy>(Policy, null, CancellationToken.None) is { } policy && isSo(policy)
            ? policy : null, expected: expected);

    /// <summary>All grants that were asked for in this row and are there.</summary>
    public async Task<IReadOnlyList<BreakGlassGrant>> GrantsAsync()
    {
        var found = new List<BreakGlassGrant>();
        foreach (var name in _asked.Keys)
        {
            if (await stage.Cluster.GrantAsync(name) is { } grant && grant.Spec.Policy == Policy) found.Add(grant);
        }

        return found;
    }

    /// <summary>Asserts that the grant is active, gives what it gave to whom it gave it, and nothing else does.</summary>
    public async Task StillActiveAsync(string? name = null)
    {
        var grant = (await stage.Cluster.GrantAsync(name ?? Grant))!;
        grant.Status.Phase.Should().Be(GrantPhase.Active, Incident.Show(grant));
        var binding = (await Look.ListAsync<V1RoleBinding>(new() { Namespace = Namespace }, CancellationToken.None)).Items.Should().ContainSingle().Subject;
        binding.Subjects.Should().ContainSingle().Which.Name.Should().Be(grant.Status.ServiceAccount!.Split('/')[1]);
        binding.RoleRef.Name.Should().Be("edit");
    }

    /// <summary>The policy is suspended, where something of it is open by right, so that the row leaves nothing behind.</summary>
    public async Task CloseAsync()
    {
        var answer = await stage.Admin.PatchAsync(PolicyPath, """{"spec":{"suspended":true}}""");
        if (answer.Code != 404) answer.OrThrow();
    }

    /// <summary>
    /// Asserts that nothing is open or left: no live grant, no object of the policy, no binding in the namespace, no right of those who tried.
    /// </summary>
    public async Task ShutAsync()
    {
        IReadOnlyList<string> left = [];
        await Eventually.TrueAsync(async () => (left = await LeftAsync()).Count == 0, () => string.Join("\n", left), expected: "nothing left of the row");
        foreach (var person in (Person[])[stage.Alice, stage.Bob, stage.Mallory, stage.Dora, stage.Lena])
        {
            (await stage.MayAsync(person, Namespace)).Should().BeFalse($"{person.Name} has nothing in {Namespace}");
        }
    }

    private async Task<IReadOnlyList<string>> LeftAsync()
    {
        var query = new ListQuery { LabelSelector = $"{BreakGlassApi.PolicyLabel}={Policy}" };
        return
        [
            .. (await GrantsAsync()).Where(g => g.Status.IsRecorded && !g.Status.IsTerminal).Select(Incident.Show),
            .. (await Look.ListAsync<V1RoleBinding>(new() { Namespace = Namespace }, CancellationToken.None)).Items.Where(b => b.Metadata.Name != "author")
                .Select(b => $"RoleBinding {b.Metadata.Name} in {Namespace}"),
            .. await NamesAsync<V1RoleBinding>(query),
            .. await NamesAsync<V1ClusterRoleBinding>(query),
            .. await NamesAsync<V1Role>(query with { Namespace = "breakglass-grants" }),
            .. await NamesAsync<V1Secret>(query with { Namespace = "breakglass-grants" }),
            .. await NamesAsync<V1ServiceAccount>(query with { Namespace = "breakglass-grants" }),
        ];
    }

    private async Task<IEnumerable<string>> NamesAsync<T>(ListQuery query)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        (await Look.ListAsync<T>(query, CancellationToken.None)).Items
            .Select(o => $"{KubeKinds.Of<T>().Resource.Kind} {o.Metadata.NamespaceProperty}/{o.Metadata.Name}");

    private string Unique(string prefix) => $"{prefix}-{id}-{Guid.NewGuid().ToString("N")[..6]}";
}
