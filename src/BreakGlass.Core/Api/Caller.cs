namespace BreakGlass.Core.Api;

/// <summary>
/// An authenticated caller (the part of authentication.k8s.io/v1 UserInfo that decisions use). Admission sets it and ignores what a manifest contains.
/// The schema has no bounds here, so that nothing in a user's identity can exclude the user.
/// </summary>
public sealed record Caller
{
    /// <summary>Stands for a caller that was not stamped.</summary>
    public static Caller Nobody { get; } = new();

    /// <summary>The user name.</summary>
    public string Username { get; init => field = value ?? ""; } = "";

    /// <summary>The user's unique ID, if the authenticator has one.</summary>
    public string? Uid { get; init; }

    /// <summary>The user's groups that the policy named at the time of the request (requesters, approvers, reviewers).</summary>
    public IReadOnlyList<string> Groups { get; init => field = value ?? []; } = [];

    /// <summary>The number of all groups of the user.</summary>
    public int? GroupCount { get; init; }

    /// <summary>SHA-256 of all group names, sorted, each followed by a line feed.</summary>
    public string? GroupsHash { get; init; }

    /// <summary>Entries of userInfo.extra, with the keys of the policy's requireClaims and of the options --stamp-extra and --person-claims.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Extra { get; init; }

    /// <summary>The user who presented the voucher that names this person. Set only on requesters by voucher.</summary>
    public string? PresentedBy { get; init; }

    /// <summary>The claims of the option --person-claims that identify the person across user names, as key=value.</summary>
    public IReadOnlyList<string> Person { get; init => field = value ?? []; } = [];
}
