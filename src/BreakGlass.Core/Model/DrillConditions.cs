namespace BreakGlass.Core.Model;

#pragma warning disable CS1591 // The names are what a person reads; docs/concepts.md explains each.

/// <summary>The conditions of a drill and their reasons. The reason of Passing is also one of <see cref="DrillReasons"/> if the last run failed.</summary>
public static class DrillConditions
{
    // The types.
    public const string Ready = PolicyConditions.Ready, Passing = "Passing";

    // Ready.
    public const string
        Scheduled = "Scheduled", Suspended = PolicyConditions.Suspended, InvalidSchedule = "InvalidSchedule", InvalidDrill = "InvalidDrill",
        PolicyNotFound = DenialReasons.PolicyNotFound, DrillsForbidden = DenialReasons.DrillsForbidden,
        VouchersNotAllowed = DenialReasons.VouchersNotAllowed;

    // Passing.
    public const string LastRunPassed = "LastRunPassed", NeverRun = "NeverRun";
}
