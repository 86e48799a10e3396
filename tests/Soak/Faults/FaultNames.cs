namespace Soak.Faults;

/// <summary>What the faults are called in histories, tables and SOAK_FAULTS.</summary>
internal static class FaultNames
{
    public const string LeaderKilled = nameof(LeaderKilled);
    public const string ServerFrozen = nameof(ServerFrozen);
    public const string ServerFrozenForLong = nameof(ServerFrozenForLong);
    public const string SilentWatch = nameof(SilentWatch);
    public const string OnePoisonedDate = nameof(OnePoisonedDate);
    public const string PoisonedDates = nameof(PoisonedDates);
    public const string ObstructedDeletes = nameof(ObstructedDeletes);
    public const string HangingDeletes = nameof(HangingDeletes);
    public const string WebhooksRemoved = nameof(WebhooksRemoved);
    public const string FloodOfReads = nameof(FloodOfReads);
    public const string FloodOfDryRuns = nameof(FloodOfDryRuns);
    public const string OversizedInput = nameof(OversizedInput);
    public const string LabelFight = nameof(LabelFight);
    public const string LabelWebhook = nameof(LabelWebhook);
    public const string GrantsNamespaceDeleted = nameof(GrantsNamespaceDeleted);
    public const string BothDead = nameof(BothDead);
    public const string LeaseStolen = nameof(LeaseStolen);
}
