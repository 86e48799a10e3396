using System.Text.Json.Serialization;
using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>What the operator observed of a policy.</summary>
public sealed record PolicyStatus
{
    /// <summary>The generation of the policy that this status describes.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>
    /// Ready, RolesResolved, Overused, NeverExercised, Guarded (the persistence guard is installed), Stamped (objects that grants create are labelled),
    /// ReachesControlPlane if the policy does, and ClockSkewed while the clocks differ.
    /// </summary>
    [ListMap("type")]
    public IReadOnlyList<Condition> Conditions { get; init => field = value ?? []; } = [];

    /// <summary>The number of active grants.</summary>
    public int? ActiveGrants { get; init; }

    /// <summary>The number of activations within spec.overuse.window, by default within the last 168h.</summary>
    public int? ActivationsInWindow { get; init; }

    /// <summary>The time of the last activation.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset? LastActivatedAt { get; init; }

    /// <summary>What the policy gives now, for each access entry.</summary>
    [ListMap("name")]
    public IReadOnlyList<RoleSummary> Roles { get; init => field = value ?? []; } = [];

    /// <summary>The generation of the policy with which an author last accepted the roles; status.roles[].pinnedHash is from that time.</summary>
    public long? PinnedGeneration { get; init; }

    /// <summary>
    /// Grants that count towards the policy's limits: active ones, those that ended within the cooldown, and, if the policy has an emergency bypass or blocks
    /// requesters until a review, those that are not reviewed.
    /// </summary>
    [ListMap("uid")]
    public IReadOnlyList<HolderRecord> Holders { get; init => field = value ?? []; } = [];
}

/// <summary>
/// A grant that counts towards the policy's limits. The operator writes it before it records the grant, with the resourceVersion of the policy that
/// it checked, so that two writers cannot give the last place twice.
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

    /// <summary>The claims of --person-claims that identify the requester, as key=value.</summary>
    public IReadOnlyList<string> Person { get; init => field = value ?? []; } = [];

    /// <summary>The time from which the grant counts.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset Since { get; init; }

    /// <summary>When the grant ended. The cooldown starts at this time.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Whether the emergency bypass activated the grant. This entry then stays until the grant is reviewed.</summary>
    public bool? Bypass { get; init; }
}

/// <summary>What one access entry gives now.</summary>
public sealed record RoleSummary
{
    /// <summary>The name of the access entry.</summary>
    [Required]
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary>The number of rules. For a Role in several namespaces: their sum.</summary>
    public int Rules { get; init; }

    /// <summary>SHA-256 of the canonical form of the rules. It changes if the rules change.</summary>
    public string? Hash { get; init; }

    /// <summary>The hash when an author last created or changed the policy. If it differs from hash, the role changed after that.</summary>
    public string? PinnedHash { get; init; }

    /// <summary>Whether a rule contains a wildcard.</summary>
    public bool Wildcard { get; init; }

    /// <summary>Whether the rules allow reading Secrets.</summary>
    public bool ReadsSecrets { get; init; }

    /// <summary>Whether the rules allow gaining more rights (escalate, bind, impersonate, tokens, Secrets, certificates, bindings, nodes/proxy).</summary>
    public bool CanEscalate { get; init; }

    /// <summary>Whether the rules allow impersonating other identities, which the persistence guard cannot see.</summary>
    public bool CanImpersonate { get; init; }

    /// <summary>
    /// Whether the rules allow changing what requests of other users pass through: webhooks and admission policies (including the persistence guard), API
    /// services, CRDs and flow control.
    /// </summary>
    public bool CanChangeAdmission { get; init; }

    /// <summary>
    /// How the rules allow acting as ServiceAccounts of the entry's namespaces: impersonate, pods (run a pod as one of them), exec (into a pod
    /// that runs as one of them), tokens (request one), secrets (read one in the namespace).
    /// </summary>
    public IReadOnlyList<string> ActsThrough { get; init => field = value ?? []; } = [];

    /// <summary>The ServiceAccounts with wide rights that a grant can act as, according to access reviews of the last ten minutes. At most 10.</summary>
    public IReadOnlyList<ActorSummary> Actors { get; init => field = value ?? []; } = [];

    /// <summary>The number of ServiceAccounts that the operator checked: those that a binding names, and the default ones.</summary>
    public int? ActorsAsked { get; init; }

    /// <summary>The number of ServiceAccounts that the operator did not check because there are too many.</summary>
    public int? ActorsNotAsked { get; init; }
}

/// <summary>A ServiceAccount that a grant can act as.</summary>
public sealed record ActorSummary
{
    /// <summary>The ServiceAccount, as namespace/name.</summary>
    [Required]
    public string ServiceAccount { get; init => field = value ?? ""; } = "";

    /// <summary>What it is allowed to do, from a short list of powerful actions.</summary>
    public IReadOnlyList<string> Can { get; init => field = value ?? []; } = [];
}
