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
    /// ReachesControlPlane if the policy does, VouchersReady if the policy accepts vouchers, and ClockSkewed while the clocks differ.
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
