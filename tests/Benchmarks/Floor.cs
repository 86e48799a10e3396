using System.Text;
using BreakGlass.Core;
using BreakGlass.Core.Api;
using BreakGlass.Core.Credentials;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using k8s.Models;
using Kube.Client;

namespace Benchmarks;

/// <summary>
/// The floor: an administrator's bare loop, with a client certificate of cluster-admin. It creates the objects that have to exist for the access, each as soon
/// as what it depends on is there, and writes the status Active by which the time is measured. Nothing of the operator's is in it: no record before the
/// objects, no finalizer, no check of the access, no event, no watch, queue or cache, and none of the checks that the API server makes of the operator's
/// rights.
/// </summary>
internal sealed class Floor(BenchmarkCluster cluster)
{
    private static readonly CoreSettings Settings = new();
    private readonly KubeClient _client = cluster.Administrator;

    public async Task ActivateAsync(BreakGlassGrant created, CancellationToken cancellationToken)
    {
        var now = Timestamp.Millis(TimeProvider.System.GetUtcNow());
        var due = now + TimeSpan.FromHours(1);
        var entry = new AccessEntry { Name = "payments", RoleRef = new() { Kind = V1ClusterRole.KubeKind, Name = "edit" },
            Namespaces = [BenchmarkCluster.Namespace] };
        var target = new Target(entry.Name, entry.RoleRef, BenchmarkCluster.Namespace);
        var grant = created with { Status = FloorStatus.Recorded(created, entry, target, now, due) };

        var binding = _client.CreateAsync((V1RoleBinding)GrantObjects.Binding(grant, target, Settings, due), cancellationToken);
        await Task.WhenAll(
            DeliverAsync(grant, due, cancellationToken),
            binding,
            _client.CreateAsync(GrantObjects.ReaderRole(grant, Settings, due), cancellationToken),
            _client.CreateAsync(GrantObjects.ReaderBinding(grant, Settings, due), cancellationToken));

        await _client.ReplaceStatusAsync(
            grant with { Status = FloorStatus.Active(grant, (await binding).Metadata.Uid, TimeProvider.System.GetUtcNow()) }, cancellationToken);
    }

    /// <summary>The three rounds that no order makes fewer: a token is bound to a Secret that exists, and the Secret holds the token.</summary>
    private async Task DeliverAsync(BreakGlassGrant grant, DateTimeOffset due, CancellationToken cancellationToken)
    {
        var account = _client.CreateAsync(GrantObjects.Account(grant, Settings, due), cancellationToken);
        var secret = await _client.CreateAsync(GrantObjects.CredentialSecret(grant, Settings, due), cancellationToken);
        var token = await _client.CreateTokenAsync(BenchmarkCluster.GrantsNamespace, (await account).Metadata.Name, Ask(secret), cancellationToken);
        await _client.ReplaceAsync(Filled(secret, grant.Metadata.Name, token.Status!.Token), cancellationToken);
    }

    private static TokenRequest Ask(V1Secret secret) => new()
    {
        Spec = new()
        {
            ExpirationSeconds = 3600,
            BoundObjectRef = new() { ApiVersion = "v1", Kind = V1Secret.KubeKind, Name = secret.Metadata.Name, Uid = secret.Metadata.Uid },
        },
    };

    private V1Secret Filled(V1Secret secret, string grant, string token) => secret with
    {
        Immutable = true,
        Data = new Dictionary<string, byte[]>
        {
            ["token"] = Encoding.UTF8.GetBytes(token),
            ["kubeconfig"] = CredentialKubeconfig.Render(
                cluster.Connection.Server, cluster.Connection.CertificateAuthority?.Read(), "kubernetes", grant, BenchmarkCluster.Namespace, token),
        },
    };
}
