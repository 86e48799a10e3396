using System.Globalization;
using BreakGlass.Core.Sealing;
using BreakGlass.Operator.Sealing;
using k8s;
using k8s.Models;
using TestKit;
using Xunit;

namespace Integration.Admission;

/// <summary>
/// A cluster whose writes of our kinds go to the webhooks of an operator that does not lead: somebody else holds the lease, so that nothing here is the
/// reconciler's doing. The API server calls the webhooks by URL, since no pod runs behind the Service.
/// </summary>
public sealed class AdmissionCluster : IAsyncLifetime
{
    private TestCluster? _cluster;
    private RunningOperator? _operator;

    internal TestCluster Cluster => _cluster!;

    internal RunningOperator Operator => _operator!;

    internal int Port { get; } = Ports.Free();

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync();
        await _cluster.Admin.CreateAsync(
            new V1Lease
            {
                Metadata = new() { NamespaceProperty = "breakglass-system", Name = "breakglass-operator" },
                Spec = new() { HolderIdentity = "somebody-else", LeaseDurationSeconds = 86_400, AcquireTime = TimeProvider.System.GetUtcNow().UtcDateTime,
                    RenewTime = TimeProvider.System.GetUtcNow().UtcDateTime },
            },
            CancellationToken.None);
        await InstallWebhooksAsync();
        _operator = await StartOperatorAsync();
        await EnforcedAsync(_cluster.ControlPlane);
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (_operator is not null) await _operator.DisposeAsync();
        if (_cluster is not null) await _cluster.DisposeAsync();
    }

    /// <summary>Starts an operator that serves the webhooks, and waits until it is ready.</summary>
    internal Task<RunningOperator> StartOperatorAsync() => RunningOperator.StartAsync(
        Cluster.OperatorKubeconfig, "--trust-requester=false", "--webhook=true", $"--webhook-address=127.0.0.1:{Port.ToString(CultureInfo.InvariantCulture)}",
        "--webhook-extra-names=127.0.0.1");

    /// <summary>Stops the operator and starts it again, and waits until it is ready.</summary>
    internal async Task RestartOperatorAsync()
    {
        await Operator.DisposeAsync();
        _operator = await StartOperatorAsync();
    }

    /// <summary>Applies config/webhook with URLs in the place of the Service.</summary>
    internal Task InstallWebhooksAsync() => InstallWebhooksAsync(Cluster, Port);

    /// <summary>
    /// The same in any cluster, for an operator that serves them at a port of this machine. The API server waits as long as it can: a busy machine that stands
    /// still for 5 s must not refuse a good write.
    /// </summary>
    internal static async Task InstallWebhooksAsync(TestCluster cluster, int port)
    {
        // The validating one first: a write that shows what the mutating one did has then met both.
        foreach (var (file, path) in new[] { ("validating", "validate"), ("mutating", "mutate") })
        {
            var lines = await File.ReadAllLinesAsync(Path.Combine(TestCluster.Config("webhook"), $"{file}.yaml"));
            var manifest = lines.Where(l => !l.StartsWith("      ", StringComparison.Ordinal))
                .Select(l => l == "    service:" ? $"    url: https://127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}/{path}"
                    : l.StartsWith("  timeoutSeconds:", StringComparison.Ordinal) ? "  timeoutSeconds: 30" : l);
            await cluster.ApplyAsync(cluster.ControlPlane.AdminKubeconfig, string.Join('\n', manifest));
        }
    }

    /// <summary>Puts the webhook configurations back, and waits until the operator has written its CA into both and the API server knows it.</summary>
    internal async Task ReinstallWebhooksAsync()
    {
        await InstallWebhooksAsync();
        await EnforcedAsync(Cluster.ControlPlane);
    }

    /// <summary>
    /// Waits until the API server sends writes through both webhooks. It learns of what the operator writes into their configurations a moment after the
    /// operator is ready, and until then it refuses every write of our kinds.
    /// </summary>
    internal static Task EnforcedAsync(TestKit.ControlPlane controlPlane) =>
        Eventually.TrueAsync(async () => await TriesAsync(controlPlane) && await TriesAsync(controlPlane), expected: "both webhooks to answer");

    /// <summary>Whether a write goes through both webhooks, without leaving anything.</summary>
    private static async Task<bool> TriesAsync(TestKit.ControlPlane controlPlane) => await controlPlane.KubectlAsync(
        controlPlane.AdminKubeconfig, ["create", "--dry-run=server", "-o", "jsonpath={.metadata.annotations}", "-f", "-"], Manifests.Policy("answers"))
        is { ExitCode: 0, Output: var annotations }
        && annotations.Contains("breakglass.dev/seal", StringComparison.Ordinal);

    /// <summary>Takes the webhook configurations away, as somebody does who wants to get past them.</summary>
    internal Task RemoveWebhooksAsync() => Cluster.AdminAsync("delete", "mutatingwebhookconfiguration,validatingwebhookconfiguration", "breakglass-operator");

    /// <summary>The keys that seals are made with.</summary>
    internal async Task<SealKeys> KeysAsync() =>
        SealKeys.Read((await Cluster.Admin.GetAsync<V1Secret>(SealKeyring.SecretName, "breakglass-system", CancellationToken.None)).Data);

    /// <summary>What the seal of an object says.</summary>
    internal async Task<SealState> SealOfAsync<T>(string name)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        Seal.Verify(await Cluster.Admin.GetAsync<T>(name, null, CancellationToken.None), await KeysAsync());

    /// <summary>Runs kubectl as somebody whom the administrator impersonates.</summary>
    internal Task<CommandResult> AsAsync(string user, string[] groups, string[] arguments, string? manifest = null) => Cluster.ControlPlane
        .KubectlAsync(Cluster.ControlPlane.AdminKubeconfig,
        [.. arguments, "--as", user, .. groups.Append("system:authenticated").SelectMany(g => new[] { "--as-group", g })], manifest);
}

/// <summary>Tests that share one such cluster, one after another.</summary>
[CollectionDefinition(nameof(OneAdmissionCluster))]
public sealed class OneAdmissionCluster : ICollectionFixture<AdmissionCluster>;
