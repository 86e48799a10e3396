using System.Globalization;
using BreakGlass.Core.Journal;
using Integration.Admission;
using Integration.Gateway;
using TestKit;
using Xunit;

namespace Integration.Drills;

/// <summary>A cluster with the operator behind its webhooks, with a journal, a gateway, and receivers of notifications, two of them for drills.</summary>
public sealed class DrillCluster : IAsyncLifetime
{
    private static readonly SigningKey Key = SigningKey.Of("breakglass.example.com/test", new byte[32]);

    private TestCluster? _cluster;
    private RunningOperator? _operator;
    private RunningOperator? _gateway;
    private string _journal = "";

    internal TestCluster Cluster => _cluster!;

    internal RunningOperator Operator => _operator!;

    /// <summary>Two receivers with <c>drill: true</c>, at one address: <c>drills</c> with the usual events, <c>ends</c> with GrantRevoked alone.</summary>
    internal Listener ForDrills { get; } = Listener.Start();

    /// <summary>A receiver without, which gets the usual events.</summary>
    internal Listener ForPeople { get; } = Listener.Start();

    /// <summary>A receiver without, which gets GrantRequested.</summary>
    internal Listener ForApprovers { get; } = Listener.Start();

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
        static string Receiver(string name, Listener at, string more = "") =>
            $"- {{name: {name}, type: webhook, url: \"{at.Url}\", secret: 0123456789abcdef0123456789abcdef{more}}}\n";
        await File.WriteAllTextAsync(receivers, "receivers:\n" + Receiver("drills", ForDrills, ", drill: true") + Receiver("people", ForPeople)
            + Receiver("ends", ForDrills, ", drill: true, events: [GrantRevoked]") + Receiver("approvers", ForApprovers, ", events: [GrantRequested]"));
        _journal = Path.Combine(folder, "log");
        _operator = await _cluster.StartOperatorAsync(
            "--trust-requester=false", "--webhook=true", $"--webhook-address=127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}",
            "--webhook-extra-names=127.0.0.1", $"--journal-directory={_journal}", $"--journal-key={key}",
            $"--notifications-file={receivers}", $"--gateway-url=https://localhost:{gateway.ToString(CultureInfo.InvariantCulture)}",
            $"--gateway-reports-listen=127.0.0.1:{reports.ToString(CultureInfo.InvariantCulture)}");
        _gateway = await GatewayCluster.StartGatewayAsync(_cluster, _operator, gateway, reports);
        await AdmissionCluster.EnforcedAsync(_cluster.ControlPlane);
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (_gateway is not null) await _gateway.DisposeAsync();
        if (_operator is not null) await _operator.DisposeAsync();
        if (_cluster is not null) await _cluster.DisposeAsync();
        ForDrills.Dispose();
        ForPeople.Dispose();
        ForApprovers.Dispose();
    }

    /// <summary>The entries of the journal about a drill, the oldest first.</summary>
    internal IReadOnlyList<JournalEntry> Entries(string drill)
    {
        try
        {
            if (Read(Checkpoint.Path) is not { } note || Checkpoint.Open(note.Span, Key.Verifier, out _) is not { } checkpoint) return [];
            return
            [
                .. JournalEntries.Read(Read, checkpoint.Size).Select(e => JournalEntry.Read(e.Bytes)!)
                    .Where(e => e.Subject == DrillEntries.SubjectStart + drill),
            ];
        }
        catch (Exception e) when (e is JournalException or IOException)
        {
            // A bundle became full while it was read.
            return [];
        }
    }

    private ReadOnlyMemory<byte>? Read(string path)
    {
        var file = Path.Combine(_journal, path);
        return File.Exists(file) ? File.ReadAllBytes(file) : (ReadOnlyMemory<byte>?)null;
    }
}
