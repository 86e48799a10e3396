using BreakGlass.Core.Leftovers;

namespace BreakGlass.Core.Sessions;

/// <summary>
/// Which requests of a session made something that can outlive the grant. The rows also contain what was done as somebody else, and what nothing marked: the
/// search by label finds neither.
/// </summary>
public static class MadeObjects
{
    /// <summary>The most objects that are looked up.</summary>
    public const int MostLookedUp = 100;

    /// <summary>An object that a request creates is there within the time that the API server gives a request.</summary>
    private static readonly TimeSpan LongestRequest = TimeSpan.FromMinutes(1);

    private static readonly string[] Writes = ["create", "update", "patch"];
    private static readonly string[] OfCertificates = ["approval", "status"];

    /// <summary>Kinds of which the operator may look up single objects only together with workloads.</summary>
    private static readonly ResourceType[] WithWorkloads =
    [
        new("certificates.k8s.io", "v1", "CertificateSigningRequest", "certificatesigningrequests", Namespaced: false, MetadataOnly: true),
        new("admissionregistration.k8s.io", "v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", Namespaced: false, MetadataOnly: true),
        new("admissionregistration.k8s.io", "v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", Namespaced: false, MetadataOnly: true),
    ];

    /// <summary>The kinds of which the operator may look up an object.</summary>
    public static IReadOnlyList<ResourceType> Kinds(CoreSettings settings) =>
        settings is { LooksForLeftovers: true, ListsWorkloads: true } ? [.. LeftBehind.Kinds(settings), .. WithWorkloads] : LeftBehind.Kinds(settings);

    /// <summary>
    /// What a session made, objects that can give access first. What the identity deleted after its last write is gone, if nothing shows the opposite: such an
    /// object is only in the list if it can be looked up.
    /// </summary>
    public static IReadOnlyList<MadeObject> Of(MergedSession session, CoreSettings settings)
    {
        var (kinds, allowed) = (Kinds(settings), session.Actions.Where(a => a.Result is ActionResult.Allowed).ToList());
        var deleted = allowed.Where(a => a is { Verb: "delete", Subresource: "" }).ToLookup(KeyOf, a => a.LastAt);
        return
        [
            .. allowed.Where(IsWrite).GroupBy(KeyOf).Select(Made)
                .Where(m => CanBeLookedUp(m, kinds) || ((m.CanGiveAccess || m.Verbs.Contains("create")) && !deleted[KeyOf(m)].Any(at => at > m.LastAt)))
                .OrderByDescending(m => m.CanGiveAccess).ThenBy(m => m.FirstAt).ThenBy(m => m.Place, StringComparer.Ordinal),
        ];
    }

    /// <summary>Whether the operator may look up whether an object exists: its kind must be foreseen, and its name known.</summary>
    public static bool CanBeLookedUp(MadeObject made, IReadOnlyList<ResourceType> kinds) => made.Name.Length > 0 && KindOf(made, kinds) is not null;

    /// <summary>The kind by which an object is looked up; null if the operator has no right to.</summary>
    public static ResourceType? KindOf(MadeObject made, IReadOnlyList<ResourceType> kinds) =>
        kinds.FirstOrDefault(k => k.Group == made.Group && k.Plural == made.Resource);

    /// <summary>
    /// Whether the object that is there is the one that the session created. One with the same name can be older, or somebody else's, and later.
    /// </summary>
    public static bool IsCreated(MadeObject made, V1ObjectMeta there) =>
        there.CreatedAt is not { } at || (at >= Seconds(made.FirstAt) && at <= made.LastAt + LongestRequest);

    /// <summary>Whether the object that is there is older, and was changed by the session in a way that can give access.</summary>
    public static bool IsChanged(MadeObject made, V1ObjectMeta there) =>
        made.CanGiveAccess && made.Verbs.Any(v => v is not "create") && there.CreatedAt < Seconds(made.FirstAt);

    private static bool IsWrite(SessionAction action) => Writes.Contains(action.Verb) && action.Resource.Length > 0 && action.Resource[0] is not ('/' or '*')
        && StampRules.IsStamped(action.ApiGroup, action.Resource, "")
        && (action.Subresource.Length == 0 || (action.ApiGroup == "certificates.k8s.io" && OfCertificates.Contains(action.Subresource)));

    private static MadeObject Made(IGrouping<(string Group, string Resource, string Namespace, string Name), SessionAction> rows) =>
        new(rows.Key.Group, rows.Key.Resource, rows.Key.Namespace, rows.Key.Name)
        {
            Verbs = [.. rows.Select(r => r.Verb).Distinct().Order(StringComparer.Ordinal)],
            AsUsers =
            [
                .. rows.Select(r => r.AsUser.Length > 0 ? r.AsUser : r.TokenOf).Where(u => u.Length > 0).Distinct().Order(StringComparer.Ordinal),
            ],
            FirstAt = rows.Min(r => r.FirstAt),
            LastAt = rows.Max(r => r.LastAt),
        };

    // Audit events name a namespace as its own namespace once it exists.
    private static (string Group, string Resource, string Namespace, string Name) KeyOf(SessionAction action) =>
        (action.ApiGroup, action.Resource, (action.ApiGroup, action.Resource) is ("", "namespaces") ? "" : action.Namespace, action.Name);

    private static (string Group, string Resource, string Namespace, string Name) KeyOf(MadeObject made) =>
        (made.Group, made.Resource, made.Namespace, made.Name);

    // The API server writes times of creation without fractions.
    private static DateTimeOffset Seconds(DateTimeOffset at) => at.AddTicks(-(at.Ticks % TimeSpan.TicksPerSecond));
}
