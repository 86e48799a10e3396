using System.Runtime.ExceptionServices;

namespace BreakGlass.Operator.Execution;

/// <summary>A run of the reconciler over one grant while its steps are carried out side by side. <see cref="GrantRun"/> decides everything about it.</summary>
internal sealed class LiveRun(GrantRun run)
{
    private readonly Lock _gate = new();
    private GrantRun _run = run;

    /// <summary>What the run knows.</summary>
    public GrantRun Run
    {
        get
        {
            lock (_gate) return _run;
        }
    }

    /// <summary>What is secret of the credential in hand: the token, or the private key. It leaves this process only into its Secret, or encrypted.</summary>
    public string? Secret { get; set; }

    /// <summary>The grant as the API server has it, where the cache holds it only in part.</summary>
    public BreakGlassGrant? Whole { get; set; }

    /// <summary>Why the end could not be proven: what is left to tidy up is done first, and then the run fails with it.</summary>
    public ExceptionDispatchInfo? ProofError { get; private set; }

    /// <summary>Has the run be about a grant. Nothing that is held for one is held for a namesake.</summary>
    public GrantRun Of(string? uid)
    {
        lock (_gate)
        {
            if (_run.Of(uid) is var run && run.Uid != _run.Uid) (_run, Secret, ProofError) = (run, null, null);
            return _run;
        }
    }

    /// <summary>Takes note that a plan is carried out.</summary>
    public void Begin(GrantPlan plan)
    {
        lock (_gate) _run = _run.Begin(plan);
    }

    /// <summary>Takes note of a step's result.</summary>
    public RunUpdate After(GrantFacts facts, PlanStep step, StepResult result, DateTimeOffset now)
    {
        lock (_gate)
        {
            var after = _run.After(facts, step, result, now);
            _run = after.Run;
            if (step is PlanStep.Prove && result.Cause is { } error) ProofError = ExceptionDispatchInfo.Capture(error);
            return after;
        }
    }

    /// <summary>Takes note that all steps of a plan were carried out.</summary>
    public RunPause AfterRound(GrantFacts facts, GrantPlan plan)
    {
        lock (_gate) return (_run = _run.AfterRound(facts, plan)).Pause;
    }

    /// <summary>The run that comes after this one: a paused one itself, else what outlasts it, without the token; null for nothing.</summary>
    public LiveRun? Again(DateTimeOffset now)
    {
        lock (_gate)
        {
            if (_run.Again(now) is not { } next) return null;
            if (_run.Pause is RunPause.None) return new(next);
            _run = next;
            return this;
        }
    }

    /// <summary>Takes note that there is nothing left to do.</summary>
    public void AtRest(GrantFacts facts)
    {
        lock (_gate) _run = _run.AtRest(facts);
    }
}
