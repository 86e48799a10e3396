namespace Soak.Faults;

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
