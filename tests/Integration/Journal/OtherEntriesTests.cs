using System.Globalization;
using BreakGlass.Core.Api;
using BreakGlass.Core.Journal;
using BreakGlass.Core.Model;
using BreakGlass.Operator.Guard;
using FluentAssertions;
using Integration.Admission;
using Integration.Guard;
using TestKit;
using Xunit;

namespace Integration.Journal;

using Manifests = Integration.Admission.Manifests;

/// <summary>An operator with webhooks, seals, the guard's webhook and a journal: what people do with all kinds of objects is in the journal, once.</summary>
public sealed class OtherEntriesTests : IAsyncLifetime
{
    private const string Policy = "payments-oncall";
    private const string Grant = "inc-4711";

    private static readonly SigningKey Key = SigningKey.Of("breakglass.example.com/test", [.. Enumerable.Repeat((byte)7, SigningKey.SeedSize)]);

    private readonly int _port = Ports.Free();
    private TestCluster? _cluster;
    private RunningOperator? _operator;

    private TestCluster Cluster => _cluster!;

    private string Journal => Path.Combine(Cluster.ControlPlane.Directory, "journal");

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync();
        await AdmissionCluster.InstallWebhooksAsync(Cluster, _port);
        await Cluster.AdminAsync("patch", "clusterrole", "breakglass-operator-bind", "--type=json", "-p",
            """[{"op":"add","path":"/rules/0/resourceNames/-","value":"cluster-admin"}]""");
        foreach (var (role, group) in ((string, string)[])[("approver", "commanders"), ("reviewer", "security"), ("lockdown", "security")])
        {
            await Cluster.AdminAsync("create", "clusterrolebinding", $"{group}-{role}", $"--clusterrole=breakglass-{role}", $"--group={group}");
        }

        await File.WriteAllTextAsync(Path.Combine(Cluster.ControlPlane.Directory, "journal.key"), Key.ToSecretText());
        await StartAsync();
        await Cluster.AdminAsync("label", "namespace", "kube-system", "kubernetes.io/metadata.name=kube-system", "--overwrite");
        await Cluster.AdminAsync("apply", "-k", TestCluster.Config(GuardedCluster.HasPolicies ? "guard" : "guard-legacy"));
        var patch = string.Join(',', GuardWebhook.Paths.Select((path, i) =>
            $$"""{"op":"replace","path":"/webhooks/{{i}}/clientConfig","value":{"url":"https://127.0.0.1:{{_port}}{{path}}"} }"""));
        await Cluster.AdminAsync("patch", "mutatingwebhookconfiguration", "breakglass-operator-guard", "--type=json", "-p", $"[{patch}]");
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (_operator is not null) await _operator.DisposeAsync();
        if (_cluster is not null) await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task The_story_of_a_policy_a_grant_and_a_lockdown_is_in_the_journal_and_verifies()
    {
        await AsAsync("dave", "system:masters", PolicyManifest("for incidents"));

        // A generation that the operator does not see before the next one has no entry.
        await EntriesAsync("policy.created");

        // The operator writes the policy, too: its seal, its status.
        await Eventually.TrueAsync(async () => (await TryAsAsync("erin", "system:masters", PolicyManifest("for incidents only"), "replace")).ExitCode == 0,
            expected: "a replace that no other write comes between");
        await Cluster.ApplyAsync(Cluster.Alice, Manifests.Grant(Grant, Policy));
        await PhaseAsync(GrantPhase.AwaitingApproval);
        await AsAsync("carol", "commanders", Manifests.Approval("carol-1", Grant, "comment: go"));
        await UntilAsync(g => Conditions.IsTrue(g.Status.Conditions, "Active"), "an active grant");

        var (ns, name) = Incident.SecretOf((await Cluster.GrantAsync(Grant))!);
        var encoded = (await Cluster.KubectlAsync(Cluster.Alice, "get", "secret", "-n", ns, name, "-o", "jsonpath={.data.kubeconfig}")).OrThrow();
        var kubeconfig = Path.Combine(Cluster.ControlPlane.Directory, "delivered.kubeconfig");
        await File.WriteAllBytesAsync(kubeconfig, Convert.FromBase64String(encoded));
        string[] attempt = ["create", "clusterrolebinding", "mine", "--clusterrole=view", "--user=alice"];
        await Eventually.TrueAsync(async () => (await Cluster.KubectlAsync(kubeconfig, [.. attempt, "--dry-run=server"]))
            .Error.Contains("persistence guard", StringComparison.Ordinal), expected: "the guard to refuse");
        (await Cluster.KubectlAsync(kubeconfig, attempt)).ExitCode.Should().NotBe(0);
        await UntilAsync(g => g.Status.Residue.Count > 0, "the attempt in the status");

        await AsAsync("sue", "security",
            "apiVersion: breakglass.dev/v1alpha1\nkind: BreakGlassLockdown\nmetadata: {name: stop}\nspec: {reason: token leaked}\n");
        await UntilAsync(g => Conditions.IsTrue(g.Status.Conditions, "Revoked"), "a proven revocation");
        await AsAsync("rita", "security", Manifests.Review("rita-1", Grant, "comment: needed"));
        await EntriesAsync("grant.reviewed");
        await Cluster.AdminAsync("delete", "bgl", "stop");
        await EntriesAsync("lockdown.lifted");

        // While the operator is dead.
        await _operator!.DisposeAsync();
        await Cluster.AdminAsync("delete", "bgp", Policy);
        await StartAsync();
        var entries = await EntriesAsync("policy.deleted");

        entries.Select(e => e.Id).Should().OnlyHaveUniqueItems();
        Lines(entries).Should().Contain(
        [
            $"policy.created policies/{Policy} dave", $"policy.changed policies/{Policy} erin", $"grant.requested grants/{Grant} alice",
            "approval.approved approvals/carol-1 carol", "lockdown.engaged lockdowns/stop sue", "lockdown.lifted lockdowns/stop ",
            $"persistence.refused grants/{Grant} alice", $"grant.proven grants/{Grant} breakglass-operator", "grant.reviewed reviews/rita-1 rita",
            $"policy.deleted policies/{Policy} ",
        ]);
        entries.Should().ContainSingle(e => e.Type == EntryTypes.SealKeyAdded);
        JournalCheck.Run(Read, Key.Verifier).Problems.Should().BeEmpty();
        var report = JournalCheck.RunFor(Read, Key.Verifier, Grant);
        report.Problems.Should().BeEmpty();
        Lines(report.Entries.Select(e => e.Entry)).Should().Contain(
            ["approval.approved approvals/carol-1 carol", $"persistence.refused grants/{Grant} alice", "grant.reviewed reviews/rita-1 rita"]);
    }

    private static string PolicyManifest(string description) => $$"""
        apiVersion: breakglass.dev/v1alpha1
        kind: BreakGlassPolicy
        metadata: {name: {{Policy}}}
        spec:
          description: {{description}}
          mode: JustInTime
          requesters: [{kind: Group, name: payments-oncall}]
          access: [{name: all, roleRef: {kind: ClusterRole, name: cluster-admin}, clusterWide: true}]
          approval: {required: 1, approvers: [{kind: Group, name: commanders}]}
          review: {required: true, within: 24h, reviewers: [{kind: Group, name: security}]}
        """;

    private static IEnumerable<string> Lines(IEnumerable<JournalEntry> entries) =>
        entries.Select(e => $"{e.Type["dev.breakglass.".Length..]} {e.Subject} {e.Data.Actor}");

    private async Task StartAsync()
    {
        _operator = await RunningOperator.StartAsync(
            Cluster.OperatorKubeconfig, "--trust-requester=false", "--webhook=true", "--leader-elect=false",
            $"--webhook-address=127.0.0.1:{_port.ToString(CultureInfo.InvariantCulture)}", "--webhook-extra-names=127.0.0.1",
            $"--journal-directory={Journal}", $"--journal-key={Path.Combine(Cluster.ControlPlane.Directory, "journal.key")}");
        await Eventually.TrueAsync(async () => (await Cluster.ControlPlane.KubectlAsync(
            Cluster.ControlPlane.AdminKubeconfig, ["create", "--dry-run=server", "-f", "-"], Manifests.Policy("answers"))).ExitCode == 0,
            expected: "webhooks that answer");
    }

    private async Task AsAsync(string user, string group, string manifest) => (await TryAsAsync(user, group, manifest, "create")).OrThrow();

    private Task<CommandResult> TryAsAsync(string user, string group, string manifest, string verb) => Cluster.ControlPlane.KubectlAsync(
        Cluster.ControlPlane.AdminKubeconfig, [verb, "-f", "-", "--as", user, "--as-group", group, "--as-group", "system:authenticated"], manifest);

    private Task PhaseAsync(GrantPhase phase) => UntilAsync(g => g.Status.Phase == phase, $"phase {phase}");

    private async Task UntilAsync(Func<BreakGlassGrant, bool> holds, string expected)
    {
        BreakGlassGrant? last = null;
        await Eventually.TrueAsync(
            async () => (last = await Cluster.GrantAsync(Grant)) is not null && holds(last), () => $"{last?.Status}", expected: expected);
    }

    private ReadOnlyMemory<byte>? Read(string path)
    {
        var file = Path.Combine(Journal, path);
        if (!File.Exists(file)) return null;
        return File.ReadAllBytes(file);
    }

    /// <summary>The journal's entries, once one of a type is among them.</summary>
    private Task<IReadOnlyList<JournalEntry>> EntriesAsync(string type) => Eventually.GetAsync(() =>
    {
        IReadOnlyList<JournalEntry> entries = [];
        try
        {
            if (Read(Checkpoint.Path) is { } note && Checkpoint.Open(note.Span, Key.Verifier, out _) is { } checkpoint)
                entries = [.. JournalEntries.Read(Read, checkpoint.Size).Select(e => JournalEntry.Read(e.Bytes)!)];
        }
        catch (Exception e) when (e is JournalException or IOException)
        {
            // A bundle became full while it was read.
        }

        return Task.FromResult(entries.Any(e => e.Type.EndsWith(type, StringComparison.Ordinal)) ? entries : null);
    }, () => _operator!.Log, expected: $"an entry {type}");
}
