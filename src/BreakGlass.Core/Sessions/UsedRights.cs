namespace BreakGlass.Core.Sessions;

/// <summary>What the grants of a policy were used for, and what of its roles that needed.</summary>
public sealed record UsedRights
{
    /// <summary>The roles, with what of them was used.</summary>
    public IReadOnlyList<RoleUse> Roles { get; private init; } = [];

    /// <summary>The requests that were refused, added up over all grants. A smaller role does not allow them.</summary>
    public IReadOnlyList<SessionAction> Refused { get; private init; } = [];

    /// <summary>The number of requests that none of the roles allows: other roles did, for example those that every user has.</summary>
    public long AllowedElsewhere { get; private init; }

    /// <summary>Whether a request was made under another name: its groups and other attributes are not in the record.</summary>
    public bool Impersonated { get; private init; }

    /// <summary>The grants with a record.</summary>
    public IReadOnlyList<string> Recorded { get; private init; } = [];

    /// <summary>The grants that were active and have no record.</summary>
    public IReadOnlyList<string> Missing { get; private init; } = [];

    /// <summary>The grants whose record does not have every request.</summary>
    public IReadOnlyList<string> Truncated { get; private init; } = [];

    /// <summary>Compares roles with what was done.</summary>
    public static UsedRights Of(IReadOnlyList<GrantedRole> roles, IReadOnlyList<UsedGrant> grants)
    {
        var sessions = grants.Where(g => g.Session is not null).Select(g => (g.Grant, Session: MergedSession.Of(g.Session!))).ToList();
        var rows = sessions.SelectMany(s => s.Session.Actions.Select(a => (s.Grant, Action: a))).ToList();

        // Every other failure comes after the authorizer: kubectl apply reads what is not there yet.
        var asked = rows.Where(r => r.Action.Result is not ActionResult.Denied || r.Action.AsUser.Length > 0)
            .Select(r => (r.Grant, r.Action.Count, r.Action.Result, Right: AskedRight.Of(r.Action))).Where(r => r.Right is not null).ToList();
        return new()
        {
            Roles = [.. roles.Select(role => Use(role, [.. asked.Where(a => Gives(a.Grant, role, a.Right!)).Select(a => (a.Right!, a.Count))]))],
            Refused = [.. rows.Where(r => r.Action is { Result: ActionResult.Denied, AsUser: "", TokenOf: "" }).Select(r => r.Action)
                .GroupBy(a => (a.Verb, a.ApiGroup, a.Resource, a.Subresource, a.Namespace))
                .Select(g => g.First() with { Name = "", Count = g.Sum(a => a.Count) }).OrderByDescending(a => a.Count)],
            AllowedElsewhere = asked.Where(a => a.Result is not ActionResult.Denied && !roles.Any(
                role => Gives(a.Grant, role, a.Right!) && a.Right!.IsAllowedBy(role.Rules))).Sum(a => a.Count),
            Impersonated = rows.Exists(r => r.Action.AsUser.Length > 0),
            Recorded = [.. sessions.Select(s => s.Grant.Metadata.Name)],
            Missing = [.. grants.Where(g => g.Session is null).Select(g => g.Grant.Metadata.Name)],
            Truncated = [.. sessions.Where(s => s.Session.IsTruncated).Select(s => s.Grant.Metadata.Name)],
        };
    }

    private static RoleUse Use(GrantedRole role, IReadOnlyList<(AskedRight Right, long Count)> asked) => new(
        role,
        [.. role.Rules.Select(rule => new RuleUse(rule, asked.Where(a => a.Right.IsAllowedBy([rule])).Sum(a => a.Count)))],
        SmallerRole.Of(role.Rules, asked.Select(a => a.Right)));

    /// <summary>Whether a grant had the role in the place of a request. A RoleBinding gives nothing outside of its namespace.</summary>
    private static bool Gives(BreakGlassGrant grant, GrantedRole role, AskedRight right) => grant.Status.Bindings.Any(b =>
        b.Role == role.Role.ToString() && (role.Namespace is null || b.Namespace == role.Namespace)
        && (string.IsNullOrEmpty(b.Namespace) || (b.Namespace == right.Namespace && !right.IsPath)));
}
