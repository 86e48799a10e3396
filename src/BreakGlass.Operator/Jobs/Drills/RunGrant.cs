using BreakGlass.Core.Drills;

namespace BreakGlass.Operator.Jobs.Drills;

/// <summary>The grant of a run, and what its status says.</summary>
/// <param name="name">Its name.</param>
/// <param name="requester">Reads it.</param>
/// <param name="polling">Waits.</param>
internal sealed class RunGrant(string name, DrillIdentity requester, Polling polling)
{
    /// <summary>Its name.</summary>
    public string Name => name;

    /// <summary>The grant as the API server gave it last; null until it was created.</summary>
    public BreakGlassGrant? Last { get; set; }

    /// <summary>Whether the requester's own user is bound, so that the grant has no credential.</summary>
    public bool BindsRequester => Last?.Status.Credential is CredentialKind.BindRequester;

    /// <summary>That the grant is over before it was used: what its status says of it. Null if it is not over.</summary>
    public DrillAnswer? Over => Last is not { } grant || !grant.Status.IsTerminal ? null : DrillAnswer.Failed(
        grant.Status.EndReason is EndReason.ApprovalTimeout ? DrillReasons.NotApproved : DrillReasons.GrantDenied,
        Message(GrantConditions.Authorized, "False") ?? Message(GrantConditions.Approved, "False") ?? Message(GrantConditions.Active)
            ?? "The grant is over.");

    /// <summary>Whether a condition is True.</summary>
    public bool Has(string condition) => Last is { } grant && Conditions.IsTrue(grant.Status.Conditions, condition);

    /// <summary>The message of a condition; null if the grant does not have it, or not with the status.</summary>
    public string? Message(string condition, string? status = null) =>
        Last is { } grant && Conditions.Find(grant.Status.Conditions, condition) is { } found && (status is null || found.Status == status)
            ? found.Message : null;

    /// <summary>Reads it.</summary>
    public async Task<BreakGlassGrant> ReadAsync(CancellationToken cancellationToken)
    {
        var client = await requester.ClientAsync(cancellationToken);
        return Last = await client.GetAsync<BreakGlassGrant>(name, null, cancellationToken);
    }

    /// <summary>Reads it until there is an answer, or the time is over.</summary>
    public Task<DrillAnswer> WaitAsync(
        Func<BreakGlassGrant, DrillAnswer?> judge, TimeSpan limit, Func<DrillAnswer> late, CancellationToken cancellationToken) =>
        polling.UntilAsync(async () => judge(await ReadAsync(cancellationToken)), limit, late, cancellationToken);
}
