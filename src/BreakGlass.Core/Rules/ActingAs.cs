namespace BreakGlass.Core.Rules;

/// <summary>
/// The identities that a grant can act as: a role can allow acting as a ServiceAccount of the namespace, or running pods as one.
/// A few access reviews show what that ServiceAccount is allowed to do.
/// </summary>
public static class ActingAs
{
    /// <summary>The most ServiceAccounts that are asked about for one access entry; each costs an access review for each question.</summary>
    public const int MostAsked = 20;

    /// <summary>The most that are named in a status.</summary>
    public const int MostNamed = 10;

    private static readonly (string Word, V1ResourceAttributes Attributes)[] Telling =
    [
        ("everything", new() { Verb = "*", Group = "*", Resource = "*" }),
        ("create clusterrolebindings", new() { Verb = "create", Group = V1Role.KubeGroup, Resource = "clusterrolebindings" }),
        ("escalate clusterroles", new() { Verb = "escalate", Group = V1Role.KubeGroup, Resource = "clusterroles" }),
        ("impersonate anybody", new() { Verb = "impersonate", Resource = "users" }),
        ("get secrets anywhere", new() { Verb = "get", Resource = "secrets" }),
        ("create pods anywhere", new() { Verb = "create", Resource = "pods" }),
        ("exec into pods of kube-system", new() { Verb = "create", Resource = "pods", Subresource = "exec", NamespaceProperty = "kube-system" }),
    ];

    /// <summary>
    /// By which ways rules let their holder act as the ServiceAccounts of a namespace: <c>impersonate</c>, <c>pods</c> (run one as any of them),
    /// <c>exec</c> (into one that runs as one of them), <c>tokens</c> (have one issued) and <c>secrets</c> (read one that lies there).
    /// </summary>
    public static IReadOnlyList<string> Ways(IReadOnlyList<V1PolicyRule> rules)
    {
        var all = ControlPlaneReach.RegardlessOfNames(rules);
        bool May(string verb, string group, string resource, string? sub = null) =>
            RbacCoverage.Allows(all, new V1ResourceAttributes { Verb = verb, Group = group, Resource = resource, Subresource = sub });
        var ways = new List<string>();
        if (RoleRisk.CanImpersonate(rules)) ways.Add("impersonate");
        if (May("create", "", "pods") || ControlPlaneReach.Workloads
            .Any(w => May("create", w.Group, w.Resource) || May("update", w.Group, w.Resource) || May("patch", w.Group, w.Resource))) ways.Add("pods");
        if (May("create", "", "pods", "exec") || May("create", "", "pods", "attach") || May("get", "", "pods", "exec")
            || May("patch", "", "pods", "ephemeralcontainers") || May("update", "", "pods", "ephemeralcontainers")) ways.Add("exec");
        if (May("create", "", "serviceaccounts", "token")) ways.Add("tokens");
        if (May("get", "", "secrets") || May("list", "", "secrets") || May("watch", "", "secrets")) ways.Add("secrets");
        return ways;
    }

    /// <summary>
    /// The ServiceAccounts of the places that are reached, as namespace/name: those that a binding names, since others have no rights by RBAC, and
    /// each namespace's default one, which stands for all others. Those of the control plane come first. One that does not exist counts: it can be
    /// impersonated, or made.
    /// </summary>
    /// <param name="reached">The namespaces; null stands for all.</param>
    /// <param name="subjects">Subjects of bindings.</param>
    /// <param name="settings">The operator's set-up.</param>
    public static IReadOnlyList<string> Candidates(IReadOnlyCollection<string?> reached, IEnumerable<Rbacv1Subject> subjects, CoreSettings settings)
    {
        var named = subjects.Where(s => s.Kind == V1ServiceAccount.KubeKind && s.NamespaceProperty is { Length: > 0 })
            .Select(s => new ObjectKey(s.NamespaceProperty, s.Name)).ToList();
        return
        [
            .. named.Concat(
                reached.Contains(null) ? named.Select(k => k with { Name = "default" }) : reached.OfType<string>().Select(ns => new ObjectKey(ns, "default")))
                .Where(k => !settings.IsProtected(k.Namespace) && (reached.Contains(null) || reached.Contains(k.Namespace)))
                .Distinct()
                .OrderBy(k => !settings.IsControlPlane(k.Namespace)).ThenBy(k => k.Name == "default").ThenBy(k => k.ToString(), StringComparer.Ordinal)
                .Select(k => k.ToString()),
        ];
    }

    /// <summary>The questions about one ServiceAccount, each with the words for a yes.</summary>
    public static IReadOnlyList<(string Word, V1SubjectAccessReviewSpec Question)> Questions(string serviceAccount)
    {
        var (ns, name) = serviceAccount.Split('/', 2) is [var first, var second] ? (first, second) : ("", serviceAccount);
        return
        [
            .. Telling.Select(t => (t.Word, new V1SubjectAccessReviewSpec
            {
                User = Subjects.ServiceAccountUser(ns, name),
                Groups = [.. Subjects.ServiceAccountGroups(ns)],
                ResourceAttributes = t.Attributes,
            })),
        ];
    }

    /// <summary>
    /// The summary with the authorizer's answers: the ServiceAccounts with wide rights, widest first, and how many were not checked.
    /// </summary>
    public static RoleSummary Tell(RoleSummary summary, ActorFindings findings) => summary with
    {
        Actors =
        [
            .. findings.Answers.Where(a => a.Can.Count > 0)
                .OrderBy(a => !a.Can.Contains(Telling[0].Word)).ThenByDescending(a => a.Can.Count).ThenBy(a => a.ServiceAccount, StringComparer.Ordinal)
                .Take(MostNamed),
        ],
        ActorsAsked = findings.Answers.Count,
        ActorsNotAsked = findings.Candidates - findings.Answers.Count,
    };

    /// <summary>The previous answers, until the authorizer is asked again.</summary>
    public static RoleSummary Remember(RoleSummary summary, RoleSummary? before) => before is null || summary.ActsThrough.Count == 0
        ? summary
        : summary with { Actors = before.Actors, ActorsAsked = before.ActorsAsked, ActorsNotAsked = before.ActorsNotAsked };
}
