using BreakGlass.Core.Guard;
using BreakGlass.Core.Leftovers;
using BreakGlass.Core.Rules;
using BreakGlass.Core.Sealing;

namespace BreakGlass.Core.Lifecycle;

/// <summary>All that is known of one policy at one moment.</summary>
public sealed record PolicyFacts
{
    /// <summary>The time.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>The operator's set-up.</summary>
    public required CoreSettings Settings { get; init; }

    /// <summary>The policy.</summary>
    public required BreakGlassPolicy Policy { get; init; }

    /// <summary>The seal of the policy.</summary>
    public SealState Seal { get; init; } = SealState.Missing;

    /// <summary>Its grants, finished ones too.</summary>
    public required IReadOnlyList<BreakGlassGrant> Grants { get; init; }

    /// <summary>UIDs of grants that the server itself, asked for them by name, says are not there (any more, or under another UID).</summary>
    public IReadOnlyCollection<string> Absent { get; init; } = [];

    /// <summary>Namespaces and roles.</summary>
    public required ClusterView Cluster { get; init; }

    /// <summary>Roles that the operator was told it may not bind.</summary>
    public IReadOnlyList<RoleReference> Unbindable { get; init; } = [];

    /// <summary>What of the persistence guard is installed; null where that is not known.</summary>
    public GuardInstallation? Guard { get; init; }

    /// <summary>As whom else grants could act, by access entry; an entry that was not looked into is not there.</summary>
    public IReadOnlyDictionary<string, ActorFindings> Actors { get; init; } = new Dictionary<string, ActorFindings>();

    /// <summary>What stamps what grants' identities create; null where that is not known.</summary>
    public StampInstallation? Stamp { get; init; }

    /// <summary>How far our clock is from the API server's; null where unknown.</summary>
    public TimeSpan? ClockSkew { get; init; }
}

/// <summary>What to do for a policy.</summary>
/// <param name="Status">The status it should have; to be written under the resourceVersion of the policy that was judged, since places under its
/// limits are in it.</param>
/// <param name="HoldsFinalizer">Whether it should carry our finalizer: its deletion waits until its grants are revoked.</param>
/// <param name="Events">Events that go with the status.</param>
/// <param name="LookAgainAt">When to look again if nothing happens.</param>
public sealed record PolicyPlan(PolicyStatus Status, bool HoldsFinalizer, IReadOnlyList<GrantEvent> Events, DateTimeOffset? LookAgainAt)
{
    /// <summary>
    /// Holders of places whose grants no cache shows. To be looked for by name on the server itself, and decided again with what came of it: a place is
    /// never freed because a cache is behind.
    /// </summary>
    public IReadOnlyList<HolderRecord> LookFor { get; init; } = [];
}
