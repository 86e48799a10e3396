namespace BreakGlass.Operator.Logging;

/// <summary>What the operator's own parts say, in one place.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(1, LogLevel.Information, "BreakGlass Operator {Version} on {Server} (Kubernetes {ServerVersion})")]
    public static partial void Starting(this ILogger logger, string version, string server, string serverVersion);

    [LoggerMessage(2, LogLevel.Warning, "--trust-requester is on: the operator trusts spec.requester, so everybody who can create a grant can name any "
        + "requester. For demonstrations and tests only")]
    public static partial void TrustingRequester(this ILogger logger);

    [LoggerMessage(3, LogLevel.Information, "caches are synced after {Seconds:0.000} s: {Grants} grants, {Policies} policies")]
    public static partial void CachesSynced(this ILogger logger, double seconds, int grants, int policies);

    [LoggerMessage(4, LogLevel.Information, "leading")]
    public static partial void Leading(this ILogger logger);

    [LoggerMessage(5, LogLevel.Information, "stopping: finishing the work in progress")]
    public static partial void Stopping(this ILogger logger);

    [LoggerMessage(6, LogLevel.Information, "stopped")]
    public static partial void Stopped(this ILogger logger);

    [LoggerMessage(7, LogLevel.Critical,
        "the lease is lost and this process could not stop leading in time; exiting, because another replica may lead already")]
    public static partial void LeaseLost(this ILogger logger, Exception error);

    [LoggerMessage(8, LogLevel.Critical, "an essential part of the operator stopped; exiting")]
    public static partial void Broken(this ILogger logger, Exception error);

    [LoggerMessage(242, LogLevel.Critical, "exiting: {Reason}")]
    public static partial void HistoryRewound(this ILogger logger, string reason);

    [LoggerMessage(9, LogLevel.Warning, "failed to parse {Resource} {Key}; skipping it")]
    public static partial void ObjectSkipped(this ILogger logger, string resource, string? key, Exception error);

    [LoggerMessage(10, LogLevel.Warning, "failed to reload credentials or certificates; continuing with the current ones")]
    public static partial void ReloadFailed(this ILogger logger, Exception error);

    [LoggerMessage(11, LogLevel.Warning, "this machine's clock and an answer of the API server differ by {Seconds:0.0} s. Until several answers agree, the "
        + "operator neither activates nor ends grants by that time, and above 30 s it activates no grants. Check NTP on the control plane and on this node")]
    public static partial void ClocksDiffer(this ILogger logger, double seconds);

    [LoggerMessage(12, LogLevel.Information, "this machine's clock and the API server's clock agree again")]
    public static partial void ClocksAgree(this ILogger logger);

    /// <summary>The skew of the clocks; null if they agree again.</summary>
    public static void ClockSkew(this ILogger logger, TimeSpan? skew)
    {
        if (skew is { } by) logger.ClocksDiffer(by.TotalSeconds);
        else logger.ClocksAgree();
    }

    [LoggerMessage(13, LogLevel.Information, "the webhooks answered the operator's own test requests in {Seconds:0.000} s")]
    public static partial void WarmedUp(this ILogger logger, double seconds);

    [LoggerMessage(14, LogLevel.Warning, "the webhooks did not answer the operator's own test requests, so it is not ready; retrying in 1 s")]
    public static partial void NotWarmedUp(this ILogger logger, Exception error);

    [LoggerMessage(20, LogLevel.Information, "reaped {Kind} {Key}, due since {ExpiresAt}")]
    public static partial void Reaped(this ILogger logger, string kind, string key, string expiresAt);

    [LoggerMessage(21, LogLevel.Error, "failed to delete expired {Kind} {Key}; retrying in the next pass")]
    public static partial void ReapFailed(this ILogger logger, string kind, string key, Exception? error);

    [LoggerMessage(22, LogLevel.Error, "failed to list {Resource}; expired ones stay until the next pass")]
    public static partial void ReapListFailed(this ILogger logger, string resource, Exception error);

    [LoggerMessage(23, LogLevel.Information, "reaper pass: {Removed} removed, {Failed} failed")]
    public static partial void ReapDone(this ILogger logger, int removed, int failed);

    [LoggerMessage(24, LogLevel.Information, "requested revocation of grant {Key}")]
    public static partial void RevokeAsked(this ILogger logger, string key);

    [LoggerMessage(25, LogLevel.Warning, "failed to request revocation of grant {Key}; removing its access anyway, but its record will not say how it ended")]
    public static partial void RevokeRefused(this ILogger logger, string key, Exception error);

    [LoggerMessage(26, LogLevel.Warning, "failed to list grants; removing their access anyway after the waiting time")]
    public static partial void RevokeListFailed(this ILogger logger, Exception error);

    [LoggerMessage(27, LogLevel.Warning, "the operator did not complete the records of {Count} grants because it is not running or does not lead. "
        + "Removing their access now; an operator that is installed later completes the records")]
    public static partial void RevokeRecordsOpen(this ILogger logger, int count);

    [LoggerMessage(28, LogLevel.Information, "all grants ended: {Removed} remaining objects removed, {Failed} failed")]
    public static partial void RevokeDone(this ILogger logger, int removed, int failed);

    [LoggerMessage(30, LogLevel.Information, "seal keys loaded: {Ids}")]
    public static partial void SealKeysRead(this ILogger logger, string ids);

    [LoggerMessage(31, LogLevel.Warning, "failed to read or create the seal keys; continuing with the current ones, retrying in 10 s")]
    public static partial void SealKeysUnread(this ILogger logger, Exception error);

    [LoggerMessage(32, LogLevel.Information, "seal keys written to Secret {Name}")]
    public static partial void SealKeysMade(this ILogger logger, string name);

    [LoggerMessage(33, LogLevel.Information, "seal keys rotated: {Ids}")]
    public static partial void SealKeysRotated(this ILogger logger, string ids);

    [LoggerMessage(34, LogLevel.Warning, "failed to rotate the seal keys; retrying in 1 h")]
    public static partial void SealKeysNotRotated(this ILogger logger, Exception error);

    [LoggerMessage(35, LogLevel.Warning, "failed to reseal {Kind} {Name}; retrying (its current seal stays valid until its key is dropped)")]
    public static partial void NotResealed(this ILogger logger, string kind, string name, Exception error);

    [LoggerMessage(36, LogLevel.Warning, "rotation {Id} of {Key}: {Message}")]
    public static partial void KeyRotationStep(this ILogger logger, string id, string key, string message);

    [LoggerMessage(37, LogLevel.Warning, "failed to rotate {Key} on request; retrying")]
    public static partial void KeyRotationTrouble(this ILogger logger, string key, Exception error);

    [LoggerMessage(38, LogLevel.Warning, "failed to read the requests to rotate keys in ConfigMap {Name}; retrying")]
    public static partial void RotationRequestsUnread(this ILogger logger, string name, Exception error);

    [LoggerMessage(40, LogLevel.Information, "webhook certificate {What}, valid until {Until:u}")]
    public static partial void CertificateServed(this ILogger logger, string what, DateTimeOffset until);

    [LoggerMessage(41, LogLevel.Warning, "failed to read or renew the webhook certificate; continuing with the current one, retrying in 10 s")]
    public static partial void CertificateTrouble(this ILogger logger, Exception error);

    [LoggerMessage(42, LogLevel.Information, "wrote the webhook CA to {Kind} {Name}")]
    public static partial void CaBundleWritten(this ILogger logger, string kind, string name);

    [LoggerMessage(43, LogLevel.Information, "refused {Operation} of {Kind} {Name} by {User}: {Why}")]
    public static partial void AdmissionRefused(this ILogger logger, string operation, string kind, string name, string user, string why);

    [LoggerMessage(44, LogLevel.Warning, "refused {Operation} of {Kind} {Name} because it could not be checked")]
    public static partial void AdmissionUndecided(this ILogger logger, string operation, string kind, string name, Exception error);

    [LoggerMessage(97, LogLevel.Warning, "failed to check whether the user is allowed to end grant {Grant}; allowing it")]
    public static partial void RevokeRightUnknown(this ILogger logger, string grant, Exception error);

    [LoggerMessage(45, LogLevel.Warning,
        "--webhook=false: this process does not stamp and seal requesters. Without --trust-requester, only grants that another replica sealed get access")]
    public static partial void WithoutWebhooks(this ILogger logger);

    [LoggerMessage(46, LogLevel.Information, "wrote a new random webhook path to {Kind} {Name}")]
    public static partial void WebhookPathWritten(this ILogger logger, string kind, string name);

    [LoggerMessage(47, LogLevel.Warning, "failed to read or replace the webhook paths; continuing to serve the known ones")]
    public static partial void WebhookPathTrouble(this ILogger logger, Exception error);

    [LoggerMessage(48, LogLevel.Warning, "failed to reload --webhook-client-ca; continuing with the current authorities")]
    public static partial void ClientAuthoritiesTrouble(this ILogger logger, Exception error);

    [LoggerMessage(49, LogLevel.Information, "gateway authority read from {Place}, valid until {Until:u}")]
    public static partial void GatewayAuthorityRead(this ILogger logger, string place, DateTimeOffset until);

    [LoggerMessage(50, LogLevel.Warning, "failed to read or renew the gateway's authority; continuing with the current one, retrying in 10 s")]
    public static partial void GatewayAuthorityTrouble(this ILogger logger, Exception error);

    [LoggerMessage(60, LogLevel.Warning, "the persistence guard refused the identity of grant {Grant} (policy {Policy}, dry run: {DryRun}): {Write}")]
    public static partial void PersistenceRefused(this ILogger logger, string grant, string policy, string write, bool dryRun);

    [LoggerMessage(61, LogLevel.Warning, "the persistence guard refused ServiceAccount {Identity}, which does not belong to a known grant: {Write}")]
    public static partial void UnknownIdentityRefused(this ILogger logger, string identity, string write);

    [LoggerMessage(65, LogLevel.Warning, "failed to read whether the policy allows ServiceAccount {Identity} to impersonate; denying it")]
    public static partial void ImpersonationNotJudged(this ILogger logger, string identity, Exception error);

    [LoggerMessage(63, LogLevel.Warning, "failed to label an object that ServiceAccount {Identity} creates ({Resource}); allowing it without the label")]
    public static partial void NotStamped(this ILogger logger, string identity, string resource, Exception error);

    [LoggerMessage(64, LogLevel.Information, "failed to check which identities grants of policy {Policy} can act as; retrying later")]
    public static partial void ActorsNotAsked(this ILogger logger, string policy, Exception error);

    [LoggerMessage(62, LogLevel.Warning, "failed to write status.residue of grant {Grant}: '{Entry}' is only in the event and in this log")]
    public static partial void ResidueNotWritten(this ILogger logger, string grant, string entry, Exception error);

    [LoggerMessage(66, LogLevel.Warning, "the persistence guard allowed the identity of grant {Grant} a write that may outlive the grant, "
        + "because policy {Policy} allows it (dry run: {DryRun}): {Write}")]
    public static partial void PersistenceAllowed(this ILogger logger, string grant, string policy, string write, bool dryRun);

    [LoggerMessage(EventId = 67, Message = "{Reason}: {Kind} {Name} (UID {Uid})")]
    public static partial void Announced(this ILogger logger, LogLevel level, string reason, string kind, string name, string? uid);

    [LoggerMessage(70, LogLevel.Warning, "grant {Grant}: failed to remove {Obstruction}; retrying, and cutting the rest meanwhile")]
    public static partial void RemovalObstructed(this ILogger logger, string grant, string obstruction, Exception? error);

    [LoggerMessage(71, LogLevel.Warning, "failed to delete {Kind} {Key}; removed its subjects instead, so it gives no access")]
    public static partial void ReapedSubjects(this ILogger logger, string kind, string key, Exception? error);

    [LoggerMessage(72, LogLevel.Error, "unexpected error (a bug) in {Part}; restarting it after a pause")]
    public static partial void PartFailed(this ILogger logger, string part, Exception error);

    [LoggerMessage(73, LogLevel.Error, "unexpected error (a bug) in a run of drill {Drill}; its grant is revoked")]
    public static partial void DrillBroken(this ILogger logger, string drill, Exception error);

    [LoggerMessage(115, LogLevel.Warning, "failed to reload the token file {File}; continuing with the current token")]
    public static partial void TokenNotRead(this ILogger logger, string file, Exception error);
}
