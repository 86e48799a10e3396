using BreakGlass.Core.Drills;
using BreakGlass.Core.Journal;

namespace BreakGlass.Operator.Jobs.Drills;

/// <summary>Checks what the operator recorded and reported of a run's grant: journal, events, metrics, notifications and session.</summary>
/// <param name="tools">What runs share.</param>
/// <param name="run">The run.</param>
/// <param name="grant">The grant of the run.</param>
/// <param name="requester">Reads events.</param>
/// <param name="polling">Waits.</param>
internal sealed class DrillRecord(DrillTools tools, DrillRun run, RunGrant grant, DrillIdentity requester, Polling polling)
{
    private readonly IReadOnlyDictionary<string, long> _counted = tools.Metrics.MovedByDrills(run.Policy!);

    /// <summary>The event of the grant's end: the status says how it ended; while it does not, the run says how it must end.</summary>
    private string EndEvent => grant.Last?.Status.EndReason is { } reason
        ? reason is EndReason.Expired ? EventReasons.GrantExpired : EventReasons.GrantRevoked
        : run.End is DrillEnd.Expire ? EventReasons.GrantExpired : EventReasons.GrantRevoked;

    /// <summary>Looks for the transitions of the grant in the journal, and verifies that they are in it.</summary>
    public async Task<DrillAnswer> JournalAsync(CancellationToken cancellationToken)
    {
        if (tools.Journal is not { } journal) return DrillAnswer.Skipped("The operator has no journal.");
        var last = "";
        return await polling.UntilAsync(async () =>
        {
            var read = await grant.ReadAsync(cancellationToken);
            try
            {
                last = await journal.LacksAsync(read, cancellationToken) ?? "";
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                // The storage can be away, and says so in many ways.
                last = e is JournalException ? e.Message : $"The journal cannot be read ({e.GetType().Name}).";
            }

            return last.Length == 0
                ? DrillAnswer.Passed($"{read.Status.Transitions.Count} transition(s) are in the journal, with valid inclusion proofs.") : null;
        }, Polling.Usual, () => DrillAnswer.Failed(DrillReasons.NotInJournal, last), cancellationToken);
    }

    /// <summary>Looks for the grant's events.</summary>
    public async Task<DrillAnswer> EventsAsync(CancellationToken cancellationToken)
    {
        string[] expected = [EventReasons.GrantActivated, EndEvent];
        string[] lacking = expected;
        return await polling.UntilAsync(async () =>
        {
            var client = await requester.ClientAsync(cancellationToken);
            var query = new ListQuery { FieldSelector = $"regarding.kind={nameof(BreakGlassGrant)},regarding.name={grant.Name}" };
            var seen = new HashSet<string>(StringComparer.Ordinal);
            foreach (var ns in DrillTools.EventNamespaces)
            {
                var events = await client.ListAsync<Eventsv1Event>(query with { Namespace = ns }, cancellationToken);
                seen.UnionWith(events.Items.Select(e => e.Reason ?? ""));
            }

            lacking = [.. expected.Except(seen)];
            return lacking.Length == 0 ? DrillAnswer.Passed($"The events {string.Join(" and ", expected)} exist.") : null;
        }, Polling.Usual, () => DrillAnswer.Failed(DrillReasons.NoEvent, $"There is no event {string.Join(", ", lacking)} of the grant."), cancellationToken);
    }

    /// <summary>Looks whether the metrics have counted the activation.</summary>
    public async Task<DrillAnswer> MetricsAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<string> lacking = [];
        return await polling.UntilAsync(() =>
        {
            lacking = [.. tools.Metrics.MovedByDrills(run.Policy!).Where(now => now.Value <= _counted[now.Key]).Select(now => now.Key)];
            return Task.FromResult(lacking.Count == 0
                ? DrillAnswer.Passed($"These metrics have changed: {string.Join(", ", _counted.Keys)}.") : null);
        }, Polling.QuickFor, () => DrillAnswer.Failed(DrillReasons.NotCounted, $"These metrics did not change: {string.Join(", ", lacking)}."),
            cancellationToken);
    }

    /// <summary>Looks whether the receivers for drills took the notifications.</summary>
    public async Task<DrillAnswer> NotificationsAsync(CancellationToken cancellationToken)
    {
        var end = EndEvent;
        if (tools.Notifier is not { } notifier || notifier.DrillReceivers(end) is not { Count: > 0 } receivers)
            return DrillAnswer.Skipped("No receiver of notifications has drill: true and an event that each run has.");
        IReadOnlyList<string> lacking = [];
        return await polling.UntilAsync(() =>
        {
            lacking = [.. receivers.Where(receiver => !notifier.HasTaken(receiver, grant.Name, end))];
            return Task.FromResult(lacking.Count == 0
                ? DrillAnswer.Passed($"{string.Join(", ", receivers)} took the notifications.") : null);
        }, Polling.Usual, () => DrillAnswer.Failed(DrillReasons.NotNotified, $"No answer of {string.Join(", ", lacking)} that took all notifications."),
            cancellationToken);
    }

    /// <summary>Looks for the use of the access in the session's record.</summary>
    public async Task<DrillAnswer> AuditAsync(CancellationToken cancellationToken)
    {
        var isShown = tools.Settings.RecordsSessions || (grant.Last is { } last && GatewayRules.ShowsUse(last.Status));
        if (!isShown) return DrillAnswer.Skipped("The operator receives no audit events, and the gateway reports none for this policy.");
        if (grant.BindsRequester) return DrillAnswer.Skipped("The requester's own user is bound.");
        return await grant.WaitAsync(
            g => g.Status.Session is { Requests: > 0 } session ? DrillAnswer.Passed($"{session.Requests} request(s) are in the session's record.") : null,
            Polling.Usual,
            () => DrillAnswer.Failed(DrillReasons.NotObserved, "The session's record shows no request of the grant."), cancellationToken);
    }
}
