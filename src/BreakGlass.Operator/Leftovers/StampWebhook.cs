using BreakGlass.Core.Guard;
using BreakGlass.Operator.Admission;
using BreakGlass.Operator.Guard;

namespace BreakGlass.Operator.Leftovers;

/// <summary>
/// The webhook <c>/stamp</c>: marks what grants' identities create, and has it belong to the grant's binding where the policy says Remove. It refuses
/// nothing. A change by a grant's identity keeps the mark and the owners as they were.
/// </summary>
internal sealed class StampWebhook(KubeClient client, ClusterCaches caches, GuardWebhook guard, CoreSettings settings, ResidueWriter residue, ILogger logger)
{
    public const string Path = "/stamp";

    /// <summary>
    /// What it spends on requests: an eighth of the memory for webhooks, of its own. An object of any size is read, and only its metadata is ever
    /// copied. A grant that floods it is told to try again, and so does not get by without a mark.
    /// </summary>
    public static AdmissionLimits LimitsOf(int mebibytes, TimeProvider time) => new() { Budget = new(mebibytes * 1024L * 1024 / 8, time), CostPerByte = 8 };

    public async ValueTask<AdmissionAnswer> HandleAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var (group, resource) = (request.Resource?.Group ?? "", request.Resource?.Resource ?? "");
        if (PersistenceGuard.IdentityOf(request.UserInfo?.Username ?? "", settings) is not { } identity) return AdmissionAnswer.Allow();
        var isChange = request.Operation == "UPDATE";

        // A status carries labels as well, and some kinds let them be changed by it.
        if (!StampRules.IsStamped(group, resource, isChange ? "" : request.SubResource ?? "") || request.Object is not { ValueKind: JsonValueKind.Object } o)
            return AdmissionAnswer.Allow();
        var patch = new ObjectPatch(o);
        if (isChange)
        {
            if (request.OldObject is { ValueKind: JsonValueKind.Object } before) patch.KeepMark(before, BreakGlassApi.MadeByLabel);
            return patch.Operations.Count == 0
                ? AdmissionAnswer.Allow()
                : AdmissionAnswer.AllowWith(patch.Operations) with { Warnings = [$"The label {BreakGlassApi.MadeByLabel} and the owners of objects that have "
                    + "it are kept: grants cannot change them."] };
        }

        if (request.Operation != "CREATE") return AdmissionAnswer.Allow();
        try
        {
            if (await guard.GrantOfAsync(identity, cancellationToken) is not { } grant) return Unmarked(o);
            patch.Label(BreakGlassApi.MadeByLabel, grant.Metadata.Uid);
            var policy = caches.Policy(grant.Spec.Policy) ?? await client.TryGetAsync<BreakGlassPolicy>(grant.Spec.Policy, null, cancellationToken);
            var owner = await OwnerAsync(policy, grant, group, resource, request.Namespace ?? "", cancellationToken);
            if (owner is not null) patch.OnlyOwner(owner);
            else if (request.DryRun is not true && LeftBehind.Note(grant, settings, group, resource, request.Namespace ?? "", NameOf(request, o)) is { } note)
                residue.Add(grant, note);
            return AdmissionAnswer.AllowWith(patch.Operations);
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException)
        {
            // A mark is worth less than what somebody does in an incident.
            logger.NotStamped(identity, resource, e);
            return Unmarked(o) with { Warnings = ["BreakGlass could not mark this object as created by the grant; report it to the grant's reviewer."] };
        }
    }

    /// <summary>Without a mark, also without one that the grant wrote itself: it could name another grant.</summary>
    private static AdmissionAnswer Unmarked(JsonElement o)
    {
        var patch = new ObjectPatch(o);
        patch.Label(BreakGlassApi.MadeByLabel, null);
        return patch.Operations.Count == 0 ? AdmissionAnswer.Allow() : AdmissionAnswer.AllowWith(patch.Operations);
    }

    /// <summary>The first of the grant's bindings there that exists: an owner that is not there would have the object collected at once.</summary>
    private async Task<IKubernetesObject<V1ObjectMeta>?> OwnerAsync(
        BreakGlassPolicy? policy, BreakGlassGrant grant, string group, string resource, string ns, CancellationToken cancellationToken)
    {
        foreach (var record in StampRules.Owners(policy, grant, group, resource, ns))
        {
            var place = GrantNames.Place(record);
            var binding = caches.ObjectsOf(grant.Metadata.Name).Find(o => GrantObjects.SamePlace(o, place)) ?? await client
                .TryGetAsync(place, cancellationToken);
            if (binding is { Metadata: { DeletionTimestamp: null, Uid.Length: > 0 } } && GrantNames.Owns(grant, binding)) return binding;
        }

        return null;
    }

    // The server makes a name up only after it has asked, on some releases.
    private static string NameOf(AdmissionRequest request, JsonElement o) => request.Name is { Length: > 0 } name ? name
        : o.TryGetProperty("metadata", out var meta) && meta.ValueKind == JsonValueKind.Object && meta.TryGetProperty("name", out var own)
            && own.ValueKind == JsonValueKind.String ? own.GetString()! : "";
}
