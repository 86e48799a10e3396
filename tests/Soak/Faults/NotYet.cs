namespace Soak.Faults;

/// <summary>Faults that the operator is known not to stand, by what is missing. They are left out of a run unless SOAK_FAULTS names them; a summary says so.</summary>
internal static class NotYet
{
    public static IReadOnlyDictionary<string, string> Faults { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        [FaultNames.LabelFight] = "a label decides whose an object is",
        [FaultNames.LabelWebhook] = "a label decides whose an object is",
        [FaultNames.OversizedInput] = "large metadata is admitted",
        [FaultNames.FloodOfDryRuns] = "webhook bodies have no bound",
    };
}
