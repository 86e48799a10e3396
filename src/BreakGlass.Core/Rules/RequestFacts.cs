namespace BreakGlass.Core.Rules;

/// <summary>What decides, beside a grant and its policy, whether access may be given, or could have been.</summary>
public abstract record RequestFacts
{
    /// <summary>The time, by a clock that never goes back.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>The operator's set-up.</summary>
    public required CoreSettings Settings { get; init; }

    /// <summary>Namespaces and roles.</summary>
    public required ClusterView Cluster { get; init; }

    /// <summary>The decisions on the grant whose stamps are believed.</summary>
    public IReadOnlyList<BreakGlassApproval> Approvals { get; init; } = [];

    /// <summary>The policy's other grants, finished ones too.</summary>
    public IReadOnlyList<BreakGlassGrant> Siblings { get; init; } = [];

    /// <summary>
    /// The seal keys could not be read, so nothing can be said of any seal: nothing opens or is put right, and nothing ends for want of one.
    /// </summary>
    public bool SealsUnknown { get; init; }
}
