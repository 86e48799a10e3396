using BreakGlass.Core;
using BreakGlass.Core.Api;
using k8s.Models;
using Kube.Client;

namespace TestKit.Builders;

/// <summary>
/// Our kinds as tests need them: every builder gives something that is right as it stands, and takes a function for what a test is about.
/// All names and UIDs are constants, so that failures read the same every time.
/// </summary>
public static class A
{
    /// <summary>The moment at which tests begin; whole seconds, as the API server's stamps are.</summary>
    public static readonly DateTimeOffset Start = new(2026, 11, 22, 1, 2, 3, TimeSpan.Zero);

    /// <summary>The set-up of a test's operator.</summary>
    public static CoreSettings Settings { get; } = new();

    /// <summary>A policy that gives Group <c>payments-oncall</c> the ClusterRole <c>edit</c> in namespace <c>payments</c> for 30m, at most 1h.</summary>
    public static BreakGlassPolicy Policy(Func<PolicySpec, PolicySpec>? spec = null, string name = "payments-oncall", string uid = "policy-1") => new()
    {
        Metadata = new() { Name = name, Uid = uid, Generation = 1, ResourceVersion = "1", CreatedAt = Start.AddDays(-1) },
        Spec = (spec ?? (s => s))(new()
        {
            Mode = PolicyMode.BreakGlass,
            Requesters = [Group("payments-oncall")],
            Access = [Entry("payments", "edit", "payments")],
        }),
    };

    /// <summary>A grant that <c>alice</c> of <c>payments-oncall</c> asks of <see cref="Policy"/>, with nothing decided yet.</summary>
    public static BreakGlassGrant Grant(Func<GrantSpec, GrantSpec>? spec = null, string name = "inc-4711", string uid = "grant-1") => new()
    {
        Metadata = new() { Name = name, Uid = uid, Generation = 1, ResourceVersion = "1", CreatedAt = Start },
        Spec = (spec ?? (s => s))(new()
        {
            Policy = "payments-oncall",
            Justification = "checkout returns 5xx since the 01:00 deploy, need to roll back",
            Ticket = "INC-4711",
            Requester = Caller("alice", "payments-oncall"),
        }),
    };

    /// <summary>A grant that ended, as its record stands while it is retained.</summary>
    public static BreakGlassGrant FinishedGrant(GrantPhase phase, string name = "inc-4711", string uid = "grant-1") => Grant(name: name, uid: uid) with
    {
        Status = new()
        {
            Phase = phase, ActivatedAt = Start, ExpiresAt = Start.AddMinutes(30), EndedAt = Start.AddMinutes(30), PolicyUid = "policy-1",
            EndReason = phase is GrantPhase.Expired ? EndReason.Expired : EndReason.RevokedByUser,
            Transitions = [new() { At = Start, From = GrantPhase.Pending, To = GrantPhase.Active },
                new() { At = Start.AddMinutes(30), From = GrantPhase.Active, To = phase }],
        },
    };

    /// <summary>A decision on a grant as admission stamped it.</summary>
    public static BreakGlassApproval Approval(
        BreakGlassGrant grant, Caller approver, string decision = "Approve", DateTimeOffset? at = null, string name = "approval-1") => new()
        {
            Metadata = new() { Name = name, Uid = $"uid-{name}", Generation = 1, ResourceVersion = "1", CreatedAt = at ?? Start },
            Spec = new() { Grant = grant.Metadata.Name, GrantUid = grant.Metadata.Uid, Decision = decision, Approver = approver },
        };

    /// <summary>A review of a grant as admission stamped it.</summary>
    public static BreakGlassReview Review(
        BreakGlassGrant grant, Caller reviewer, string outcome = "Justified", DateTimeOffset? at = null, string name = "review-1") => new()
        {
            Metadata = new() { Name = name, Uid = $"uid-{name}", Generation = 1, ResourceVersion = "1", CreatedAt = at ?? Start },
            Spec = new() { Grant = grant.Metadata.Name, GrantUid = grant.Metadata.Uid, Outcome = outcome, Reviewer = reviewer },
        };

    /// <summary>A lockdown of the policies that a selector matches, or of everything.</summary>
    public static BreakGlassLockdown Lockdown(
        LabelSelector? selector = null, string? by = "sue", DateTimeOffset? at = null, string name = "lockdown-1") => new()
        {
            Metadata = new() { Name = name, Uid = $"uid-{name}", Generation = 1, ResourceVersion = "1", CreatedAt = at ?? Start },
            Spec = new() { Reason = "token leaked", PolicySelector = selector, By = by is null ? null : Caller(by) },
        };

    /// <summary>A drill of <see cref="Policy"/>, every Monday at six.</summary>
    public static BreakGlassDrill Drill(Func<DrillSpec, DrillSpec>? spec = null, string name = "weekly", DrillStatus? status = null) => new()
    {
        Metadata = new() { Name = name, Uid = $"uid-{name}", Generation = 1, ResourceVersion = "1", CreatedAt = Start },
        Spec = (spec ?? (s => s))(new() { Policy = "payments-oncall", Schedule = "0 6 * * 1" }),
        Status = status ?? new(),
    };

    /// <summary>A grant that the drill identity asks for, with its mark.</summary>
    public static BreakGlassGrant DrillGrant(string drill = "weekly", string name = "drill-weekly-1", string uid = "grant-1")
    {
        var grant = Grant(s => s with { Requester = Caller("system:serviceaccount:breakglass-system:breakglass-drill"), Ticket = null }, name, uid);
        return grant with { Metadata = grant.Metadata with { Labels = Labels((BreakGlassApi.DrillLabel, drill)) } };
    }

    /// <summary>A ClusterRole in some namespaces.</summary>
    public static AccessEntry Entry(string name, string clusterRole, params string[] namespaces) => new()
    {
        Name = name, RoleRef = new() { Kind = V1ClusterRole.KubeKind, Name = clusterRole }, Namespaces = namespaces,
    };

    /// <summary>A Role that lives in each of some namespaces.</summary>
    public static AccessEntry RoleEntry(string name, string role, params string[] namespaces) => new()
    {
        Name = name, RoleRef = new() { Kind = V1Role.KubeKind, Name = role }, Namespaces = namespaces,
    };

    /// <summary>A ClusterRole wherever a selector matches.</summary>
    public static AccessEntry SelectorEntry(string name, string clusterRole, LabelSelector selector) => new()
    {
        Name = name, RoleRef = new() { Kind = V1ClusterRole.KubeKind, Name = clusterRole }, NamespaceSelector = selector,
    };

    /// <summary>A ClusterRole in the whole cluster.</summary>
    public static AccessEntry ClusterWideEntry(string name, string clusterRole) => new()
    {
        Name = name, RoleRef = new() { Kind = V1ClusterRole.KubeKind, Name = clusterRole }, ClusterWide = true,
    };

    /// <summary>A selector by labels.</summary>
    public static LabelSelector Selector(params (string Key, string Value)[] labels) => new() { MatchLabels = Labels(labels) };

    /// <summary>A selector by one expression.</summary>
    public static LabelSelector Selector(string key, string op, params string[] values) => new()
    {
        MatchExpressions = [new() { Key = key, Operator = op, Values = values }],
    };

    /// <summary>An authenticated caller.</summary>
    public static Caller Caller(string username, params string[] groups) => new() { Username = username, Groups = groups };

    /// <summary>A subject of kind User.</summary>
    public static Subject User(string name) => new() { Kind = "User", Name = name };

    /// <summary>A subject of kind Group.</summary>
    public static Subject Group(string name) => new() { Kind = "Group", Name = name };

    /// <summary>A subject of kind ServiceAccount.</summary>
    public static Subject ServiceAccount(string ns, string name) => new() { Kind = "ServiceAccount", Namespace = ns, Name = name };

    /// <summary>A namespace with labels.</summary>
    public static V1Namespace Namespace(string name, params (string Key, string Value)[] labels) =>
        new() { Metadata = new() { Name = name, Uid = $"ns-{name}", Labels = Labels(labels) } };

    /// <summary>A namespace that is about to go.</summary>
    public static V1Namespace Terminating(V1Namespace ns) => ns with { Metadata = ns.Metadata with { DeletedAt = Start } };

    /// <summary>A ClusterRole.</summary>
    public static V1ClusterRole ClusterRole(string name, params V1PolicyRule[] rules) =>
        new() { Metadata = new() { Name = name, Uid = $"clusterrole-{name}" }, Rules = rules };

    /// <summary>A Role.</summary>
    public static V1Role Role(string ns, string name, params V1PolicyRule[] rules) =>
        new() { Metadata = new() { NamespaceProperty = ns, Name = name, Uid = $"role-{ns}-{name}" }, Rules = rules };

    /// <summary>A rule over one resource; a subresource is written <c>pods/exec</c>, the core group is empty.</summary>
    public static V1PolicyRule Rule(string group, string resource, params string[] verbs) =>
        new() { ApiGroups = [group], Resources = [resource], Verbs = verbs };

    /// <summary>Labels.</summary>
    public static Dictionary<string, string> Labels(params (string Key, string Value)[] labels) =>
        labels.ToDictionary(l => l.Key, l => l.Value);
}
