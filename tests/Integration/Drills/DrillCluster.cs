using System.Globalization;
using BreakGlass.Core.Journal;
using Integration.Admission;
using Integration.Gateway;
using TestKit;
using Xunit;

namespace Integration.Drills;

/// <summary>A cluster with the operator behind its webhooks, with a journal, a gateway, and two receivers of notifications, one of them for drills.</summary>
public sealed class DrillCluster : IAsyncLifetime
{
    private static readonly SigningKey Key = SigningKey.Of("breakglass.example.com/test", new byte[32]);

    private TestCluster? _cluster;
    private RunningOperator? _operator;
    private RunningOperator? _gateway;

    internal TestCluster Cluster => _cluster!;

    internal RunningOperator Operator => _operator!;

    /// <summary>A receiver with <c>drill: true</c>.</summary>
    internal Listener ForDrills { get; } = Listener.Start();

    /// <summary>A receiver without.</summary>
    internal Listener ForPeople { get; } = Listener.Start();

    /// <summary>Carol is a commander: she approves.</summary>
    internal string Carol { get; private set; } = "";

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync();
        await _cluster.AdminAsync("create", "clusterrolebinding", "commanders", "--clusterrole=breakglass-approver", "--group=commanders");
        Carol = await _cluster.ControlPlane.UserKubeconfigAsync("carol", ["commanders"]);
        var (port, gateway, reports) = (Ports.Free(), Ports.Free(), Ports.Free());
        await AdmissionCluster.InstallWebhooksAsync(_cluster, port);
        var folder = Path.Combine(_cluster.ControlPlane.Directory, "drill-journal");
        Directory.CreateDirectory(folder);
        var (key, receivers) = (Path.Combine(folder, "journal.key"), Path.Combine(folder, "receivers.yaml"));
        await File.WriteAllTextAsync(key, Key.ToSecretText());
        const string Secret = "0123456789abcdef0123456789abcdef";
        await File.WriteAllTextAsync(receivers, $"receivers:\n- {{name: drills, type: webhook, url: \"{ForDrills.Url}\", secret: {Secret}, drill: true}}\n"
            + $"- {{name: people, type: webhook, url: \"{ForPeople.Url}\", secret: {Secret}}}\n");
        _operator = await _cluster.StartOperatorAsync(
            "--trust-requester=false", "--webhook=true", $"--webhook-address=127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}",
            "--webhook-extra-names=127.0.0.1", $"--journal-directory={Path.Combine(folder, "log")}", $"--journal-key={key}",
            $"--notifications-file={receivers}", $"--gateway-url=https://localhost:{gateway.ToString(CultureInfo.InvariantCulture)}",
            $"--gateway-reports-listen=127.0.0.1:{reports.ToString(CultureInfo.InvariantCulture)}");
        _gateway = await GatewayCluster.StartGatewayAsync(_cluster, _operator, gateway, reports);
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (_gateway is not null) await _gateway.DisposeAsync();
        if (_operator is not null) await _operator.DisposeAsync();
        if (_cluster is not null) await _cluster.DisposeAsync();
        ForDrills.Dispose();
        ForPeople.Dispose();
    }
}
