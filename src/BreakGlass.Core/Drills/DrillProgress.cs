using BreakGlass.Core.Messages;
using BreakGlass.Core.Model;

namespace BreakGlass.Core.Drills;

/// <summary>
/// How far a run has come, and what is next. Whatever fails, a grant that may exist is revoked before the run ends: only the API server's word that there is
/// none makes that unnecessary, or a refusal of its access after it expired.
/// </summary>
/// <param name="Run">The run as its drill's status shows it.</param>
/// <param name="Targets">How long its parts can take.</param>
public sealed record DrillProgress(DrillRun Run, DrillTargets? Targets)
{
    private const int LongestMessage = 1024;

    private static readonly DrillStep[] Steps = Enum.GetValues<DrillStep>();

    /// <summary>Whether the run's grant may exist and may give access.</summary>
    public bool MayBeOpen { get; private init; }

    private DateTimeOffset? RequestedAt { get; init; }

    private DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Since when access must be refused: the revocation, or the time at which the grant expired.</summary>
    private DateTimeOffset? EndedAt { get; init; }

    private string? FirstReason { get; init; }

    private TimeSpan? Access { get; init; }

    private TimeSpan? Denial { get; init; }

    private TimeSpan? Proof { get; init; }

    /// <summary>The step that is next; null if the run is over.</summary>
    public DrillStep? Next
    {
        get
        {
            // What came of access that never worked, or that could not be ended, shows nothing.
            var isCut = Steps.Any(s => s <= DrillStep.Revocation && Of(s)?.Result is DrillResult.Failed);
            foreach (var step in Steps)
            {
                if (Of(step) is { Result: not DrillResult.Running }) continue;
                if (step is DrillStep.Revocation ? IsToRevoke(isCut) : !isCut && Includes(step)) return step;
            }

            return null;
        }
    }

    /// <summary>Begins a step.</summary>
    public DrillProgress Begin(DrillStep step, DateTimeOffset now)
    {
        var message = step is DrillStep.Expiry && ExpiresAt is { } at ? DrillMessages.Waits(at) : null;
        return With(step, new() { Name = step.ToString(), StartedAt = Timestamp.Millis(now), Message = message }) with
        {
            MayBeOpen = MayBeOpen || step is DrillStep.Request,
            RequestedAt = step is DrillStep.Request ? now : RequestedAt,
            EndedAt = step is DrillStep.Revocation ? EndedAt ?? now : EndedAt,
        };
    }

    /// <summary>Ends a step.</summary>
    public DrillProgress After(DrillStep step, DrillAnswer answer, DateTimeOffset now)
    {
        var phase = Of(step) ?? new() { Name = step.ToString(), StartedAt = Timestamp.Millis(now) };
        var isPassed = answer.Result is DrillResult.Passed;
        var expiresAt = answer.ExpiresAt ?? ExpiresAt;
        var next = With(step, phase with
        {
            Result = answer.Result,
            Took = DrillMessages.Text(now - phase.StartedAt),
            Message = answer.Message is { Length: > LongestMessage } text ? text[..LongestMessage] : answer.Message,
        });
        return next with
        {
            Run = next.Run with { Voucher = answer.Voucher ?? Run.Voucher, VouchersLeft = answer.VouchersLeft ?? Run.VouchersLeft },
            MayBeOpen = MayBeOpen && !answer.NoGrant && !(isPassed && (step is DrillStep.Revocation || (step is DrillStep.Denial && Expires))),
            ExpiresAt = expiresAt,
            EndedAt = step is DrillStep.Expiry && isPassed ? expiresAt ?? now : EndedAt,
            FirstReason = answer.Result is DrillResult.Failed ? FirstReason ?? answer.Reason : FirstReason,
            Access = step is DrillStep.Use && isPassed ? now - RequestedAt : Access,
            Denial = step is DrillStep.Denial && isPassed ? now - EndedAt : Denial,
            Proof = step is DrillStep.Proof && isPassed ? now - EndedAt : Proof,
        };
    }

    /// <summary>The run with its result.</summary>
    public DrillRun Finish(DateTimeOffset now)
    {
        var failed = Run.Phases.Where(p => p.Result is DrillResult.Failed).Select(p => Words.Sentence($"{p.Name}: {p.Message}"));
        List<string> missed =
        [
            .. Missed("timeToAccess", Access, Targets?.TimeToAccess), .. Missed("timeToDenial", Denial, Targets?.TimeToDenial),
            .. Missed("proofOfEnd", Proof, Targets?.ProofOfEnd),
        ];
        IReadOnlyList<string> failures = [.. failed, .. missed];
        return Run with
        {
            TimeToAccess = Text(Access),
            TimeToDenial = Text(Denial),
            ProofOfEnd = Text(Proof),
            FinishedAt = Timestamp.Millis(now),
            Result = failures.Count == 0 ? DrillResult.Passed : DrillResult.Failed,
            Reason = FirstReason ?? (missed.Count > 0 ? DrillReasons.TargetMissed : null),
            Failures = failures,
        };
    }

    private bool Expires => Run.End is DrillEnd.Expire;

    /// <summary>Whether the step is a part of this run.</summary>
    private bool Includes(DrillStep step) => step switch
    {
        DrillStep.Hold => Run.Hold is not null,
        DrillStep.Expiry => Expires,
        _ => true,
    };

    /// <summary>Whether to revoke the grant: a run that lets it expire does so after a failure, and if access still works then.</summary>
    private bool IsToRevoke(bool isCut) => MayBeOpen && (!Expires || isCut || Of(DrillStep.Denial) is not null);

    private static string? Text(TimeSpan? took) => took is { } time ? DrillMessages.Text(time) : null;

    private static IEnumerable<string> Missed(string what, TimeSpan? took, string? target) =>
        took is { } time && GoDuration.TryParse(target, out var most) && time > most ? [DrillMessages.Missed(what, time, target!)] : [];

    private DrillPhase? Of(DrillStep step) => Run.Phases.FirstOrDefault(p => p.Name == step.ToString());

    private DrillProgress With(DrillStep step, DrillPhase phase)
    {
        var run = Of(step) is null
            ? Run with { Phases = [.. Run.Phases, phase] } : Run with { Phases = [.. Run.Phases.Select(p => p.Name == phase.Name ? phase : p)] };
        return this with { Run = run };
    }
}
