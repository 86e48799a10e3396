namespace BreakGlass.Core;

/// <summary>What every decision needs to know of the operator's own set-up.</summary>
public sealed record CoreSettings
{
    /// <summary>The namespace of the grants' ServiceAccounts and credentials.</summary>
    public string GrantsNamespace { get; init; } = "breakglass-grants";

    /// <summary>The operator's own namespace.</summary>
    public string OperatorNamespace { get; init; } = "breakglass-system";

    /// <summary>Keys of a caller's <c>extra</c> that are stamped beside those that policies ask for.</summary>
    public IReadOnlyList<string> StampExtra { get; init; } = [];

    /// <summary>Keys of a caller's <c>extra</c> by which two user names are one person, for example an employee number. They are stamped too.</summary>
    public IReadOnlyList<string> PersonClaims { get; init; } = [];

    /// <summary>A grant that could not be activated for this long after its creation is denied and not opened at an hour when it is not expected.</summary>
    public TimeSpan LatestActivation { get; init; } = TimeSpan.FromHours(1);

    /// <summary>A difference between our clock and the API server's above which no grant is activated.</summary>
    public TimeSpan LargestClockSkew { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A difference between our clock and the API server's above which policies say so.</summary>
    public TimeSpan NotableClockSkew { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether to look, once a grant is over, for what its identity created.</summary>
    public bool LooksForLeftovers { get; init; }

    /// <summary>Whether the operator has been given the right to list workloads, and looks for them among the leftovers.</summary>
    public bool ListsWorkloads { get; init; }

    /// <summary>Whether the operator writes a journal.</summary>
    public bool HasJournal { get; init; }

    /// <summary>Whether access waits for the journal if a policy does not say.</summary>
    public bool RequiresJournal { get; init; }

    /// <summary>Whether the operator receives the API server's audit events, and so knows what is done with a grant.</summary>
    public bool RecordsSessions { get; init; }

    /// <summary>Whether there is a gateway, for policies with path Gateway. It reports what is done with their grants.</summary>
    public bool HasGateway { get; init; }

    /// <summary>Whether there are session records: from the API server's audit events, from the gateway, or from both.</summary>
    public bool HasSessions => RecordsSessions || HasGateway;

    /// <summary>Namespaces that no selector selects, beside those of the control plane: a policy reaches them by name alone.</summary>
    public IReadOnlyList<string> ProtectedNamespaces { get; init; } = [];

    /// <summary>
    /// Whether access here is access to the cluster itself: a user who acts as a controller's ServiceAccount in kube-system is a cluster-admin in all
    /// but name. No selector selects such a namespace.
    /// </summary>
    public bool IsControlPlane(string ns) => ControlPlane.Contains(ns) || ProtectedNamespaces.Contains(ns);

    private static readonly string[] ControlPlane = ["kube-system", "kube-node-lease", "kube-public"];

    /// <summary>Whether objects in the namespace are out of every policy's reach: with them a grant could read other grants' credentials.</summary>
    public bool IsProtected(string ns) => ns == GrantsNamespace || ns == OperatorNamespace;
}
