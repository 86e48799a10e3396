namespace BreakGlass.Core.Leftovers;

/// <summary>An object that a grant's identity created or changed, as the rows of its session say.</summary>
/// <param name="Group">Its API group; empty for the core group.</param>
/// <param name="Resource">Its resource.</param>
/// <param name="Namespace">Its namespace; empty for cluster-scoped kinds.</param>
/// <param name="Name">Its name; empty if the API server made the name, which the audit event then does not contain.</param>
public sealed record MadeObject(string Group, string Resource, string Namespace, string Name)
{
    /// <summary>
    /// Kinds that give access, or decide on it: of these, a changed object counts like a new one. The rows do not contain the type of a Secret, so each can be
    /// one with a ServiceAccount's token.
    /// </summary>
    private static readonly (string Group, string Resource)[] GivesAccess =
    [
        ("", "secrets"), (V1Role.KubeGroup, "*"), ("certificates.k8s.io", "*"), ("admissionregistration.k8s.io", "*"), ("apiregistration.k8s.io", "*"),
    ];

    /// <summary>The verbs of the requests, for example create.</summary>
    public required IReadOnlyList<string> Verbs { get; init; }

    /// <summary>The users as which the requests were made, where that was not the identity itself: impersonated, or by a token of theirs.</summary>
    public IReadOnlyList<string> AsUsers { get; init; } = [];

    /// <summary>When the API server received the first of the requests.</summary>
    public required DateTimeOffset FirstAt { get; init; }

    /// <summary>When the API server received the last of the requests.</summary>
    public required DateTimeOffset LastAt { get; init; }

    /// <summary>Whether it can give access, so that a change of an older object counts, too.</summary>
    public bool CanGiveAccess => IsOfAccess(Group, Resource);

    /// <summary>Its resource as <c>kubectl</c> writes it, for example <c>deployments.apps</c>.</summary>
    public string Kind => Group.Length == 0 ? Resource : $"{Resource}.{Group}";

    /// <summary>Kind, namespace and name.</summary>
    public string Place => $"{Kind} {(Namespace.Length == 0 ? "" : Namespace + "/")}{(Name.Length == 0 ? "(name made by the server)" : Name)}";

    /// <summary>Whether objects of a kind can give access.</summary>
    public static bool IsOfAccess(string group, string resource) => GivesAccess.Contains((group, resource)) || GivesAccess.Contains((group, "*"));

    /// <inheritdoc/>
    public override string ToString() => $"{Place} ({string.Join(", ", Verbs)}{(AsUsers.Count == 0 ? "" : $" as {string.Join(", ", AsUsers)}")})";
}
