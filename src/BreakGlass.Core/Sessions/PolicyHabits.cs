namespace BreakGlass.Core.Sessions;

/// <summary>What the earlier sessions of a policy did.</summary>
/// <param name="Sessions">How many there are.</param>
/// <param name="Exec">Whether one of them executed a command in a pod, or attached to one.</param>
/// <param name="Impersonation">Whether one of them impersonated another user.</param>
/// <param name="Kinds">The kinds that they used, as <see cref="KindOf"/> names them.</param>
public sealed record PolicyHabits(int Sessions, bool Exec, bool Impersonation, IReadOnlySet<string> Kinds)
{
    /// <summary>Nothing is known: then nothing is a first use.</summary>
    public static PolicyHabits None { get; } = new(0, false, false, new HashSet<string>());

    /// <summary>
    /// What sessions did before another one began. What a session did beyond the rows that it lists is not known, and counts as not done: a needless report is
    /// the smaller harm.
    /// </summary>
    /// <param name="session">The session whose habits are in question.</param>
    /// <param name="all">Sessions of its policy, itself among them or not.</param>
    public static PolicyHabits Before(SessionStatus session, IEnumerable<SessionStatus> all)
    {
        var begin = BeginOf(session);
        var earlier = all.Where(s => s.GrantUid != session.GrantUid && s.Policy == session.Policy && BeginOf(s) < begin).ToList();
        var rows = earlier.SelectMany(s => s.Actions).Where(a => a.Result is not ActionResult.Denied).ToList();
        return new(
            earlier.Count, earlier.Exists(s => s.Parts.Any(p => p.Totals.Exec > 0)), rows.Exists(a => a.AsUser.Length > 0),
            rows.Select(KindOf).OfType<string>().ToHashSet());
    }

    /// <summary>What habits are made of, without the rest: all sessions of a policy together can be too large to be kept in memory.</summary>
    public static SessionStatus Shed(SessionStatus session) => session with
    {
        Parts = [.. session.Parts.Select(p => new SessionPart { Observer = p.Observer, Totals = new() { Exec = p.Totals.Exec } })],
        Actions =
        [
            .. session.Actions.GroupBy(a => (a.ApiGroup, a.Resource, a.AsUser.Length > 0, a.Result is ActionResult.Denied)).Select(g => new SessionAction
            {
                ApiGroup = g.Key.ApiGroup, Resource = g.Key.Resource, AsUser = g.First().AsUser, Result = g.First().Result, FirstAt = g.Min(a => a.FirstAt),
            }),
        ],
    };

    /// <summary>
    /// The kind that a row is about, for example deployments.apps; null for what every user may do: paths, and questions about their own rights.
    /// </summary>
    public static string? KindOf(SessionAction action) =>
        action.Resource.Length == 0 || action.Resource[0] is '/' or '*' || action.Resource.StartsWith("selfsubject", StringComparison.Ordinal)
            ? null : action.ApiGroup.Length == 0 ? action.Resource : $"{action.Resource}.{action.ApiGroup}";

    private static DateTimeOffset? BeginOf(SessionStatus session) => session.Actions.Count == 0 ? null : session.Actions.Min(a => a.FirstAt);
}
