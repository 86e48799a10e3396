using BreakGlass.Core.Drills;

namespace BreakGlass.Cli.Drills.Chaos;

/// <summary>A run, and what is left of it.</summary>
/// <param name="Run">The run.</param>
/// <param name="Grant">Its grant; null if there is none.</param>
/// <param name="Bindings">The bindings with the grant's label.</param>
internal sealed record ChaosFindings(DrillRun Run, BreakGlassGrant? Grant, IReadOnlyList<string> Bindings)
{
    public const string NoBinding = "No RoleBinding and no ClusterRoleBinding of the grant is left.";

    /// <summary>Whether the grant ever gave access, as its record says.</summary>
    public bool WasOpen => Grant?.Status.Transitions.Any(t => t.To is GrantPhase.Active) is true;

    /// <summary>Whether the run failed before it used any access, because the operator did not activate its grant.</summary>
    public bool WasNotActivated => Run is { Result: DrillResult.Failed, Reason: DrillReasons.GrantDenied or DrillReasons.NotActive }
        && Run.Phases.All(p => p.Name != nameof(DrillStep.Use));

    /// <summary>The result of the run.</summary>
    public string Result => Run.Result switch
    {
        DrillResult.Failed => $"the run failed ({Run.Reason}): {string.Join(' ', Run.Failures)}",
        DrillResult.Running => "the run goes on",
        _ => "the run passed",
    };

    /// <summary>Whether bindings are left.</summary>
    public ChaosOutcome Left => new(NoBinding, Bindings.Count == 0 ? "none is left" : string.Join(", ", Bindings), Bindings.Count == 0);
}
