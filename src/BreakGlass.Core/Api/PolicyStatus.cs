using System.Text.Json.Serialization;
using BreakGlass.Core.Schema;
using Kube.Client;

namespace BreakGlass.Core.Api;

/// <summary>What the operator makes of a policy.</summary>
public sealed record PolicyStatus
{
    /// <summary>The generation of the policy that this status speaks of.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>Ready, RolesResolved, Overused, NeverExercised, Guarded (whether the persistence guard is installed), Stamped (whether what grants create is marked), ReachesControlPlane where it does, and ClockSkewed while the clocks differ.</summary>
    [ListMap("type")]
    public IReadOnlyList<Condition> Conditions { get; init => field = value ?? []; } = [];

    /// <summary>Grants active now.</summary>
    public int? ActiveGrants { get; init; }

    /// <summary>Activations within the window of overuse, or of the last 168 hours where the policy names none.</summary>
    public int? ActivationsInWindow { get; init; }

    /// <summary>The last activation.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset? LastActivatedAt { get; init; }

    /// <summary>What the policy hands out today, for each access entry.</summary>
    [ListMap("name")]
    public IReadOnlyList<RoleSummary> Roles { get; init => field = value ?? []; } = [];

    /// <summary>The generation of the policy with which an author last took the roles as they were; status.roles[].pinnedHash is of that moment.</summary>
    public long? PinnedGeneration { get; init; }

    /// <summary>Where the policy has limits: the grants that hold a place under them, and those that ended within the cooldown. Where it has an emergency bypass, or blocks requesters until they are reviewed: those that are not reviewed.</summary>
    [ListMap("uid")]
    public IReadOnlyList<HolderRecord> Holders { get; init => field = value ?? []; } = [];
}

/// <summary>
/// A grant that holds a place under the policy's limits. It is written before the grant is recorded, under the resourceVersion of the policy that
/// was judged, so that two writers cannot give the last place twice.
/// </summary>
public sealed record HolderRecord
{
    /// <summary>The grant's name.</summary>
    [Required]
    public string Grant { get; init => field = value ?? ""; } = "";

    /// <summary>The grant's UID.</summary>
    [Required]
    public string Uid { get; init => field = value ?? ""; } = "";

    /// <summary>The requester's user name.</summary>
    [Required]
    public string Requester { get; init => field = value ?? ""; } = "";

    /// <summary>The requester's UID, if the authenticator has one.</summary>
    public string? RequesterUid { get; init; }

    /// <summary>What else says who the requester is, as admission stamped it.</summary>
    public IReadOnlyList<string> Person { get; init => field = value ?? []; } = [];

    /// <summary>When the place was taken.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset Since { get; init; }

    /// <summary>When the grant ended; from then on the cooldown counts, and the place is free.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Whether access was given by the emergency bypass; then the record stays until the grant is reviewed.</summary>
    public bool? Bypass { get; init; }
}

/// <summary>What one access entry hands out today.</summary>
public sealed record RoleSummary
{
    /// <summary>The access entry.</summary>
    [Required]
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary>The number of rules; of a Role in several namespaces, all of them together.</summary>
    public int Rules { get; init; }

    /// <summary>SHA-256 over the canonical form of the rules; it changes when they do.</summary>
    public string? Hash { get; init; }

    /// <summary>The hash when an author last created or changed the policy. Where it differs from hash, the role has changed since.</summary>
    public string? PinnedHash { get; init; }

    /// <summary>Whether a rule holds a wildcard.</summary>
    public bool Wildcard { get; init; }

    /// <summary>Whether the rules let Secrets be read.</summary>
    public bool ReadsSecrets { get; init; }

    /// <summary>Whether the rules let their holder get further rights (escalate, bind, impersonate, tokens, Secrets, certificates, bindings, nodes/proxy).</summary>
    public bool CanEscalate { get; init; }

    /// <summary>Whether the rules let their holder act as somebody else, which the persistence guard cannot see.</summary>
    public bool CanImpersonate { get; init; }

    /// <summary>Whether the rules let their holder change what the requests of others pass through: webhooks and admission policies, and so switch the persistence guard off, API services, CRDs, flow control.</summary>
    public bool CanChangeAdmission { get; init; }

    /// <summary>
    /// By which ways the rules let their holder act as ServiceAccounts of the namespaces that are reached: impersonate, pods (run one as any of them), exec (into one
    /// that runs as one of them), tokens (have one issued), secrets (read one that lies there).
    /// </summary>
    public IReadOnlyList<string> ActsThrough { get; init => field = value ?? []; } = [];

    /// <summary>The ServiceAccounts as which a grant could act there and that can do more than others, by the authorizer's word of the last ten minutes; at most ten.</summary>
    public IReadOnlyList<ActorSummary> Actors { get; init => field = value ?? []; } = [];

    /// <summary>How many ServiceAccounts the authorizer was asked about: those that a binding names, and the default ones.</summary>
    public int? ActorsAsked { get; init; }

    /// <summary>How many more there are of those, which it was not asked about.</summary>
    public int? ActorsNotAsked { get; init; }
}

/// <summary>Somebody as whom a grant could act.</summary>
public sealed record ActorSummary
{
    /// <summary>The ServiceAccount, as namespace/name.</summary>
    [Required]
    public string ServiceAccount { get; init => field = value ?? ""; } = "";

    /// <summary>What the authorizer lets it do, of a few questions that tell much.</summary>
    public IReadOnlyList<string> Can { get; init => field = value ?? []; } = [];
}
