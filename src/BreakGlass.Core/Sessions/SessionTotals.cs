namespace BreakGlass.Core.Sessions;

/// <summary>Adds what several replicas counted.</summary>
public static class SessionTotals
{
    /// <summary>The totals of a session; null if no replica counted anything.</summary>
    public static SessionSummary? Of(SessionStatus session)
    {
        if (session.Parts.Count == 0) return null;
        var parts = session.Parts.Select(p => p.Totals).ToList();
        var (addresses, programs) = (Distinct(parts, p => p.SourceIps), Distinct(parts, p => p.UserAgents));
        return new()
        {
            Requests = parts.Sum(p => p.Requests),
            Writes = parts.Sum(p => p.Writes),
            Denied = parts.Sum(p => p.Denied),
            Exec = parts.Sum(p => p.Exec),
            PortForward = parts.Sum(p => p.PortForward),
            SecretsRead = parts.Sum(p => p.SecretsRead),
            LastActivityAt = parts.Max(p => p.LastActivityAt),
            SourceIps = [.. addresses.Take(SessionRecord.MostNamed)],
            MoreSourceIps = parts.Sum(p => p.MoreSourceIps) + Math.Max(0, addresses.Count - SessionRecord.MostNamed),
            UserAgents = [.. programs.Take(SessionRecord.MostNamed)],
            MoreUserAgents = parts.Sum(p => p.MoreUserAgents) + Math.Max(0, programs.Count - SessionRecord.MostNamed),
            Truncated = parts.Any(p => p.Truncated),
            OpenStreams = parts.Sum(p => p.OpenStreams),
            ByName = parts.Any(p => p.ByName),
        };
    }

    private static List<string> Distinct(IEnumerable<SessionSummary> parts, Func<SessionSummary, IReadOnlyList<string>> of) =>
        [.. parts.SelectMany(of).Distinct(StringComparer.Ordinal)];
}
