using BreakGlass.Core.Model;

namespace BreakGlass.Core.Leftovers;

/// <summary>What a grant's identity created and is still there once the grant is over, as the record says it.</summary>
public static class LeftBehind
{
    /// <summary>The most objects that are named; the rest is a number.</summary>
    public const int MostNamed = 20;

    /// <summary>The most objects of one kind that are read.</summary>
    public const int MostOfAKind = 500;

    /// <summary>The most that are noted as they are created, of kinds that the operator cannot list.</summary>
    public const int MostNoted = 20;

    private const string NotePrefix = "created ";
    private const string UncheckedPrefix = "not checked: ";

    /// <summary>What the operator may list anyway.</summary>
    private static readonly ResourceType[] Always =
    [
        Of("", "Namespace", "namespaces", namespaced: false),
        Of(V1Role.KubeGroup, "Role", "roles"), Of(V1Role.KubeGroup, "RoleBinding", "rolebindings"),
        Of(V1Role.KubeGroup, "ClusterRole", "clusterroles", namespaced: false),
        Of(V1Role.KubeGroup, "ClusterRoleBinding", "clusterrolebindings", namespaced: false),
    ];

    private static readonly ResourceType[] Workloads =
    [
        Of("", "Service", "services"), Of("", "PersistentVolumeClaim", "persistentvolumeclaims"), Of("", "ReplicationController", "replicationcontrollers"),
        Of("apps", "Deployment", "deployments"), Of("apps", "DaemonSet", "daemonsets"), Of("apps", "StatefulSet", "statefulsets"),
        Of("apps", "ReplicaSet", "replicasets"),
        Of("batch", "Job", "jobs"), Of("batch", "CronJob", "cronjobs"),
        Of("networking.k8s.io", "Ingress", "ingresses"), Of("networking.k8s.io", "NetworkPolicy", "networkpolicies"),
        Of("autoscaling", "HorizontalPodAutoscaler", "horizontalpodautoscalers"), Of("policy", "PodDisruptionBudget", "poddisruptionbudgets"),
    ];

    /// <summary>
    /// The kinds that are looked for. Pods, Secrets, ConfigMaps and ServiceAccounts are not among them, because users who may list them read what they
    /// hold: those, and every kind that is not here, are noted when they are created.
    /// </summary>
    public static IReadOnlyList<ResourceType> Kinds(CoreSettings settings) =>
        !settings.LooksForLeftovers ? [] : settings.ListsWorkloads ? [.. Always, .. Workloads] : Always;

    /// <summary>The label selector that finds what a grant's identity created.</summary>
    public static string Selector(string grantUid) => $"{BreakGlassApi.MadeByLabel}={grantUid}";

    /// <summary>
    /// The entry of <c>status.residue</c> for an object of a kind that cannot be listed, at the moment of its creation; null where the kind is listed
    /// at the end, or enough was noted.
    /// </summary>
    public static string? Note(BreakGlassGrant grant, CoreSettings settings, string group, string resource, string ns, string name)
    {
        if (Kinds(settings).Any(k => k.Group == group && k.Plural == resource)) return null;
        var noted = grant.Status.Residue.Count(r => r.StartsWith(NotePrefix, StringComparison.Ordinal));
        if (noted >= MostNoted) return null;
        if (noted == MostNoted - 1) return $"{NotePrefix}more: find it by the label {Selector(grant.Metadata.Uid ?? "")}";
        var kind = group.Length == 0 ? resource : $"{resource}.{group}";
        return $"{NotePrefix}{kind} {(ns.Length == 0 ? "" : ns + "/")}{(name.Length == 0 ? "(name made by the server)" : name)}";
    }

    /// <summary>The status with what was found.</summary>
    public static GrantStatus Record(BreakGlassGrant grant, LeftoversSeen seen, DateTimeOffset now)
    {
        var (selector, before) = (Selector(grant.Metadata.Uid ?? ""), grant.Status.Residue);
        var (left, changed) = (seen.Found.Select(o => o.ToString()).ToList(), seen.Changed.Select(o => o.AsChanged).ToList());

        // What was noted when it was created is there already.
        var open = seen.Unchecked.Where(m => !before.Contains(NotePrefix + m.Place)).Select(m => $"{UncheckedPrefix}{m}").ToList();
        List<string> entries =
        [
            .. left.Take(MostNamed),
            .. left.Count > MostNamed
                ? [$"left: {left.Count - MostNamed}{(IsCapped(seen) ? " or more" : "")} more; find them by the label {selector}"] : (string[])[],
            .. seen.Unseen.Count > 0
                ? [$"not looked for: {string.Join(", ", seen.Unseen)}, which the operator cannot list; find them by the label {selector}"] : (string[])[],
            .. Named(changed, "changed: "),
            .. Named(open, UncheckedPrefix),
            .. seen.WithoutRow > 0 ? [string.Create(CultureInfo.InvariantCulture,
                $"{UncheckedPrefix}{seen.WithoutRow} requests without a row in the session record")] : (string[])[],
        ];
        var (found, reason, message) = Conclude(grant, seen, open.Count, selector);
        return grant.Status with
        {
            Residue = [.. before, .. entries],
            Conditions = grant.Status.Conditions.With(GrantConditions.LeftBehind, found, reason, message, grant.Metadata.Generation, now),
        };
    }

    private static (bool? Found, string Reason, string Message) Conclude(BreakGlassGrant grant, LeftoversSeen seen, int open, string selector)
    {
        var noted = grant.Status.Residue.Count(r => r.StartsWith(NotePrefix, StringComparison.Ordinal));
        var changed = seen.Changed.Count == 0 ? "" : $"The grant's identity changed {seen.Changed.Count} older object(s) that can give access.";
        return (seen.Found.Count, seen.Changed.Count, noted, open, seen.Unseen.Count, seen.WithoutRow) switch
        {
            (> 0, _, _, _, _, _) => (true, GrantConditions.ObjectsFound,
                $"{seen.Found.Count}{(IsCapped(seen) ? " or more" : "")} object(s) that the grant's identity created still exist; "
                    + $"see status.residue. Decide for each whether to keep it: kubectl get <kind> -A -l {selector}. {changed}".TrimEnd()),
            (_, > 0, _, _, _, _) => (true, GrantConditions.ObjectsFound, $"{changed} Check each of them; see status.residue."),
            (_, _, > 0, _, _, _) => (null, GrantConditions.NotAllLookedFor,
                $"The grant's identity created objects of kinds that the operator cannot list; see status.residue, and find them by the label {selector}."),
            (_, _, _, > 0, _, _) => (null, GrantConditions.NotAllLookedFor,
                "The grant's identity created or changed objects that the operator cannot look up. Check those that status.residue names."),
            (_, _, _, _, > 0, _) => (null, GrantConditions.NotAllLookedFor,
                $"The operator cannot list every kind; see status.residue, and search by the label {selector}."),
            (_, _, _, _, _, > 0) => (null, GrantConditions.NotAllLookedFor,
                "The session record does not have a row for each request. Check the API server's audit log for objects that the grant's identity created."),
            _ => (false, GrantConditions.NothingFound,
                "No object that the grant's identity created still exists, among the kinds that the operator checks."),
        };
    }

    private static List<string> Named(List<string> entries, string prefix) => entries.Count <= MostNamed
        ? entries
        : [.. entries.Take(MostNamed), string.Create(CultureInfo.InvariantCulture, $"{prefix}{entries.Count - MostNamed} more; see the BreakGlassSession")];

    private static bool IsCapped(LeftoversSeen seen) => seen.Found.GroupBy(o => o.Resource).Any(g => g.Count() >= MostOfAKind);

    private static ResourceType Of(string group, string kind, string plural, bool namespaced = true) =>
        new(group, "v1", kind, plural, namespaced, MetadataOnly: true);
}
