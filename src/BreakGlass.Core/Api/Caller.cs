using Kube.Model.Schema;

namespace BreakGlass.Core.Api;

/// <summary>An authenticated caller, as the API server knew them (authentication.k8s.io/v1 UserInfo). Stamped by admission; never trusted from a manifest.</summary>
public sealed record Caller
{
    /// <summary>The user name.</summary>
    [Bounds(max: 1024)]
    public string Username { get; init => field = value ?? ""; } = "";

    /// <summary>The user's unique ID, where the authenticator has one.</summary>
    [Bounds(max: 1024)]
    public string? Uid { get; init; }

    /// <summary>The groups that the user was in when the request was made.</summary>
    [Bounds(max: 512, MaxItemLength = 1024)]
    public IReadOnlyList<string> Groups { get; init => field = value ?? []; } = [];

    /// <summary>What else the authenticator said, for example how the user signed in.</summary>
    [Bounds(max: 64, MaxItemLength = 1024)]
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Extra { get; init; }
}
