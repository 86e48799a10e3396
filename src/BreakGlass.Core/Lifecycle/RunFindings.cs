using BreakGlass.Core.Leftovers;
using BreakGlass.Core.Rules;

namespace BreakGlass.Core.Lifecycle;

/// <summary>
/// What one run came to know beside the caches. After a crash the next run finds it out again, except for the cause of an end that was not recorded yet and is
/// gone by then.
/// </summary>
public sealed record RunFindings
{
    /// <summary>Nothing known yet.</summary>
    public static RunFindings Fresh { get; } = new();

    /// <summary>A token or a certificate was issued and is held in memory: whose, and until when.</summary>
    public IssuedToken? Token { get; init; }

    /// <summary>Whether the API server denied the grant's identity its access when it was asked; null before. False also where it cannot be asked.</summary>
    public bool? AccessDenied { get; init; }

    /// <summary>The namespace of the grants' identities is not there: why the grant cannot be made, or go on.</summary>
    public Problem? Refusal { get; init; }

    /// <summary>Policy, roles and namespaces were read from the server itself, not from caches: a denial is never based on a stale cache.</summary>
    public bool Refreshed { get; init; }

    /// <summary>The lockdowns were read from the server itself, too: a grant is not denied for one that was lifted before it was requested.</summary>
    public bool LockdownsRead { get; init; }

    /// <summary>The policy's resourceVersion as of which other grants were read from the server itself; null where they were not.</summary>
    public string? SiblingsAsOf { get; init; }

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

    /// <summary>Recorded places that could not be read, so that it is not known what is in them.</summary>
    public IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Unread { get; init; } = [];

    /// <summary>What SubjectAccessReview and TokenReview said after the end.</summary>
    public Proof? Proof { get; init; }

    /// <summary>What the grant's identity created and is still there.</summary>
    public LeftoversSeen? Leftovers { get; init; }

    /// <summary>They could not be asked in this run.</summary>
    public bool ProofFailed { get; init; }

    /// <summary>All transitions of the grant are in the journal, as the journal said when it was asked to write them.</summary>
    public bool Journaled { get; init; }

    /// <summary>Why the transitions could not be written to the journal in this run.</summary>
    public string? JournalProblem { get; init; }
}
