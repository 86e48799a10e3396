using System.Net;
using BreakGlass.Core.Api;
using BreakGlass.Operator.Execution;
using FluentAssertions;
using k8s;
using k8s.Models;
using Kube.Client;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.Execution;

/// <summary>With whom the operator is fighting, by the managedFields of the object.</summary>
public sealed class FieldManagersTests : IDisposable
{
    private readonly CannedServer _server = new(new FakeClock());

    public void Dispose() => _server.Dispose();

    public static TheoryData<string, string> Kinds => new()
    {
        { V1RoleBinding.KubeKind, "/apis/rbac.authorization.k8s.io/v1/namespaces/ns/rolebindings/x" },
        { V1ClusterRoleBinding.KubeKind, "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/x" },
        { V1Role.KubeKind, "/apis/rbac.authorization.k8s.io/v1/namespaces/ns/roles/x" },
        { V1ServiceAccount.KubeKind, "/api/v1/namespaces/ns/serviceaccounts/x" },
        { V1Secret.KubeKind, "/api/v1/namespaces/ns/secrets/x" },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task The_latest_other_writer_is_named_for_each_kind_that_is_made_for_grants(string kind, string path)
    {
        _server.Answers(path, Managed(
            (BreakGlassApi.ManagedBy, "2026-11-22T01:05:00Z"), ("argocd-controller", "2026-11-22T01:03:00Z"), ("kubectl-label", "2026-11-22T01:04:00Z"),
            ("", "2026-11-22T01:09:00Z")));
        (await AskAsync(kind)).Should().Be("kubectl-label");
    }

    [Theory]
    [InlineData("""{"kind":"RoleBinding","metadata":{"name":"x"}}""")]
    [InlineData("""{"kind":"RoleBinding","metadata":{"name":"x","managedFields":null}}""")]
    [InlineData("""{"kind":"RoleBinding"}""")]
    public async Task Where_nobody_else_is_named_it_is_not_guessed(string answer)
    {
        _server.Answers("/apis/rbac.authorization.k8s.io/v1/namespaces/ns/rolebindings/x", answer);
        (await AskAsync(V1RoleBinding.KubeKind)).Should().BeNull();
        _server.Answers("/apis/rbac.authorization.k8s.io/v1/namespaces/ns/rolebindings/x", Managed((BreakGlassApi.ManagedBy, "2026-11-22T01:05:00Z")));
        (await AskAsync(V1RoleBinding.KubeKind)).Should().BeNull("a webhook changes what we write ourselves, in our name");
    }

    [Fact]
    public async Task An_object_that_is_gone_or_may_not_be_read_costs_the_name_and_nothing_else()
    {
        (await AskAsync(V1RoleBinding.KubeKind)).Should().BeNull();
        _server.Answers(
            "/apis/rbac.authorization.k8s.io/v1/namespaces/ns/rolebindings/x",
            """{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403,"message":"no"}""", HttpStatusCode.Forbidden);
        (await AskAsync(V1RoleBinding.KubeKind)).Should().BeNull();
    }

    private static string Managed(params (string Manager, string Time)[] fields) =>
        $$"""{"metadata":{"name":"x","namespace":"ns","managedFields":"""
            + $$"""[{{string.Join(',',
                fields.Select(f => $$"""{"manager":"{{f.Manager}}","operation":"Update","time":"{{f.Time}}","fieldsV1":{"f:metadata":{} } }"""))}}] } }""";

    private async Task<string?> AskAsync(string kind)
    {
        using var client = _server.Client();
        var meta = new V1ObjectMeta { Name = "x", NamespaceProperty = kind == V1ClusterRoleBinding.KubeKind ? null : "ns" };
        IKubernetesObject<V1ObjectMeta> o = kind switch
        {
            V1RoleBinding.KubeKind => new V1RoleBinding { Metadata = meta },
            V1ClusterRoleBinding.KubeKind => new V1ClusterRoleBinding { Metadata = meta },
            V1Role.KubeKind => new V1Role { Metadata = meta },
            V1ServiceAccount.KubeKind => new V1ServiceAccount { Metadata = meta },
            _ => new SecretMetadata { Metadata = meta },
        };
        return await client.LatestOtherAsync(o, BreakGlassApi.ManagedBy, CancellationToken.None);
    }
}
