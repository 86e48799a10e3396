using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Messages;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;

namespace BreakGlass.Core.Drills;

/// <summary>When a drill runs, what its status says, and which of its grants are to be revoked.</summary>
public static class DrillLifecycle
{
    /// <summary>A run that is later than this is left out: the operator did not run, and a drill at this hour is not expected.</summary>
    public static readonly TimeSpan LatestStart = TimeSpan.FromHours(1);

    /// <summary>How soon it is looked again whether grants were revoked.</summary>
    private static readonly TimeSpan RevokeRetry = TimeSpan.FromSeconds(2);

    private const int LongestRequest = 256;

    /// <summary>Decides.</summary>
    public static DrillPlan Decide(DrillFacts facts)
    {
        var (drill, now) = (facts.Drill, facts.Now);
        var (spec, before) = (drill.Spec, drill.Status);
        List<DrillRun> ended = [.. before.Runs.Where(r => r.Result is DrillResult.Running && r.Id != facts.InHand).Select(r => Interrupted(r, now))];
        var status = ended.Aggregate(before, (s, run) => WithRun(drill, s, run, now));

        var schedule = DrillSchedule.Of(spec, out var problem);
        var mistake = DrillRules.Check(drill);
        var isScheduled = schedule is not null && mistake is null && !spec.Suspended && drill.Metadata.DeletionTimestamp is null;
        var planned = before.ObservedGeneration == drill.Metadata.Generation ? before.NextRunAt : null;
        var next = isScheduled ? planned ?? schedule!.Next(now) : null;
        DrillRun? start = null;
        if (facts.InHand is null && drill.Metadata.DeletionTimestamp is null && mistake is null)
        {
            var request = drill.AnnotationsOrEmpty.GetValueOrDefault(BreakGlassApi.RunDrillAnnotation);
            var isRequested = request is { Length: > 0 and <= LongestRequest } && request != before.LastRequest;
            var isDue = next <= now;
            if (isRequested || (isDue && now - next <= LatestStart)) start = New(drill, isRequested ? request : null, now);
            if (isRequested) status = status with { LastRequest = request };
            if (isDue) next = schedule!.Next(now);
        }

        status = status with { ObservedGeneration = drill.Metadata.Generation, NextRunAt = next };
        if (start is not null) status = WithRun(drill, status, start, now);
        status = status with { Conditions = ConditionsOf(facts, status, mistake, problem) };

        var mine = facts.InHand is { } id ? GrantOf(drill, id) : null;
        List<string> revoke =
        [
            .. facts.Grants.Where(g => IsToRevoke(g, facts.Settings) && g.Metadata.Name != mine).Select(g => g.Metadata.Name)
                .Union(ended.Select(r => GrantOf(drill, r.Id))),
        ];
        DateTimeOffset? look = facts.InHand is null && start is null ? next : null;
        if (revoke.Count > 0 && !(look < now + RevokeRetry)) look = now + RevokeRetry;
        return new(status, start, revoke, ended, look);
    }

    /// <summary>Whether a grant of a drill gives access, or may, and is not revoked yet.</summary>
    public static bool IsToRevoke(BreakGlassGrant grant, CoreSettings settings) =>
        DrillRules.IsDrill(grant, settings) && !grant.Status.IsTerminal && grant.Spec.Revoke is null && grant.Metadata.DeletionTimestamp is null;

    /// <summary>The status with a run, in the place of its earlier state; of the finished runs as many as the drill keeps.</summary>
    public static DrillStatus WithRun(BreakGlassDrill drill, DrillStatus status, DrillRun run, DateTimeOffset now)
    {
        var known = status.Runs.Any(r => r.Id == run.Id);
        IReadOnlyList<DrillRun> runs = known ? [.. status.Runs.Select(r => r.Id == run.Id ? run : r)] : [run, .. status.Runs];
        var kept = runs.Where(r => r.Result is not DrillResult.Running).Take(Math.Clamp(drill.Spec.History, 1, Bounds.LongestHistory)).ToHashSet();
        var running = runs.FirstOrDefault(r => r.Result is DrillResult.Running);
        return status with
        {
            Runs = [.. runs.Where(r => r == running || kept.Contains(r))],
            LastPassedAt = run is { Result: DrillResult.Passed, FinishedAt: { } at } ? at : status.LastPassedAt,
            Conditions = run.Result is DrillResult.Running ? status.Conditions : Passing(drill, status.Conditions, run, now),
        };
    }

    /// <summary>What is announced when a run has ended.</summary>
    public static GrantEvent EventOf(DrillRun run) => run.Result is DrillResult.Passed
        ? new(false, EventReasons.DrillPassed, EventActions.Drill, DrillMessages.Passed(run)) { Distinct = run.Id }
        : new(true, EventReasons.DrillFailed, EventActions.Drill, DrillMessages.Failed(run)) { Distinct = run.Id };

    private static IReadOnlyList<Condition> ConditionsOf(DrillFacts facts, DrillStatus status, Problem? mistake, string? problem)
    {
        var (drill, now, generation) = (facts.Drill, facts.Now, facts.Drill.Metadata.Generation);
        var (ready, reason, message) = mistake is not null ? (false, mistake.Reason, Words.Sentence(mistake.ToString()))
            : problem is not null ? (false, DrillConditions.InvalidSchedule, problem)
            : facts.Policy is not { } policy ? (false, DrillConditions.PolicyNotFound, DrillMessages.PolicyNotFound(drill.Spec.Policy))
            : policy.Spec.Drills is not DrillPermission.Allowed ? (false, DrillConditions.DrillsForbidden, DrillMessages.DrillsForbidden(drill.Spec.Policy))
            : drill.Spec.Voucher is not null && policy.Spec.Vouchers is null
                ? (false, DrillConditions.VouchersNotAllowed, DrillMessages.VouchersNotAllowed(drill.Spec.Policy))
            : drill.Spec.Suspended ? (false, DrillConditions.Suspended, DrillMessages.Suspended)
            : (true, DrillConditions.Scheduled, status.NextRunAt is { } next ? DrillMessages.Scheduled(next) : DrillMessages.NoNextRun);
        var conditions = status.Conditions.With(DrillConditions.Ready, ready, reason, message, generation, now);
        return Conditions.Find(conditions, DrillConditions.Passing) is null
            ? conditions.With(DrillConditions.Passing, null, DrillConditions.NeverRun, DrillMessages.NeverRun, generation, now) : conditions;
    }

    private static IReadOnlyList<Condition> Passing(BreakGlassDrill drill, IReadOnlyList<Condition> conditions, DrillRun run, DateTimeOffset now) =>
        run.Result is DrillResult.Passed
            ? conditions.With(DrillConditions.Passing, true, DrillConditions.LastRunPassed, DrillMessages.Passed(run), drill.Metadata.Generation, now)
            : conditions.With(
                DrillConditions.Passing, false, run.Reason ?? DrillReasons.ServerError, DrillMessages.Failed(run), drill.Metadata.Generation, now);

    private static string GrantOf(BreakGlassDrill drill, string run) => $"drill-{drill.Metadata.Name}-{run}";

    private static DrillRun New(BreakGlassDrill drill, string? request, DateTimeOffset now)
    {
        var id = IdOf(drill.Status.Runs, now);
        return new()
        {
            Id = id,
            Trigger = request is null ? DrillTrigger.Schedule : DrillTrigger.Manual,
            StartedAt = Timestamp.Millis(now),
            Policy = drill.Spec.Policy,
            Grant = GrantOf(drill, id),
            End = drill.Spec.End,
            Hold = DrillHold.Of(request, drill.Spec.Duration) is { } hold ? GoDuration.Format(hold) : null,
        };
    }

    /// <summary>The second in which a run starts, and a letter if it is not the first one of that second: its record and its grant are its own.</summary>
    private static string IdOf(IReadOnlyList<DrillRun> runs, DateTimeOffset now)
    {
        var second = now.UtcDateTime.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);

        // The newest run is always kept. The name of the grant has room for one more character (Bounds.LongestDrillName).
        var last = runs.Select(r => r.Id).Where(id => id.StartsWith(second, StringComparison.Ordinal)).Max(StringComparer.Ordinal);
        return last is null ? second : $"{second}{(last.Length == second.Length ? 'b' : (char)Math.Min(last[^1] + 1, 'z'))}";
    }

    private static DrillRun Interrupted(DrillRun run, DateTimeOffset now) => run with
    {
        Result = DrillResult.Failed,
        Reason = DrillReasons.Interrupted,
        FinishedAt = Timestamp.Millis(now),
        Failures = [DrillMessages.Interrupted],
        Phases =
        [
            .. run.Phases.Select(p => p.Result is DrillResult.Running ? p with { Result = DrillResult.Failed, Message = DrillMessages.Interrupted } : p),
        ],
    };
}
