namespace Soak.Faults;

/// <summary>How much later access may end for a fault, and why. All three bounds count together: the latest of them holds.</summary>
/// <param name="Fault">The kind of fault.</param>
/// <param name="Ends">Which ends: by time (the grant's expiry), by word (revoke, a policy's change, a delete), by lockdown, or any.</param>
/// <param name="FromStart">So long after the fault began; null: it does not count.</param>
/// <param name="FromDue">So long after the end was due, where the fault was there then; null: it does not count.</param>
/// <param name="AfterFault">So long after the fault was over; null: it does not count.</param>
/// <param name="BoundOnly">Only for grants that bind the requester, which have no credential that could be killed instead.</param>
/// <param name="Why">The reason, in a sentence.</param>
internal sealed record Allowance(string Fault, Ends Ends, double? FromStart, double? FromDue, double? AfterFault, string Why, bool BoundOnly = false);

/// <summary>Ends of access.</summary>
[Flags]
internal enum Ends
{
    None = 0,

    /// <summary>At expiresAt.</summary>
    ByTime = 1,

    /// <summary>Because somebody revoked or deleted the grant, or changed the policy.</summary>
    ByWord = 2,

    /// <summary>Because of a lockdown, the kill switch.</summary>
    ByLockdown = 4,

    Any = ByTime | ByWord | ByLockdown,
}

/// <summary>The one table of what may be late and why. What is not in it has no more time in a fault than on a good day.</summary>
internal static class Allowances
{
    /// <summary>On a good day: access past expiresAt.</summary>
    public static readonly TimeSpan ByTime = TimeSpan.FromSeconds(1);

    /// <summary>On a good day: access past a lockdown, a revocation, a change of the policy, a delete of the grant.</summary>
    public static readonly TimeSpan ByWord = TimeSpan.FromSeconds(5);

    /// <summary>Whatever the table says, nothing is later than this.</summary>
    public static readonly TimeSpan Most = TimeSpan.FromSeconds(150);

    // The lease's 15 s, counted from the look that shows its last change (they are 2 to 2.4 s apart), and the start of a leader whose caches are full.
    private const double NextLeader = 15 + 2.4 + 2.6;

    // The pause before a candidate's next try, and the start of a leader whose watches begin again.
    private const double SameLeader = 2.4 + 4.6;

    public static IReadOnlyList<Allowance> All { get; } =
    [
        new(FaultNames.LeaderKilled, Ends.Any, NextLeader, null, null, "the next leader waits for the lease (docs/limits.md, Time)"),
        new(FaultNames.LeaseStolen, Ends.Any, NextLeader, null, null, "whoever wrote the lease is believed for its 15 s"),
        new(FaultNames.ServerFrozen, Ends.Any, null, null, 3,
            "nobody's write is taken while the API server stands still; afterwards the tries come two seconds apart at most"),
        new(FaultNames.ServerFrozenForLong, Ends.Any, null, null, SameLeader,
            "beyond the renew deadline of 10 s the leader stops leading, and stands for its own lease again, which it need not wait for"),
        new(FaultNames.BothDead, Ends.ByTime, null, 65, null, "nobody but the reaper, which comes once a minute"),
        new(FaultNames.BothDead, Ends.ByWord | Ends.ByLockdown, null, null, NextLeader, "nobody reads it; then the dead leader's lease runs out"),
        new(FaultNames.SilentWatch, Ends.ByWord, 48, null, null,
            "a connection that says nothing for 30 s is asked, and given up 15 s later; lockdowns are read beside it, so they have no more time"),
        new(FaultNames.ObstructedDeletes, Ends.Any, null, 13, null, "bindings stay, the credential is killed: the API server remembers a token for 10 s"),
        new(FaultNames.ObstructedDeletes, Ends.Any, null, null, 4, "a binding of the requester can be neither deleted nor emptied until the webhook is back",
            BoundOnly: true),
        new(FaultNames.HangingDeletes, Ends.Any, null, 13, null, "as above"),
        new(FaultNames.HangingDeletes, Ends.Any, null, null, 14, "as above; one try hangs for the webhook's ten seconds", BoundOnly: true),
    ];
}
