namespace BreakGlass.Core.Sessions;

/// <summary>What was done with a grant, with the counts of all replicas of the operator added.</summary>
/// <param name="Totals">The totals.</param>
/// <param name="Actions">The rows, ordered by their first time, without the row that counts the rest.</param>
/// <param name="Rest">How many requests have no row of their own.</param>
public sealed record MergedSession(SessionSummary Totals, IReadOnlyList<SessionAction> Actions, long Rest)
{
    /// <summary>From which addresses and with which programs requests came, and from when to when.</summary>
    public IReadOnlyList<SessionSource> Sources { get; init; } = [];

    /// <summary>Whether not every request has a row.</summary>
    public bool IsTruncated => Totals.Truncated || Rest > 0;

    /// <summary>Adds the parts and the rows of all replicas.</summary>
    public static MergedSession Of(SessionStatus session)
    {
        var rows = session.Actions.ToLookup(IsRest);
        return new(
            SessionTotals.Of(session) ?? new(),
            [.. rows[false].GroupBy(a => a with { Observer = "", Command = null, Count = 0, FirstAt = default, LastAt = default }).Select(One)
                .OrderBy(a => a.FirstAt).ThenBy(a => a.LastAt).ThenBy(a => a.Verb, StringComparer.Ordinal)],
            rows[true].Sum(a => a.Count))
        {
            Sources = [.. session.Parts.SelectMany(p => p.Sources).GroupBy(s => (s.Address, s.Program)).Select(
                g => g.First() with { FirstAt = g.Min(s => s.FirstAt), LastAt = g.Max(s => s.LastAt) })],
        };
    }

    /// <summary>A row that is about no resource counts the rest: requests that are about none have their path instead.</summary>
    private static bool IsRest(SessionAction action) => action is { Verb: SessionRows.Other, Name: SessionRows.Other, Resource: "" };

    private static SessionAction One(IGrouping<SessionAction, SessionAction> rows)
    {
        var last = rows.MaxBy(r => r.LastAt)!;
        return rows.Key with
        {
            Command = last.Command ?? rows.FirstOrDefault(r => r.Command is not null)?.Command,
            Count = rows.Sum(r => r.Count),
            FirstAt = rows.Min(r => r.FirstAt),
            LastAt = last.LastAt,
        };
    }
}
