using System.Globalization;
using BreakGlass.Core.Vouchers;
using Integration.Admission;
using Integration.Attacks;
using k8s.Models;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace Integration.Vouchers;

/// <summary>
/// A cluster as it is meant to be run, with an authority, a courier who has no other right than breakglass-courier, and a safe with vouchers of it. The person
/// whom vouchers name has no kubeconfig here: people cannot sign in.
/// </summary>
public sealed class VoucherCluster : IAsyncLifetime
{
    private TestCluster? _cluster;
    private RunningOperator? _operator;

    internal TestCluster Cluster => _cluster!;

    /// <summary>Sets up, and looks.</summary>
    internal Person Admin { get; private set; } = null!;

    /// <summary>The identity in the safe, which authorities name.</summary>
    internal Person Courier { get; private set; } = null!;

    /// <summary>May create grants by a role, and is neither a courier nor a requester of these policies.</summary>
    internal Person Bob { get; private set; } = null!;

    /// <summary>Writes policies and authorities, and may bind nothing.</summary>
    internal Person Lena { get; private set; } = null!;

    /// <summary>Who signs.</summary>
    internal OfflineDesk Desk { get; } = AVoucher.Desk;

    /// <summary>How vouchers name the cluster.</summary>
    internal string Id { get; private set; } = "";

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync();
        var port = Ports.Free();
        await AdmissionCluster.InstallWebhooksAsync(_cluster, port);
        await _cluster.ApplyAsync(
            _cluster.ControlPlane.AdminKubeconfig, $"{Bind("courier", "breakglass-courier")}\n{Bind("lena", "breakglass-policy-author")}");
        _operator = await _cluster.StartOperatorAsync(
            "--trust-requester=false", "--webhook=true", $"--webhook-address=127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}",
            "--webhook-extra-names=127.0.0.1");
        var plane = _cluster.ControlPlane;
        Admin = Person.Of("admin", "system:masters", plane, plane.AdminKubeconfig);
        Courier = Person.Of("courier", null, plane, await plane.UserKubeconfigAsync("courier"));
        Lena = Person.Of("lena", null, plane, await plane.UserKubeconfigAsync("lena"));
        Bob = Person.Of("bob", null, plane, _cluster.Bob);
        Id = (await _cluster.Admin.GetAsync<V1Namespace>("kube-system", null, CancellationToken.None)).Metadata.Uid!;
        await Eventually.TrueAsync(
            async () => await Admin.CreateAsync(Admission.Manifests.Policy("probe"), "?dryRun=All") is { Good: true } answer
                && answer.Text.Contains("breakglass.dev/seal", StringComparison.Ordinal), expected: "writes that go through the webhooks");
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        foreach (var person in (Person?[])[Admin, Courier, Bob, Lena]) person?.Dispose();
        if (_operator is not null) await _operator.DisposeAsync();
        if (_cluster is not null) await _cluster.DisposeAsync();
    }

    /// <summary>A voucher for alice in this cluster.</summary>
    internal string Issue(Func<Voucher, Voucher> change, params IReadOnlyList<VoucherKey> by)
    {
        var now = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds());
        return Desk.Issue(v => change(v with { Cluster = Id, IssuedAt = now.AddDays(-1), NotBefore = now.AddDays(-1), Expires = now.AddDays(30) }), by);
    }

    private static string Bind(string user, string role) => $$"""
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: {name: {{user}}-has-{{role}}}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {{role}}}
        subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: {{user}}}]
        """;
}
