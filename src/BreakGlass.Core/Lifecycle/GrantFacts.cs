using BreakGlass.Core.Leftovers;
using BreakGlass.Core.Rules;
using BreakGlass.Core.Sealing;

namespace BreakGlass.Core.Lifecycle;

/// <summary>All that is known of one grant at one moment.</summary>
public sealed record GrantFacts : RequestFacts
{
    /// <summary>The grant's name.</summary>
    public required string Name { get; init; }

    /// <summary>The grant, or null where it is gone.</summary>
    public BreakGlassGrant? Grant { get; init; }

    /// <summary>The policy that it names, or null where there is none.</summary>
    public BreakGlassPolicy? Policy { get; init; }

    /// <summary>The seal of the grant.</summary>
    public SealState Seal { get; init; } = SealState.Missing;

    /// <summary>The seal of the policy.</summary>
    public SealState PolicySeal { get; init; } = SealState.Missing;

    /// <summary>When the grant's access ends, whatever its policy says; null if there is none, or it is over.</summary>
    public GrantEnd? Due => Grant is null ? null : GrantEnd.Of(Grant, Settings);

    /// <summary>When the grant's access ends as its policy stands now; null if there is none, or it is over.</summary>
    public GrantEnd? End => Grant is null ? null : GrantEnd.Of(Grant, Policy, Settings);

    /// <summary>
    /// Whether somebody vouches for the policy as it stands. What was written into it past the webhooks allows nothing, and has nothing deleted.
    /// </summary>
    internal bool PolicyIsVouchedFor => PolicySeal is SealState.Valid;

    /// <summary>The seal of what the grant's status records.</summary>
    public SealState RecordSeal { get; init; } = SealState.Missing;

    /// <summary>The reviews of the grant whose stamps are believed.</summary>
    public IReadOnlyList<BreakGlassReview> Reviews { get; init; } = [];

    /// <summary>All lockdowns, sealed or not.</summary>
    public IReadOnlyList<BreakGlassLockdown> Lockdowns { get; init; } = [];

    /// <summary>Objects that carry the grant's name as label, and those found under names that we wanted to use.</summary>
    public IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Objects { get; init; } = [];

    /// <summary>How far our clocks are from the API server's, by the worst answer that nothing has contradicted yet; null where unknown.</summary>
    public TimeSpan? ClockSkew { get; init; }

    /// <summary>What happened lately to objects of the grant: what the server refused, and what others fight over.</summary>
    public IReadOnlyList<PlaceHistory> Histories { get; init; } = [];

    /// <summary>What this run of the reconciler came to know on its way; not in any cache.</summary>
    public Attempt Attempt { get; init; } = Attempt.Fresh;

    /// <summary>The same facts with what is to be made of each stamp among them.</summary>
    public GrantFacts JudgedBy(SealCheck check) => Grant is not { } grant ? this : this with
    {
        Seal = check.Of(grant),
        PolicySeal = Policy is null ? SealState.Missing : check.Of(Policy),
        RecordSeal = check.OfRecord(grant),
        Approvals = check.Believed(Approvals, grant),
        Reviews = check.Believed(Reviews, grant),
    };
}

/// <summary>
/// What one run came to know beside the caches. After a crash the next run finds it out again, except for the cause of an end that was not recorded yet and is
/// gone by then.
/// </summary>
public sealed record Attempt
{
    /// <summary>Nothing known yet.</summary>
    public static Attempt Fresh { get; } = new();

    /// <summary>A token was issued and is held in memory: whose, and until when.</summary>
    public IssuedToken? Token { get; init; }

    /// <summary>Whether the API server denied the grant's identity its access when it was asked; null before. False also where it cannot be asked.</summary>
    public bool? AccessDenied { get; init; }

    /// <summary>The namespace of the grants' identities is not there: why the grant cannot be made, or go on.</summary>
    public Problem? Refusal { get; init; }

    /// <summary>Policy, roles and namespaces were read from the server itself, not from caches: a denial is never based on a stale cache.</summary>
    public bool Refreshed { get; init; }

    /// <summary>The policy's resourceVersion as of which other grants were read from the server itself; null where they were not.</summary>
    public string? OthersAsOf { get; init; }

    /// <summary>
    /// Why access is being taken away; null as long as it is not. It outlasts the run, because the cause can go away before the end is recorded: a lockdown is
    /// lifted, or a policy is resumed. Access that was cut is not given again.
    /// </summary>
    internal Ending? Ending { get; init; }

    /// <summary>The bindings were cut in this run.</summary>
    public bool Cut { get; init; }

    /// <summary>Recorded bindings that no cache shows were looked for by name.</summary>
    public bool Searched { get; init; }

    /// <summary>It was told that the grant ends soon.</summary>
    public bool ExpiryAnnounced { get; init; }

    /// <summary>The credential was looked for, so that its death can be proven later.</summary>
    public bool CredentialHeld { get; init; }

    /// <summary>Objects whose removal was tried in this run and refused, or not answered in time.</summary>
    public IReadOnlyList<Obstruction> Obstructions { get; init; } = [];

    /// <summary>Whether the removal of an object was tried in this run and failed.</summary>
    public bool IsObstructed(IKubernetesObject<V1ObjectMeta> o) => Obstructions.Any(x => x.Uid == o.Metadata.Uid);

    /// <summary>Recorded places that could not be read, so that nobody knows what is in them.</summary>
    public IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Unread { get; init; } = [];

    /// <summary>What SubjectAccessReview and TokenReview said after the end.</summary>
    public Proof? Proof { get; init; }

    /// <summary>What the grant's identity created and is still there.</summary>
    public LeftoversSeen? Leftovers { get; init; }

    /// <summary>They could not be asked in this run.</summary>
    public bool ProofFailed { get; init; }
}

/// <summary>A token held in memory, described without itself.</summary>
/// <param name="ServiceAccountUid">UID of the ServiceAccount it stands for.</param>
/// <param name="SecretUid">UID of the Secret it is bound to.</param>
/// <param name="ExpiresAt">When the API server stops accepting it.</param>
/// <param name="Jwe">The encrypted kubeconfig, for grants with a recipient key.</param>
public sealed record IssuedToken(string ServiceAccountUid, string SecretUid, DateTimeOffset ExpiresAt, string? Jwe);

/// <summary>What the reviews said after a grant ended.</summary>
/// <param name="AccessGone">No SubjectAccessReview finds access through a binding of the grant any more.</param>
/// <param name="TokenDead">TokenReview refuses the token; null where there is no token to show.</param>
/// <param name="Elsewhere">Access of the same identity through bindings that are not the grant's.</param>
public sealed record Proof(bool AccessGone, bool? TokenDead, IReadOnlyList<string> Elsewhere)
{
    /// <summary>How many API servers answered all questions; 0 where it is one address that was asked, whatever stands behind it.</summary>
    public int Answered { get; init; }

    /// <summary>How many API servers there are, where each has an address of its own.</summary>
    public int Servers { get; init; }
}
