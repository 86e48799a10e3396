using System.Net.Http.Headers;
using System.Text;
using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using FluentAssertions;
using Integration.Attacks;
using Kube.Client;

namespace Integration.Gateway;

/// <summary>Attacks that are after a token: through the gateway, and with the gateway's own ServiceAccount.</summary>
internal static class TokenRows
{
    private const string TokenRequest = """{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"expirationSeconds":600}}""";

    public static IReadOnlyList<GatewayRow> All { get; } =
    [
        new("The holder of a grant", "requests a token of the grant's own ServiceAccount through the gateway", async s =>
        {
            var (ns, account) = AccountOf(await s.Stage.Mine.ReadAsync());
            var answer = await PostAsync(s.Client(s.Stage.Certificate), $"{TokensOf(ns, account)}?{s.Id}");
            answer.Code.Should().Be(403);
            answer.Says.Should().Contain("serviceaccounts/token").And.Contain("forbidden");
            answer.Text.Should().NotContain("eyJ");
        }),
        new("The holder of a grant", "reads the Secret of the grant through the gateway", async s =>
        {
            var (ns, name) = Incident.SecretOf(await s.Stage.Mine.ReadAsync());
            (await s.GetAsync(s.Stage.Certificate, $"/api/v1/namespaces/{ns}/secrets/{name}?{s.Id}")).Code.Should().Be(403);
        }),
        new("The holder of a grant whose policy names the grants' namespace", "requests a token there", async s =>
        {
            await MintingRoleAsync(s);
            var incident = await Incident.BeginAsync(
                s.Stage.Cluster, "  session: {path: Gateway}", "{name: mint, roleRef: {kind: ClusterRole, name: mints}, namespaces: [breakglass-grants]}");
            await incident.AskAsync();
            var grant = await Eventually.GetAsync(
                async () => await s.Stage.Cluster.GrantAsync(incident.Grant) is { Status.IsTerminal: true } over ? over : null,
                expected: "a grant that is denied");
            grant.Status.Phase.Should().Be(GrantPhase.Denied, Incident.Show(grant));
        }),
        new("The holder of a grant whose role gives tokens in the whole cluster", "requests a token of the grant's own ServiceAccount", async s =>
        {
            await MintingRoleAsync(s);
            await s.Stage.GuardAsync();
            var (incident, connection) = await s.Stage.OpenAsync("{name: mint, roleRef: {kind: ClusterRole, name: mints}, clusterWide: true}");
            var (ns, account) = AccountOf(await incident.ReadAsync());
            var answer = await PostAsync(s.Client(s.Stage.CertificateOf(connection)), $"{TokensOf(ns, account)}?{s.Id}");
            answer.Good.Should().BeFalse(answer.Text);
            answer.Says.Should().Contain("persistence guard refuses");
            answer.Text.Should().NotContain("eyJ");
        })
        {
            NeedsAdmissionPolicy = true,
        },
        new("Somebody with the gateway's token", "reads Secrets", s => ForbiddenAsync(
            s, HttpMethod.Get, "/api/v1/namespaces/breakglass-system/secrets", "/api/v1/namespaces/breakglass-grants/secrets",
            "/api/v1/namespaces/breakglass-system/secrets/breakglass-gateway-tls")),
        new("Somebody with the gateway's token", "writes grants, approvals, policies and lockdowns", s => ForbiddenAsync(
            s, HttpMethod.Post, "/apis/breakglass.dev/v1alpha1/breakglassgrants", "/apis/breakglass.dev/v1alpha1/breakglassapprovals",
            "/apis/breakglass.dev/v1alpha1/breakglasspolicies", "/apis/breakglass.dev/v1alpha1/breakglasslockdowns",
            "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", "/api/v1/namespaces/breakglass-grants/serviceaccounts")),
        new("Somebody with the gateway's token", "changes the status of a grant", async s => await ForbiddenAsync(
            s, HttpMethod.Put, $"/apis/breakglass.dev/v1alpha1/breakglassgrants/{s.Stage.Mine.Grant}/status",
            $"/apis/breakglass.dev/v1alpha1/breakglassgrants/{s.Stage.Mine.Grant}")),
        new("Somebody with the gateway's token", "requests tokens outside of the grants' namespace", s => ForbiddenAsync(
            s, HttpMethod.Post, TokensOf("kube-system", "default"), TokensOf("breakglass-system", "breakglass-operator"),
            TokensOf("breakglass-system", "breakglass-gateway"))),
        new("Somebody with the gateway's token", "uses a token of a grant at the API server until the grant is revoked, and not longer", async s =>
        {
            var (incident, _) = await s.Stage.OpenAsync();
            var (ns, account) = AccountOf(await incident.ReadAsync());
            var thief = Direct(s, s.Stage.GatewayKubeconfig);
            var minted = (string)(await PostAsync(thief, TokensOf(ns, account))).OrThrow().Json()["status"]!["token"]!;
            using var grants = s.Client(null, address: s.Stage.Cluster.ControlPlane.Server);
            grants.DefaultRequestHeaders.Authorization = new("Bearer", minted);
            var path = $"/api/v1/namespaces/{incident.Namespace}/configmaps/checkout?{s.Id}";
            using (var works = await grants.GetAsync(path)) works.IsSuccessStatusCode.Should().BeTrue("this is what the threat model says");
            var seen = await s.AuditAsync();
            seen.Should().Contain(e => (string)e["user"]!["username"]! == $"system:serviceaccount:{ns}:{account}", "it is in the audit log as the grant's");

            await incident.RevokeAsync();
            await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);

            await Eventually.TrueAsync(async () =>
            {
                using var refused = await grants.GetAsync(path);
                return (int)refused.StatusCode is 401 or 403;
            }, expected: "a token that gives no access");
            (await PostAsync(thief, TokensOf(ns, account))).Code.Should().Be(404, "the ServiceAccount is deleted");
        }),
    ];

    private static (string Namespace, string Name) AccountOf(BreakGlassGrant grant) =>
        grant.Status.ServiceAccount?.Split('/', 2) is [var ns, var name] ? (ns, name) : throw new InvalidOperationException(Incident.Show(grant));

    private static string TokensOf(string ns, string account) => $"/api/v1/namespaces/{ns}/serviceaccounts/{account}/token";

    private static async Task<ApiAnswer> PostAsync(HttpClient client, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(TokenRequest, Encoding.UTF8, "application/json") };
        return await GatewayScene.SendAsync(client, request);
    }

    private static HttpClient Direct(GatewayScene scene, string kubeconfig)
    {
        var client = scene.Client(null, address: scene.Stage.Cluster.ControlPlane.Server);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", ClusterConnection.FromKubeconfig(kubeconfig).Token);
        return client;
    }

    private static async Task ForbiddenAsync(GatewayScene scene, HttpMethod method, params string[] paths)
    {
        var thief = Direct(scene, scene.Stage.GatewayKubeconfig);
        foreach (var path in paths)
        {
            using var request = new HttpRequestMessage(method, path);
            if (method != HttpMethod.Get) request.Content = new StringContent("{}", Encoding.UTF8, "application/json");
            (await GatewayScene.SendAsync(thief, request)).Code.Should().Be(403, path);
        }
    }

    /// <summary>A role that gives tokens, and that the operator may bind.</summary>
    private static Task MintingRoleAsync(GatewayScene scene) => scene.Stage.Cluster.ApplyAsync(scene.Stage.Cluster.ControlPlane.AdminKubeconfig, """
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: {name: mints}
        rules:
        - {apiGroups: [""], resources: [serviceaccounts/token], verbs: [create]}
        - {apiGroups: [""], resources: [configmaps], verbs: [get, list, watch]}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: {name: operator-binds-mints}
        rules:
        - {apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], resourceNames: [mints], verbs: [bind]}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: {name: operator-binds-mints}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: operator-binds-mints}
        subjects: [{kind: ServiceAccount, name: breakglass-operator, namespace: breakglass-system}]
        """);
}
