using FluentAssertions;
using Integration.Attacks;
using Kube.Client;

namespace Integration.Gateway;

/// <summary>Attacks with headers that say who somebody is.</summary>
internal static class IdentityRows
{
    private const string Who = "The holder of a grant";

    public static IReadOnlyList<GatewayRow> All { get; } =
    [
        Impersonates("acts as a user with --as", ("Impersonate-User", "admin")),
        Impersonates("acts as a member of system:masters", ("Impersonate-User", "admin"), ("Impersonate-Group", "system:masters")),
        Impersonates("names a group without a user", ("Impersonate-Group", "system:masters")),
        Impersonates("acts as a user by a header with an underscore", ("Impersonate_User", "admin")),
        Impersonates("acts as a user with a UID", ("Impersonate-Uid", "1")),
        new(Who, "acts as a ServiceAccount, and the policy allows impersonation: the API server decides, and its audit log names both", async s =>
        {
            var (incident, connection) = await s.Stage.OpenAsync(policy: "allowPersistence: [impersonate]");
            var (ns, certificate) = (incident.Namespace, s.Stage.CertificateOf(connection));
            await s.Stage.Cluster.AdminAsync("create", "rolebinding", "reader", "-n", ns, "--clusterrole=view", $"--serviceaccount={ns}:reader");
            Task<ApiAnswer> AsAsync(string user) => s.GetAsync(
                certificate, $"/api/v1/namespaces/{ns}/configmaps/checkout?{s.Id}", ("Impersonate-User", user));
            await Eventually.TrueAsync(
                async () => (await AsAsync($"system:serviceaccount:{ns}:reader")).Good, expected: "an answer to the impersonated ServiceAccount");
            (await AsAsync("admin")).Says.Should().Contain("cannot impersonate resource \"users\"", "the role allows ServiceAccounts of its namespace");
            var grant = (await incident.ReadAsync()).Status.ServiceAccount!.Replace('/', ':');
            (await s.AuditAsync()).Select(e => $"{(string?)e["user"]!["username"]} as {(string?)e["impersonatedUser"]?["username"]}").Distinct()
                .Should().BeEquivalentTo(
                    $"system:serviceaccount:{grant} as system:serviceaccount:{ns}:reader", $"system:serviceaccount:{grant} as ");
        }),
        Ignored("says to be somebody else as a front proxy would", _ => [("X-Remote-User", "admin"), ("X-Remote-Group", "system:masters")]),
        Ignored("says so with underscores", _ => [("X_Remote_User", "admin"), ("X_Remote_Group", "system:masters")]),
        Ignored("says to come from another address", _ => [("X-Forwarded-For", "192.0.2.1"), ("Forwarded", "for=192.0.2.1"), ("X-Real-Ip", "192.0.2.1")]),
        Ignored("sends the operator's token as Authorization", s => [("Authorization", $"Bearer {Operators(s)}")]),
        new(Who, "sends two Authorization headers, one with the operator's token, and names the header in Connection", async s =>
        {
            var answer = await s.ExchangeAsync(
                $"GET {s.Target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\nAuthorization: Bearer {Operators(s)}\r\n"
                    + "Connection: close, Authorization\r\n\r\n");
            answer.Should().StartWith("HTTP/1.1 200");
            await s.PassedAsTheGrantAsync();
        }),
        new(Who, "offers the operator's token as a WebSocket subprotocol", async s =>
        {
            var token = Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes(Operators(s))).TrimEnd('=').Replace('+', '-').Replace('/', '_');
            await s.BeginAsync(
                $"GET {s.Target}&watch=true&timeoutSeconds=1&resourceVersion=0 HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                    + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                    + $"Sec-WebSocket-Protocol: base64url.bearer.authorization.k8s.io.{token}, base64.binary.k8s.io\r\n\r\n");
            await s.PassedAsTheGrantAsync();
        }),
        new(Who, "chooses the id by which the audit log knows the request", async s =>
        {
            (await s.GetAsync(s.Stage.Certificate, null, ("Audit-Id", $"{s.Id}-forged"))).OrThrow();
            (await s.AuditAsync()).Select(e => (string)e["auditID"]!).Should().NotContain($"{s.Id}-forged");
        }),
    ];

    private static string Operators(GatewayScene scene) => ClusterConnection.FromKubeconfig(scene.Stage.Cluster.OperatorKubeconfig).Token!;

    private static GatewayRow Impersonates(string does, params (string, string)[] headers) => new(Who, does, async s =>
    {
        var answer = await s.GetAsync(s.Stage.Certificate, null, headers);
        answer.Code.Should().Be(403);
        answer.Says.Should().Contain($"the policy {s.Stage.Mine.Policy} does not allow impersonation");
        await s.NothingPassedAsync();
    });

    /// <summary>The request passes without these headers: as the grant's, and from the client's own address.</summary>
    private static GatewayRow Ignored(string does, Func<GatewayScene, (string, string)[]> headers) => new(Who, does, async s =>
    {
        (await s.GetAsync(s.Stage.Certificate, null, headers(s))).OrThrow();
        await s.PassedAsTheGrantAsync();
        (await s.AuditAsync()).SelectMany(e => e["sourceIPs"]!.AsArray()).Select(ip => (string)ip!)
            .Should().OnlyContain(ip => ip == "127.0.0.1" || ip == "::1");
    });
}
