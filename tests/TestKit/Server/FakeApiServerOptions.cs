namespace TestKit;

/// <summary>Settings of a <see cref="FakeApiServer"/>.</summary>
public sealed record FakeApiServerOptions
{
    /// <summary>What <c>/version</c> says, as <c>major.minor</c>.</summary>
    public Version Version { get; init; } = new(1, 34);

    /// <summary>For how long an accepted token is accepted again without a look at its ServiceAccount and Secret. The real server: 10 s.</summary>
    public TimeSpan TokenCache { get; init; } = TimeSpan.Zero;

    /// <summary>For how long past <c>exp</c> a token is still accepted. The real server allows one minute.</summary>
    public TimeSpan TokenLeeway { get; init; } = TimeSpan.Zero;

    /// <summary>Audience and issuer of tokens.</summary>
    public string Audience { get; init; } = "https://kubernetes.default.svc";

    /// <summary>
    /// Whether to start with what every cluster has: namespaces default and kube-system, the roles cluster-admin, admin, edit, view, and discovery
    /// for everybody.
    /// </summary>
    public bool Seed { get; init; } = true;
}
