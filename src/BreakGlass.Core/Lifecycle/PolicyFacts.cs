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

    /// <summary>
    /// Whether what shows the use of its grants arrives: the API server's audit events, or what the gateway reports if they are used through it. Null if
    /// nothing shows it.
    /// </summary>
    public AuditArrival? Audit { get; init; }

    /// <summary>The authority whose vouchers the policy accepts; null if it does not exist, or if the policy accepts none.</summary>
    public BreakGlassAuthority? Authority { get; init; }

    /// <summary>How far our clock is from the API server's; null where unknown.</summary>
    public TimeSpan? ClockSkew { get; init; }
}
