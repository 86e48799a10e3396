namespace BreakGlass.Operator.Logging;

/// <summary>What the operator's own parts say, in one place.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(1, LogLevel.Information, "BreakGlass Operator {Version} on {Server} (Kubernetes {ServerVersion})")]
    public static partial void Starting(this ILogger logger, string version, string server, string serverVersion);

    [LoggerMessage(2, LogLevel.Warning, "--trust-requester is on: spec.requester is taken as written, so whoever can create a grant can name anybody. For demonstrations and tests only")]
    public static partial void TrustingRequester(this ILogger logger);

    [LoggerMessage(3, LogLevel.Information, "caches are synced after {Seconds:0.000} s: {Grants} grants, {Policies} policies")]
    public static partial void CachesSynced(this ILogger logger, double seconds, int grants, int policies);

    [LoggerMessage(4, LogLevel.Information, "leading")]
    public static partial void Leading(this ILogger logger);

    [LoggerMessage(5, LogLevel.Information, "stopping: what is under way is finished first")]
    public static partial void Stopping(this ILogger logger);

    [LoggerMessage(6, LogLevel.Information, "stopped")]
    public static partial void Stopped(this ILogger logger);

    [LoggerMessage(7, LogLevel.Critical, "the lease was lost, another replica may lead already, and this process cannot stop leading; it ends at once and is to be restarted")]
    public static partial void LeaseLost(this ILogger logger, Exception error);

    [LoggerMessage(8, LogLevel.Critical, "a part of the operator that must not end has ended; this process ends and is to be restarted")]
    public static partial void Broken(this ILogger logger, Exception error);

    [LoggerMessage(9, LogLevel.Warning, "{Resource} {Key} could not be read and is left out")]
    public static partial void ObjectSkipped(this ILogger logger, string resource, string? key, Exception error);

    [LoggerMessage(10, LogLevel.Warning, "credentials or certificates could not be read again; the ones at hand are used on")]
    public static partial void ReloadFailed(this ILogger logger, Exception error);

    [LoggerMessage(11, LogLevel.Warning, "this machine's clock and an answer of the API server differ by {Seconds:0.0} s: until several answers agree nothing ends and nothing opens by it, and above 30 s nothing opens at all. Check NTP on the control plane and on this node")]
    public static partial void ClocksDiffer(this ILogger logger, double seconds);

    [LoggerMessage(12, LogLevel.Information, "this machine's clock and the API server's agree again")]
    public static partial void ClocksAgree(this ILogger logger);

    [LoggerMessage(13, LogLevel.Information, "the webhooks have answered this process' own first requests, in {Seconds:0.000} s")]
    public static partial void WarmedUp(this ILogger logger, double seconds);

    [LoggerMessage(14, LogLevel.Warning, "the webhooks did not answer this process' own first requests, and it is not ready before they do; it is tried again in a second")]
    public static partial void NotWarmedUp(this ILogger logger, Exception error);

    [LoggerMessage(20, LogLevel.Information, "reaped {Kind} {Key}, due since {ExpiresAt}")]
    public static partial void Reaped(this ILogger logger, string kind, string key, string expiresAt);

    [LoggerMessage(21, LogLevel.Error, "{Kind} {Key} is past its time and could not be deleted; the next pass tries again")]
    public static partial void ReapFailed(this ILogger logger, string kind, string key, Exception? error);

    [LoggerMessage(22, LogLevel.Error, "{Resource} could not be listed, so what is past its time among them stays until the next pass")]
    public static partial void ReapListFailed(this ILogger logger, string resource, Exception error);

    [LoggerMessage(23, LogLevel.Information, "reaper pass: {Removed} removed, {Failed} failed")]
    public static partial void ReapDone(this ILogger logger, int removed, int failed);

    [LoggerMessage(24, LogLevel.Information, "grant {Key} was asked to end")]
    public static partial void RevokeAsked(this ILogger logger, string key);

    [LoggerMessage(25, LogLevel.Warning, "grant {Key} could not be asked to end; its access is removed all the same, but its record will not say how it ended")]
    public static partial void RevokeRefused(this ILogger logger, string key, Exception error);

    [LoggerMessage(26, LogLevel.Warning, "the grants could not be listed; their access is removed all the same once the time for it is over")]
    public static partial void RevokeListFailed(this ILogger logger, Exception error);

    [LoggerMessage(27, LogLevel.Warning, "the operator did not complete the record of {Count} grants: it does not run, or does not lead. Their access is removed now; an operator that is installed later completes them")]
    public static partial void RevokeRecordsOpen(this ILogger logger, int count);

    [LoggerMessage(28, LogLevel.Information, "all grants ended: {Removed} objects removed that the operator had left, {Failed} failed")]
    public static partial void RevokeDone(this ILogger logger, int removed, int failed);

    [LoggerMessage(30, LogLevel.Information, "seal keys read: {Ids}")]
    public static partial void SealKeysRead(this ILogger logger, string ids);

    [LoggerMessage(31, LogLevel.Warning, "the seal keys could not be read or made; those at hand are used on, and it is tried again in 10 s")]
    public static partial void SealKeysUnread(this ILogger logger, Exception error);

    [LoggerMessage(32, LogLevel.Information, "seal keys written to Secret {Name}")]
    public static partial void SealKeysMade(this ILogger logger, string name);

    [LoggerMessage(33, LogLevel.Information, "seal keys rotated, now there are {Ids}")]
    public static partial void SealKeysRotated(this ILogger logger, string ids);

    [LoggerMessage(34, LogLevel.Warning, "the seal keys could not be rotated; it is tried again in an hour")]
    public static partial void SealKeysNotRotated(this ILogger logger, Exception error);

    [LoggerMessage(35, LogLevel.Warning, "policy {Name} could not be sealed anew; it is tried again in an hour, and its seal holds for months yet")]
    public static partial void NotResealed(this ILogger logger, string name, Exception error);

    [LoggerMessage(40, LogLevel.Information, "certificates of the webhooks: {What}; valid until {Until:u}")]
    public static partial void CertificateServed(this ILogger logger, string what, DateTimeOffset until);

    [LoggerMessage(41, LogLevel.Warning, "the certificate of the webhooks could not be read or renewed; the one at hand is served on, and it is tried again in 10 s")]
    public static partial void CertificateTrouble(this ILogger logger, Exception error);

    [LoggerMessage(42, LogLevel.Information, "the CA of the webhooks was written into {Kind} {Name}")]
    public static partial void CaBundleWritten(this ILogger logger, string kind, string name);

    [LoggerMessage(43, LogLevel.Information, "refused {Operation} of {Kind} {Name} by {User}: {Why}")]
    public static partial void AdmissionRefused(this ILogger logger, string operation, string kind, string name, string user, string why);

    [LoggerMessage(44, LogLevel.Warning, "could not decide on {Operation} of {Kind} {Name}, so it is refused")]
    public static partial void AdmissionUndecided(this ILogger logger, string operation, string kind, string name, Exception error);

    [LoggerMessage(97, LogLevel.Warning, "could not ask the authorizer whether somebody may end grant {Grant}, so it is allowed")]
    public static partial void RevokeRightUnknown(this ILogger logger, string grant, Exception error);

    [LoggerMessage(45, LogLevel.Warning, "--webhook=false: nobody stamps and seals who asks here. Without --trust-requester only what another replica sealed gets access")]
    public static partial void WithoutWebhooks(this ILogger logger);

    [LoggerMessage(46, LogLevel.Information, "a new random path of the webhooks was written into {Kind} {Name}")]
    public static partial void WebhookPathWritten(this ILogger logger, string kind, string name);

    [LoggerMessage(47, LogLevel.Warning, "the paths of the webhooks could not be read or replaced; those that are known go on being answered")]
    public static partial void WebhookPathTrouble(this ILogger logger, Exception error);

    [LoggerMessage(48, LogLevel.Warning, "--webhook-client-ca could not be read again; the authorities read before stay in use")]
    public static partial void ClientAuthoritiesTrouble(this ILogger logger, Exception error);

    [LoggerMessage(60, LogLevel.Warning, "the persistence guard refused the identity of grant {Grant} (policy {Policy}, dry run: {DryRun}): {Write}")]
    public static partial void PersistenceRefused(this ILogger logger, string grant, string policy, string write, bool dryRun);

    [LoggerMessage(61, LogLevel.Warning, "the persistence guard refused ServiceAccount {Identity}, which is of no grant that is known: {Write}")]
    public static partial void UnknownIdentityRefused(this ILogger logger, string identity, string write);

    [LoggerMessage(65, LogLevel.Warning, "whether the policy lets ServiceAccount {Identity} impersonate could not be read, so it is denied")]
    public static partial void ImpersonationNotJudged(this ILogger logger, string identity, Exception error);

    [LoggerMessage(63, LogLevel.Warning, "what ServiceAccount {Identity} creates ({Resource}) could not be stamped as made by its grant, and passes without")]
    public static partial void NotStamped(this ILogger logger, string identity, string resource, Exception error);

    [LoggerMessage(64, LogLevel.Information, "the authorizer could not be asked as whom grants of policy {Policy} could act; it is asked again later")]
    public static partial void ActorsNotAsked(this ILogger logger, string policy, Exception error);

    [LoggerMessage(62, LogLevel.Warning, "status.residue of grant {Grant} could not be written; it lacks '{Entry}', which the event and this log tell")]
    public static partial void ResidueNotWritten(this ILogger logger, string grant, string entry, Exception error);

    [LoggerMessage(63, LogLevel.Warning, "the persistence guard let the identity of grant {Grant} do what policy {Policy} allows and may outlive the grant (dry run: {DryRun}): {Write}")]
    public static partial void PersistenceAllowed(this ILogger logger, string grant, string policy, string write, bool dryRun);

    [LoggerMessage(70, LogLevel.Warning, "grant {Grant}: {Obstruction} is not removed; it is tried again, and the other cuts do not wait for it")]
    public static partial void RemovalObstructed(this ILogger logger, string grant, string obstruction, Exception? error);

    [LoggerMessage(71, LogLevel.Warning, "{Kind} {Key} could not be deleted; its subjects were removed, so it gives access to nobody")]
    public static partial void ReapedSubjects(this ILogger logger, string kind, string key, Exception? error);

    [LoggerMessage(72, LogLevel.Error, "{Part} failed (a bug); it goes on after a pause")]
    public static partial void PartFailed(this ILogger logger, string part, Exception error);
}
