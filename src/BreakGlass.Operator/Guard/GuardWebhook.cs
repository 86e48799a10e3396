using System.Text.Json;
using BreakGlass.Core;
using BreakGlass.Core.Api;
using BreakGlass.Core.Guard;
using BreakGlass.Core.Leftovers;
using BreakGlass.Core.Sealing;
using BreakGlass.Operator.Announcing;
using BreakGlass.Operator.Caching;
using BreakGlass.Operator.Logging;
using BreakGlass.Operator.Metrics;
using BreakGlass.Operator.Sealing;
using Kube.Client;
using Kube.Model;
using Kube.Runtime;

namespace BreakGlass.Operator.Guard;

/// <summary>
/// The webhook <c>/guard</c>: refuses what would let a grant's identity outlive its grant, and tells of it. It changes nothing, but it is asked in
/// the mutating phase, before the ValidatingAdmissionPolicy that refuses the same: otherwise nobody would learn of the attempt.
/// </summary>
internal sealed class GuardWebhook(KubeClient client, ClusterCaches caches, SealBook seals, CoreSettings settings, Announcer announcer, OperatorMetrics metrics, ResidueWriter residue, ILogger logger)
{
    /// <summary>The URL path.</summary>
    public const string Path = "/guard";

    /// <summary>Decides on one write.</summary>
    public async ValueTask<AdmissionAnswer> HandleAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var write = Read(request);
        if (PersistenceGuard.IdentityOf(write.User, settings) is not { } identity || PersistenceGuard.WayOf(write, settings) is not { } way) return AdmissionAnswer.Allow();
        if (await GrantOfAsync(identity, cancellationToken) is not { } grant)
        {
            logger.UnknownIdentityRefused(identity, PersistenceGuard.Describe(write));
            if (request.DryRun is not true) metrics.PersistenceAttempt("");
            return AdmissionAnswer.Deny($"The persistence guard refuses {PersistenceGuard.Describe(write)}: no grant is known that the ServiceAccount '{identity}' was made for.");
        }

        var policy = caches.Policy(grant.Spec.Policy) ?? await client.TryGetAsync<BreakGlassPolicy>(grant.Spec.Policy, null, cancellationToken);
        var allowed = PersistenceGuard.Allows(policy, grant, way) && (settings.TrustRequester || await seals.VerifyAsync(policy!, cancellationToken) is SealState.Valid);
        if (request.DryRun is not true) Record(grant, policy, write, way, allowed);
        return allowed ? AdmissionAnswer.Allow() : AdmissionAnswer.Deny(PersistenceGuard.Refusal(write, way, grant.Spec.Policy));
    }

    /// <summary>Whether the policy of an identity's grant lets it act as somebody else. An identity of no grant may not.</summary>
    public async ValueTask<bool> MayImpersonateAsync(string identity, CancellationToken cancellationToken)
    {
        if (await GrantOfAsync(identity, cancellationToken) is not { } grant) return false;
        var policy = caches.Policy(grant.Spec.Policy) ?? await client.TryGetAsync<BreakGlassPolicy>(grant.Spec.Policy, null, cancellationToken);
        return ImpersonationRules.Allows(policy, grant) && (settings.TrustRequester || await seals.VerifyAsync(policy!, cancellationToken) is SealState.Valid);
    }

    // What is allowed is no attempt, but it may still be there when the grant is not.
    private void Record(BreakGlassGrant grant, BreakGlassPolicy? policy, GuardedWrite write, Persistence way, bool allowed)
    {
        if (!allowed || write.Operation is not "DELETE") residue.Add(grant, PersistenceGuard.Residue(write, way, allowed));
        if (allowed) return;
        metrics.PersistenceAttempt(grant.Spec.Policy);
        logger.PersistenceRefused(grant.Metadata.Name, grant.Spec.Policy, PersistenceGuard.Describe(write));

        // Each attempt by itself, up to as many as are written down: more tell nothing new, and events are for everybody.
        var words = PersistenceGuard.Describe(write);
        announcer.Tell(grant, policy, new(true, "PersistenceAttempt", $"Refuse{way}", $"The grant's identity tried to {words}; the persistence guard refused it.") { About = grant.Status.Residue.Count < PersistenceGuard.MostResidue ? words : null });
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
        SecretType = request.Resource is { Group: "", Resource: "secrets" } ? TypeOf(request.Object) : "",
    };

    // The only field of a Secret that is ever looked at.
    private static string TypeOf(JsonElement? secret) =>
        secret is { ValueKind: JsonValueKind.Object } o && o.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String ? type.GetString()! : "";
}
