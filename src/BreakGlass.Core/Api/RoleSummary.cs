using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

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
