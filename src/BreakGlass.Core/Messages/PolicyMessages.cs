using BreakGlass.Core.Sealing;

namespace BreakGlass.Core.Messages;

/// <summary>What is said of a policy.</summary>
internal static class PolicyMessages
{
    public const string Accepted = "Grants of this policy can be activated.";
    public const string Suspended = "spec.suspended is true: no grant is activated, and active grants are revoked.";
    public const string RolesFound = "Every role that the policy names exists, with the rules that it had when the policy was written.";
    public const string NeverExercised = "No grant of this policy was ever active. Exercise the policy in a drill before you need it.";

    public static string NotSealed(BreakGlassPolicy policy, SealState seal) =>
        $"{(seal is SealState.Missing ? "The policy has no seal" : "The policy's seal does not match it")}: it was written without passing this operator's "
            + "admission webhook, so its author cannot be verified and no grant is activated. Ask somebody who may bind its roles to request a "
            + $"seal: kubectl annotate --overwrite bgp {policy.Metadata.Name} {Seal.Annotation}=renew";
    public static string RoleNotFound(IReadOnlyList<string> roles) =>
        $"{string.Join(", ", roles)} {(roles.Count == 1 ? "does" : "do")} not exist. Create {(roles.Count == 1 ? "it" : "them")}, or correct spec.access.";
    public static string RoleNotBindable(IReadOnlyList<RoleReference> roles) => $"The operator may not bind {string.Join(", ", roles)}. "
        + "Add it to the operator's allow-list (ClusterRole breakglass-operator-bind), or correct spec.access.";
    public static string RoleChanged(BreakGlassPolicy policy, IReadOnlyList<string> roles) =>
        $"The role rules of {string.Join(", ", roles)} changed after the policy was "
            + $"written{(policy.Spec.RolePinning is RolePinning.Suspend ? ", so no grant is activated" : "")}. Check status.roles. If the change is intended, "
            + "apply the policy again with a change (for example of its description).";
    public static string RoleChanged(RoleSummary role) => $"The rules that access entry '{role.Name}' gives have changed; it has {role.Rules} rules now"
        + $"{(role.Wildcard ? ", with wildcards" : "")}{(role.CanEscalate ? ", and can escalate" : "")}. Check whether the change is intended.";
    public static string Activations(int recent, OveruseRules overuse) =>
        $"{recent} activation(s) within {overuse.Window}; the limit is {overuse.Activations}.";
    public static string Overused(int recent, OveruseRules overuse) =>
        $"{Activations(recent, overuse)} Emergency access has become a habit: give people who need it regularly regular access.";
    public static string LastActivated(DateTimeOffset at) => $"Last activated at {Timestamp.Text(at)}.";
    public static string LastDrilled(DateTimeOffset at) => $"Never activated by a person; last drilled at {Timestamp.Text(at)}.";
    public static string AuthorityReady(string name) => $"The vouchers of BreakGlassAuthority '{name}' are honoured.";
    public static string AuthorityNotFound(string name) => $"BreakGlassAuthority '{name}' does not exist, so no voucher gives access by this policy. "
        + "Create it, or correct spec.vouchers.authority. Requests without a voucher are not affected.";
    public static string AuthorityNotReady(string name, Condition? ready) =>
        $"BreakGlassAuthority '{name}' is not Ready, so no voucher gives access by this policy. Requests without a voucher are not affected. "
            + $"{ready?.Reason ?? "The operator has not checked it yet"}{(ready is null ? "." : $": {ready.Message}")}";
    public static string ClocksDiffer(CoreSettings settings) =>
        $"The operator's clock is more than {GoDuration.Format(settings.NotableClockSkew)} away from the API server's clock; "
            + $"above {GoDuration.Format(settings.LargestClockSkew)} no grant is activated. Correct the clocks (NTP).";
}
