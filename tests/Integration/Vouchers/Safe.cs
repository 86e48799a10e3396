using BreakGlass.Core.Api;
using BreakGlass.Core.Vouchers;
using Integration.Attacks;
using Kube.Client;

namespace Integration.Vouchers;

/// <summary>An authority, a policy that accepts its vouchers, and a namespace, each with names of their own, so that tests share a cluster.</summary>
internal sealed class Safe(VoucherCluster stage, string id)
{
    public string Authority => $"auth-{id}";

    public string Policy => $"pol-{id}";

    public string Namespace => $"pay-{id}";

    public string AuthorityPath => $"breakglassauthorities/{Authority}";

    public static async Task<Safe> OpenAsync(VoucherCluster stage, string more = "", string vouchers = "", string limits = "", string mode = "BreakGlass")
    {
        var safe = new Safe(stage, Guid.NewGuid().ToString("N")[..8]);
        await stage.Cluster.AdminAsync("create", "namespace", safe.Namespace);
        (await stage.Admin.CreateAsync(safe.AuthorityText(more))).OrThrow();
        (await stage.Admin.CreateAsync(safe.PolicyText(vouchers, limits, mode))).OrThrow();
        return safe;
    }

    public string AuthorityText(
        string more = "couriers: [{kind: User, name: courier}]", string? name = null, IReadOnlyList<AuthorityKey>? keys = null) => $$"""
        apiVersion: breakglass.dev/v1alpha1
        kind: BreakGlassAuthority
        metadata: {name: {{name ?? Authority}} }
        spec:
          keys:
        {{string.Join("\n", (keys ?? stage.Desk.Keys).Select(Yaml))}}
          {{more}}
        """;

    public string PolicyText(string vouchers = "", string limits = "", string mode = "BreakGlass") => $$"""
        apiVersion: breakglass.dev/v1alpha1
        kind: BreakGlassPolicy
        metadata: {name: {{Policy}} }
        spec:
          mode: {{mode}}
          requesters: [{kind: Group, name: payments-oncall-{{id}} }]
          requireClaims: [{key: example.com/amr, values: [mfa]}]
          access: [{name: pay, roleRef: {kind: ClusterRole, name: edit}, namespaces: [{{Namespace}}]}]
          vouchers: {authority: {{Authority}}, maxDuration: 20m, holders: [{kind: User, name: alice}] {{vouchers}} }
          {{limits}}
        """;

    /// <summary>A voucher for alice and this policy.</summary>
    public string Issue(string voucher, Func<Voucher, Voucher>? change = null, params IReadOnlyList<VoucherKey> by) =>
        stage.Issue(v => (change ?? (x => x))(v with { Id = voucher, Authority = Authority, Policy = Policy }), by);

    /// <summary>Somebody presents a voucher, with a proof for the grant unless another one is given.</summary>
    public Task<ApiAnswer> PresentAsync(Person who, string grant, string voucher, string? proof = null, string more = "") => who.CreateAsync($$"""
        apiVersion: breakglass.dev/v1alpha1
        kind: BreakGlassGrant
        metadata: {name: {{grant}} }
        spec:
          policy: {{Policy}}
          justification: {{Scene.Justification}}
          voucher: '{{voucher}}'
          voucherProof: {{proof ?? stage.Desk.Prove(voucher, grant, TimeProvider.System.GetUtcNow())}}
          {{more}}
        """);

    public async Task<BreakGlassAuthority> AuthorityAsync() =>
        await stage.Cluster.Admin.GetAsync<BreakGlassAuthority>(Authority, null, CancellationToken.None);

    public Task<BreakGlassAuthority> UntilAsync(Func<BreakGlassAuthority, bool> isSo, string expected) =>
        Eventually.GetAsync(async () => await AuthorityAsync() is { } authority && isSo(authority) ? authority : null, expected: expected);

    public Task<BreakGlassGrant> UntilAsync(string grant, Func<BreakGlassGrant, bool> isSo, string expected)
    {
        BreakGlassGrant? last = null;
        return Eventually.GetAsync(
            async () => (last = await stage.Cluster.GrantAsync(grant)) is { } found && isSo(found) ? found : null, () => Incident.Show(last),
            expected: expected);
    }

    public Task<BreakGlassGrant> UntilActiveAsync(string grant) => UntilAsync(
        grant, g => g.Status.Phase is GrantPhase.Denied or GrantPhase.Failed
            ? throw new InvalidOperationException(Incident.Show(g)) : g.Status.Phase is GrantPhase.Active, $"{grant} to be active");

    /// <summary>The merge patch of an authority that leaves it these keys and no others.</summary>
    public static string KeysPatch(params IEnumerable<AuthorityKey> keys) => $$"""{"spec":{"keys":[{{string.Join(",", keys.Select(Json))}}]} }""";

    private static string Json(AuthorityKey key) =>
        $$"""{"kid":"{{key.Kid}}","kty":"{{key.Kty}}","crv":"{{key.Crv}}","x":"{{key.X}}"{{(key.Y is null ? "" : $",\"y\":\"{key.Y}\"")}} }""";

    private static string Yaml(AuthorityKey key) =>
        $"  - {{kid: {key.Kid}, kty: {key.Kty}, crv: {key.Crv}, x: \"{key.X}\"{(key.Y is null ? "" : $", \"y\": \"{key.Y}\"")}}}";
}
