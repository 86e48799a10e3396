namespace BreakGlass.Core.Api;

/// <summary>
/// An authenticated caller, as the API server knew them (authentication.k8s.io/v1 UserInfo), as far as decisions read it. Stamped by admission; never trusted from
/// a manifest. Nothing here has a bound in the schema: what the authenticator says must not keep anybody out.
/// </summary>
public sealed record Caller
{
    /// <summary>Stands for a caller that was not stamped.</summary>
    public static Caller Nobody { get; } = new();

    /// <summary>The user name.</summary>
    public string Username { get; init => field = value ?? ""; } = "";

    /// <summary>The user's unique ID, if the authenticator has one.</summary>
    public string? Uid { get; init; }

    /// <summary>Those of the user's groups that a subject of the policy named when the request was made (requesters, approvers, reviewers).</summary>
    public IReadOnlyList<string> Groups { get; init => field = value ?? []; } = [];

    /// <summary>In how many groups the user was.</summary>
    public int? GroupCount { get; init; }

    /// <summary>SHA-256 of all group names, sorted and with a line feed behind each: evidence of what is not written out.</summary>
    public string? GroupsHash { get; init; }

    /// <summary>What else the authenticator said, under the keys that the policy's requireClaims and the options --stamp-extra and --person-claims name.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Extra { get; init; }

    /// <summary>What says who the person behind the user name is, as key=value, under the keys that the option --person-claims names.</summary>
    public IReadOnlyList<string> Person { get; init => field = value ?? []; } = [];
}
