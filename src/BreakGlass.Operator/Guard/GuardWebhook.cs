using BreakGlass.Core.Guard;

namespace BreakGlass.Operator.Guard;

/// <summary>
/// The webhooks <c>/guard…</c>: refuse what would let a grant's identity outlive its grant, and tell of it. They change nothing, but are asked in
/// the mutating phase, before the ValidatingAdmissionPolicy that refuses the same: otherwise the attempt would not be known.
/// </summary>
internal sealed class GuardWebhook(KubeClient client, ClusterCaches caches, SealKeyring seals, CoreSettings settings, Announcer announcer,
    OperatorMetrics metrics, ResidueWriter residue, ILogger logger)
{
    /// <summary>The URL paths, one for each entry of the webhook's configuration.</summary>
    public static readonly IReadOnlyList<string> Paths = ["/guard", "/guard/secrets", "/guard/kube-system", "/guard/namespaces"];

    /// <summary>All that is read of a review: writes of whole clusters pass through here on older servers, with Secrets in them.</summary>
    private static readonly IReadOnlyList<string> Fields =
    [
        "apiVersion", "kind", "request.uid", "request.resource.group", "request.resource.resource", "request.subResource", "request.namespace", "request.name",
        "request.operation",
        "request.userInfo.username", "request.dryRun", "request.object.type", "request.oldObject.type", "request.object.spec.conversion.strategy",
    ];

    /// <summary>Where the API server asks. Each endpoint reads with memory of its own, and keeps nothing of what it skips.</summary>
    public IReadOnlyList<AdmissionEndpoint> Endpoints(TimeProvider time) =>
        [.. Paths.Select(path => new AdmissionEndpoint(path, HandleAsync, time, logger, new() { Fields = Fields }))];

    public async ValueTask<AdmissionAnswer> HandleAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var write = Read(request);
        if (PersistenceGuard.IdentityOf(write.User, settings) is not { } identity || PersistenceGuard.KindOf(write, settings) is not { } way)
            return AdmissionAnswer.Allow();
        if (await GrantOfAsync(identity, cancellationToken) is not { } grant)
        {
            logger.UnknownIdentityRefused(identity, PersistenceGuard.Describe(write));
            metrics.PersistenceAttempt("");
            return AdmissionAnswer.Deny(
                $"The persistence guard refuses {PersistenceGuard.Describe(write)}: ServiceAccount '{identity}' does not belong to a known grant.");
        }

        var policy = caches.Policy(grant.Spec.Policy) ?? await client.TryGetAsync<BreakGlassPolicy>(grant.Spec.Policy, null, cancellationToken);
        var allowed = PersistenceGuard.Allows(policy, grant, way) && await seals.JudgeAsync(policy!, cancellationToken) is SealState.Valid;
        if (!allowed) return Refuse(grant, policy, write, way, request.DryRun is true);

        // Only what is on record may outlive the grant; a deletion leaves nothing that could.
        if (request.DryRun is not true && write.Operation is not "DELETE"
            && !await residue.RecordAsync(grant, Residue.Of(write, way, allowed: true), cancellationToken))
        {
            return AdmissionAnswer.Deny(PersistenceGuard.NotRecorded(write), 503, "ServiceUnavailable");
        }

        logger.PersistenceAllowed(grant.Metadata.Name, grant.Spec.Policy, PersistenceGuard.Describe(write), request.DryRun is true);
        if (request.DryRun is not true) metrics.PersistenceAllowed(grant.Spec.Policy);
        return AdmissionAnswer.Allow();
    }

    /// <summary>
    /// Whether the policy of an identity's grant lets it act as somebody else. An identity of no grant may not. The caches alone are asked: the
    /// question may come from anybody who reaches the port.
    /// </summary>
    public async ValueTask<bool> MayImpersonateAsync(string identity, CancellationToken cancellationToken)
    {
        if (PersistenceGuard.GrantNameOf(identity) is not { } name || caches.Grant(name) is not { } grant || !PersistenceGuard.IsOf(identity, grant))
            return false;
        var policy = caches.Policy(grant.Spec.Policy);
        return ImpersonationRules.Allows(policy, grant) && await seals.JudgeAsync(policy!, cancellationToken) is SealState.Valid;
    }

    // A dry run is an attempt too: it is how somebody finds out what would pass. It leaves no trace in the cluster, only in the log and the counter.
    private AdmissionAnswer Refuse(BreakGlassGrant grant, BreakGlassPolicy? policy, GuardedWrite write, PersistenceKind way, bool dryRun)
    {
        var words = PersistenceGuard.Describe(write);
        metrics.PersistenceAttempt(grant.Spec.Policy);
        logger.PersistenceRefused(grant.Metadata.Name, grant.Spec.Policy, words, dryRun);
        if (!dryRun)
        {
            // Each attempt has its own event, up to as many as the record names: more are nothing new, and events are for everybody.
            var named = residue.Add(grant, Residue.Of(write, way, allowed: false));
            announcer.Announce(grant, policy, new(true, EventReasons.PersistenceAttempt, $"{EventActions.Refuse}{way}",
                $"The grant's identity tried to {words}; the persistence guard refused it.") { Distinct = named ? words : null });
        }

        return AdmissionAnswer.Deny(PersistenceGuard.Refusal(write, way, grant.Spec.Policy));
    }

    /// <summary>The grant that an identity was made for; the server itself is asked where the cache is behind.</summary>
    public async Task<BreakGlassGrant?> GrantOfAsync(string identity, CancellationToken cancellationToken)
    {
        if (PersistenceGuard.GrantNameOf(identity) is not { } name) return null;
        if (caches.Grant(name) is { } known && PersistenceGuard.IsOf(identity, known)) return known;
        return await client.TryGetAsync<BreakGlassGrant>(name, null, cancellationToken) is { } read && PersistenceGuard.IsOf(identity, read) ? read : null;
    }

    private static GuardedWrite Read(AdmissionRequest request) => new()
    {
        User = request.UserInfo?.Username ?? "",
        Operation = request.Operation ?? "",
        Group = request.Resource?.Group ?? "",
        Resource = request.Resource?.Resource ?? "",
        Subresource = request.SubResource ?? "",
        Namespace = request.Namespace ?? "",
        Name = request.Name ?? "",
        SecretType = Field(request.Object, "type"),
        OldSecretType = Field(request.OldObject, "type"),
        ConversionStrategy = Field(request.Object, "spec", "conversion", "strategy"),
    };

    // All that is ever looked at in an object.
    private static string Field(JsonElement? o, params ReadOnlySpan<string> path)
    {
        if (o is not { } at) return "";
        foreach (var name in path)
        {
            if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(name, out at)) return "";
        }

        return at.ValueKind == JsonValueKind.String ? at.GetString()! : "";
    }
}
