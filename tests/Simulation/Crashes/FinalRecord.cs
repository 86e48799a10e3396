using BreakGlass.Core.Api;

namespace Simulation;

/// <summary>What is left of a grant's life for those who read its record: all that may not depend on how often the operator died.</summary>
internal sealed record FinalRecord(string Phase, string EndReason, string Conditions, string Transitions)
{
    public static FinalRecord Of(BreakGlassGrant grant) => new(
        grant.Status.Phase.ToString() ?? "",
        grant.Status.EndReason.ToString() ?? "",
        string.Join(' ', grant.Status.Conditions.Select(c => $"{c.Type}={c.Status}/{c.Reason}").Order(StringComparer.Ordinal)),
        string.Join(' ', grant.Status.Transitions.Select(t => $"{t.From}>{t.To}")));
}
