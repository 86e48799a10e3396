using BreakGlass.Core;
using BreakGlass.Core.Api;
using BreakGlass.Core.Model;

namespace Benchmarks;

/// <summary>Statuses as long as those that the operator writes: for the floor, and for grants that are over already.</summary>
internal static class FloorStatus
{
    public static GrantStatus Recorded(BreakGlassGrant grant, AccessEntry entry, Target target, DateTimeOffset now, DateTimeOffset due) => new()
    {
        ObservedGeneration = 1,
        Phase = GrantPhase.Pending,
        ActivatedAt = now,
        ExpiresAt = due,
        PolicyUid = grant.Metadata.Uid,
        Credential = CredentialKind.ServiceAccountToken,
        Access = [entry],
        Bindings = [GrantNames.Record(grant, target)],
        ServiceAccount = $"{BenchmarkCluster.GrantsNamespace}/{GrantNames.Identity(grant)}",
        CredentialSecret = $"{BenchmarkCluster.GrantsNamespace}/{GrantNames.Identity(grant)}",
        Transitions = [Moved(now, null, GrantPhase.Pending, "Requested")],
        Conditions =
        [
            Condition("Authorized", "True", "PolicyAllows", $"Policy '{grant.Spec.Policy}' allows alice this access for 1h.", now),
            Condition("Approved", "True", "NotRequired", "Policies of mode BreakGlass give access immediately; it is reviewed afterwards.", now),
            Condition("Active", "False", "Opening", "The operator is creating the access.", now),
            Condition("Revoked", "False", "NotEnded", "Access has not ended yet.", now),
        ],
    };

    public static GrantStatus Active(BreakGlassGrant grant, string? bindingUid, DateTimeOffset now) => grant.Status with
    {
        Phase = GrantPhase.Active,
        CredentialExpiresAt = grant.Status.ExpiresAt,
        Bindings = [grant.Status.Bindings[0] with { Uid = bindingUid }],
        Transitions = [.. grant.Status.Transitions, Moved(now, GrantPhase.Pending, GrantPhase.Active, "PolicyAllows")],
        Conditions = With(grant.Status.Conditions, Condition("Active", "True", "AccessGiven",
            $"Access works until {Timestamp.Text(grant.Status.ExpiresAt!.Value)}. Get the kubeconfig with: "
                + $"kubectl get secret -n {BenchmarkCluster.GrantsNamespace} {GrantNames.Identity(grant)} "
            + "-o jsonpath='{.data.kubeconfig}' | base64 -d. To end access sooner, set spec.revoke.", now)),
    };

    /// <summary>The status of a grant that was active for a while and whose end is proven.</summary>
    public static GrantStatus Over(BreakGlassGrant grant, AccessEntry entry, Target target, DateTimeOffset ended)
    {
        var began = ended - TimeSpan.FromMinutes(30);
        var active = Active(grant with { Status = Recorded(grant, entry, target, began, ended) }, grant.Metadata.Uid, began);
        return active with
        {
            Phase = GrantPhase.Expired,
            EndedAt = ended,
            EndReason = EndReason.Expired,
            Transitions = [.. active.Transitions, Moved(ended, GrantPhase.Active, GrantPhase.Expired, "Expired")],
            Conditions =
            [
                .. With(With(active.Conditions, Condition("Active", "False", "Expired", "Access expired.", ended)),
                    Condition("Revoked", "True", "Proven", "SubjectAccessReview finds no access through this grant. TokenReview refuses the token.", ended)),
                Condition("Reviewed", "False", "ReviewPending",
                    $"The grant must be reviewed within 24h of its end. Ask the reviewers of policy '{grant.Spec.Policy}'.", ended),
            ],
        };
    }

    private static IReadOnlyList<Condition> With(IReadOnlyList<Condition> conditions, Condition changed) =>
        [.. conditions.Select(c => c.Type == changed.Type ? changed : c)];

    private static Condition Condition(string type, string status, string reason, string message, DateTimeOffset at) =>
        new() { Type = type, Status = status, Reason = reason, Message = message, ObservedGeneration = 1, LastTransitionTime = at };

    private static TransitionRecord Moved(DateTimeOffset at, GrantPhase? from, GrantPhase to, string reason) =>
        new() { At = at, From = from, To = to, Actor = to is GrantPhase.Expired ? "breakglass-operator" : "alice", Reason = reason };
}
