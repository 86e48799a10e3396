using System.Diagnostics;
using BreakGlass.Core.Api;
using BreakGlass.Core.Journal;
using BreakGlass.Core.Model;
using FluentAssertions;
using Integration.Alone;
using Xunit;

namespace Integration.Journal;

/// <summary>Access that waits for the journal, on a real API server: while the journal works, while it is away, and across a change of the leader.</summary>
[Collection(nameof(OneCluster))]
public sealed class RequiredJournalTests : IAsyncLifetime
{
    private static readonly SigningKey Key = SigningKey.Of("breakglass.example.com/test", new byte[32]);

    private readonly TestCluster _cluster;
    private readonly string _folder;

    public RequiredJournalTests(OwnCluster own)
    {
        _cluster = own.Cluster;
        _folder = Path.Combine(_cluster.ControlPlane.Directory, "required-journal");
    }

    private string Log => Path.Combine(_folder, "log");

    private string[] Options =>
    [
        "--lease-duration=15s", "--renew-deadline=10s", "--retry-period=1s", $"--journal-directory={Log}",
        $"--journal-key={Path.Combine(_folder, "journal.key")}",
    ];

    public async Task InitializeAsync()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "volume"));
        await File.WriteAllTextAsync(Path.Combine(_folder, "journal.key"), Key.ToSecretText());
        await File.WriteAllTextAsync(Path.Combine(_folder, "no-directory"), "");
        await MountAsync("volume");
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Access_opens_once_the_journal_has_its_record_and_no_end_waits_for_it()
    {
        await using var first = await RunningOperator.StartAsync(_cluster.OperatorKubeconfig, Options);
        await Eventually.TrueAsync(first.LeadsAsync, () => first.Log);
        await using var second = await RunningOperator.StartAsync(_cluster.OperatorKubeconfig, Options);

        var incident = await Incident.BeginAsync(_cluster, "  journal: Required");
        var active = await incident.ActivateAsync();
        active.Status.Transitions[0].JournalIndex.Should().NotBeNull("the record was in the journal before there was access");
        Conditions.Find(active.Status.Conditions, GrantConditions.Journaled)!.Status.Should().Be("True");
        await JournaledAsync(incident, 2);
        Entry(active.Status.Transitions[0].JournalIndex!.Value).Should().Be($"{active.Metadata.Uid}/0");

        // The volume is gone: a file stands in the place of the directory, because a directory without rights is no obstacle for root.
        await MountAsync("no-directory");
        var late = await ReadOnlyIncidentAsync(timeout: "60s");
        await late.AskAsync("5m");
        var waiting = await late.WaitAsync("Journaled", "False");

        // A storage that takes long to fail is first called one that does not answer.
        await Eventually.TrueAsync(
            async () => Conditions.Find((waiting = await late.ReadAsync()).Status.Conditions, GrantConditions.Active) is
            {
                Status: "False", Reason: GrantConditions.WaitsForJournal, Message: var message,
            } && message.Contains("--journal-directory", StringComparison.Ordinal) && message.Contains("then the grant is denied", StringComparison.Ordinal),
            () => Incident.Show(waiting), expected: "a grant that says what it waits for");
        (await _cluster.AdminAsync("get", "serviceaccounts,secrets", "-n", "breakglass-grants", "-l", $"breakglass.dev/grant={late.Grant}", "-o", "name"))
            .Should().BeEmpty();

        await incident.RevokeAsync();
        await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);
        var denied = await late.WaitForPhaseAsync(GrantPhase.Denied);
        denied.Status.Transitions[^1].Reason.Should().Be(DenialReasons.JournalUnavailable);
        await Eventually.TrueAsync(
            async () => (await first.MetricsAsync()).Any(
                m => m.Key.Contains("audit_backlog", StringComparison.Ordinal) && m.Key.Contains("journal", StringComparison.Ordinal) && m.Value > 0),
            () => first.Log, expected: "a backlog of the journal");

        await MountAsync("volume");
        await JournaledAsync(incident, 3);
        await JournaledAsync(late, 2);

        await first.KillAsync();
        await Eventually.TrueAsync(second.LeadsAsync, () => second.Log);
        var next = await Incident.BeginAsync(_cluster, "  journal: Required");
        await next.ActivateAsync();
        await JournaledAsync(next, 2);
        JournalCheck.Run(Read, Key.Verifier).Problems.Should().BeEmpty();
        Entries().Should().OnlyHaveUniqueItems("the next leader appended nothing twice");
        (await second.StopAsync()).Should().Be(0);
    }

    /// <summary>Has the operator find another thing in the place of the journal, from one moment to the next.</summary>
    private async Task MountAsync(string name)
    {
        foreach (var (command, arguments) in new[] { ("ln", $"-sfn {name} {Log}.next"), ("mv", $"-T {Log}.next {Log}") })
        {
            using var process = Process.Start(command, arguments);
            await process.WaitForExitAsync();
            process.ExitCode.Should().Be(0);
        }
    }

    /// <summary>A policy of which requests for reading need no approver, so that the timeout for approvals can be short.</summary>
    private async Task<Incident> ReadOnlyIncidentAsync(string timeout)
    {
        var incident = await Incident.BeginAsync(_cluster, withPolicy: false);
        await _cluster.ApplyAsync(_cluster.ControlPlane.AdminKubeconfig, $$"""
            apiVersion: breakglass.dev/v1alpha1
            kind: BreakGlassPolicy
            metadata: {name: {{incident.Policy}}}
            spec:
              mode: JustInTime
              journal: Required
              requesters: [{kind: Group, name: payments-oncall}]
              access:
              - {name: payments, roleRef: {kind: ClusterRole, name: view}, namespaces: [{{incident.Namespace}}]}
              approval:
                approvers: [{kind: Group, name: commanders}]
                timeout: {{timeout}}
                autoApprove: {maxDuration: 10m, readOnlyOnly: true}
            """);
        return incident;
    }

    /// <summary>Waits until the journal has all transitions of the grant's status, each proven to be in it, and none missing or repeated.</summary>
    private async Task JournaledAsync(Incident incident, int transitions)
    {
        var grant = await incident.ReadAsync();
        grant.Status.Transitions.Should().HaveCount(transitions);
        GrantReport? report = null;

        // Proofs and notes about the grant are no transitions.
        IEnumerable<JournalEntry> Numbered() => report?.Entries.Select(e => e.Entry).Where(e => e.Position is not null) ?? [];
        await Eventually.TrueAsync(
            () =>
            {
                report = JournalCheck.RunFor(Read, Key.Verifier, incident.Grant);
                return Task.FromResult(Numbered().Count() == transitions);
            },
            () => $"{report?.Entries.Count} entries; {string.Join(" ", report?.Problems.Select(p => p.ToString()) ?? [])}",
            expected: $"{transitions} entries of {incident.Grant}");
        report!.Problems.Should().BeEmpty();
        Numbered().Select(e => (e.Time, e.Data.To)).Should().Equal(grant.Status.Transitions.Select(t => (t.At, (string?)t.To.ToString())));
    }

    private string Entry(long index) => Entries()[(int)index];

    private IReadOnlyList<string> Entries()
    {
        var checkpoint = Checkpoint.Open(Read(Checkpoint.Path)!.Value.Span, Key.Verifier, out _)!;
        return [.. JournalEntries.Read(Read, checkpoint.Size).Select(e => JournalEntry.Read(e.Bytes)!.Id)];
    }

    private ReadOnlyMemory<byte>? Read(string path)
    {
        var file = Path.Combine(Log, path);
        return File.Exists(file) ? File.ReadAllBytes(file) : (ReadOnlyMemory<byte>?)null;
    }
}
