using System.Text;
using System.Text.Json.Nodes;
using BreakGlass.Core;
using BreakGlass.Core.Api;
using BreakGlass.Core.Credentials;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Rules;
using Kube.Client;
using Kube.Model;

namespace Benchmarks;

/// <summary>
/// The floor: the API calls that make access, in the same dependent rounds as the operator's, and nothing else. No cache, no queue, no decision;
/// the caller goes on with the answer in hand. What only waits for the API server's own caches is waited for as the operator does.
/// </summary>
internal sealed class Floor(Cluster cluster)
{
    private static readonly CoreSettings Settings = new() { TrustRequester = true };
    private static readonly TimeSpan Wait = TimeSpan.FromMilliseconds(5);
    private readonly KubeClient _client = cluster.AsOperator;
    private int _repeats;

    /// <summary>Calls that were made again, since the API server's RBAC cache did not know yet what had been made a round before.</summary>
    public int Repeats => _repeats;

    public async Task ActivateAsync(BreakGlassGrant created, CancellationToken cancellationToken)
    {
        var now = Timestamp.Millis(TimeProvider.System.GetUtcNow());
        var due = now + TimeSpan.FromHours(1);
        var entry = new AccessEntry { Name = "payments", RoleRef = new() { Kind = nameof(ClusterRole), Name = "edit" }, Namespaces = [Cluster.Namespace] };
        var target = new Target(entry.Name, entry.RoleRef, Cluster.Namespace);

        var recorded = await _client.ReplaceStatusAsync(created with { Status = FloorStatus.Recorded(created, entry, target, now, due) }, cancellationToken);

        var finalizer = AddFinalizerAsync(recorded, cancellationToken);
        var account = _client.CreateAsync(GrantObjects.Account(recorded, Settings, due), cancellationToken);
        var secret = _client.CreateAsync(GrantObjects.CredentialSecret(recorded, Settings, due), cancellationToken);
        await Task.WhenAll(finalizer, account, secret, _client.CreateAsync(GrantObjects.ReaderRole(recorded, Settings, due), cancellationToken));

        var token = _client.CreateTokenAsync(Cluster.GrantsNamespace, (await account).Metadata.Name, Ask(await secret), cancellationToken);
        var binding = _client.CreateAsync((RoleBinding)GrantObjects.Binding(recorded, target, Settings, due), cancellationToken);
        await Task.WhenAll(token, binding);

        await Task.WhenAll(
            _client.ReplaceAsync(Filled(await secret, recorded.Metadata.Name, (await token).Status!.Token), cancellationToken),
            BindReaderAsync(GrantObjects.ReaderBinding(recorded, Settings, due), cancellationToken),
            CheckAccessAsync((await account).Metadata.Name, cancellationToken));

        var held = await finalizer;
        await _client.ReplaceStatusAsync(held with { Status = FloorStatus.Active(held, (await binding).Metadata.Uid, TimeProvider.System.GetUtcNow()) }, cancellationToken);
    }

    private Task<BreakGlassGrant> AddFinalizerAsync(BreakGlassGrant grant, CancellationToken cancellationToken)
    {
        var metadata = new JsonObject
        {
            ["uid"] = grant.Metadata.Uid,
            ["resourceVersion"] = grant.Metadata.ResourceVersion,
            ["finalizers"] = new JsonArray(JsonValue.Create(BreakGlassApi.RevokeFinalizer)),
        };
        return _client.MergePatchAsync<BreakGlassGrant>(grant.Metadata.Name, null, new JsonObject { ["metadata"] = metadata }, cancellationToken);
    }

    private static TokenRequest Ask(Secret secret) => new()
    {
        Spec = new()
        {
            ExpirationSeconds = 3600,
            BoundObjectRef = new() { ApiVersion = "v1", Kind = nameof(Secret), Name = secret.Metadata.Name, Uid = secret.Metadata.Uid },
        },
    };

    private Secret Filled(Secret secret, string grant, string token) => secret with
    {
        Immutable = true,
        Data = new Dictionary<string, byte[]>
        {
            ["token"] = Encoding.UTF8.GetBytes(token),
            ["kubeconfig"] = CredentialKubeconfig.Render(cluster.Connection.Server, cluster.Connection.CertificateAuthority?.Read(), "kubernetes", grant, Cluster.Namespace, token),
        },
    };

    private async Task BindReaderAsync(RoleBinding binding, CancellationToken cancellationToken)
    {
        for (var wait = 2 * Wait; ; wait *= 2)
        {
            try
            {
                await _client.CreateAsync(binding, cancellationToken);
                return;
            }
            catch (KubeApiException e) when (e.IsNotFound)
            {
                Interlocked.Increment(ref _repeats);
                await Task.Delay(wait, TimeProvider.System, cancellationToken);
            }
        }
    }

    private async Task CheckAccessAsync(string account, CancellationToken cancellationToken)
    {
        var question = new SubjectAccessReview
        {
            Spec = new()
            {
                User = Subjects.ServiceAccountUser(Cluster.GrantsNamespace, account),
                Groups = Subjects.ServiceAccountGroups(Cluster.GrantsNamespace),
                ResourceAttributes = new() { Namespace = Cluster.Namespace, Verb = "create", Resource = "configmaps" },
            },
        };
        for (var wait = Wait; (await _client.CreateAsync(question, cancellationToken)).Status?.Allowed is not true; wait *= 2)
        {
            Interlocked.Increment(ref _repeats);
            await Task.Delay(wait, TimeProvider.System, cancellationToken);
        }
    }
}
