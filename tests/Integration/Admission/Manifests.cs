namespace Integration.Admission;

/// <summary>Manifests of our kinds, as people write them.</summary>
internal static class Manifests
{
    public static string Policy(
        string name, string access = "{name: a, roleRef: {kind: ClusterRole, name: view}, namespaces: [default]}", string more = "") => $$"""
            apiVersion: breakglass.dev/v1alpha1
            kind: BreakGlassPolicy
            metadata: {name: {{name}}}
            spec:
              mode: JustInTime
              requesters: [{kind: Group, name: payments-oncall}, {kind: User, name: erin}]
              access: [{{access}}]
              approval: {approvers: [{kind: Group, name: commanders}]}
              {{more}}
            """;

    public static string Grant(string name, string policy, string more = "") => $$"""
        apiVersion: breakglass.dev/v1alpha1
        kind: BreakGlassGrant
        metadata: {{(name.StartsWith('{') ? name : $"{{name: {name}}}")}}
        spec:
          policy: {{policy}}
          justification: checkout returns 5xx since the deploy
          {{more}}
        """;

    public static string Approval(string name, string grant, string more = "") => $$"""
        apiVersion: breakglass.dev/v1alpha1
        kind: BreakGlassApproval
        metadata: {name: {{name}}}
        spec:
          grant: {{grant}}
          decision: Approve
          {{more}}
        """;

    public static string Review(string name, string grant, string more = "") => $$"""
        apiVersion: breakglass.dev/v1alpha1
        kind: BreakGlassReview
        metadata: {name: {{name}}}
        spec:
          grant: {{grant}}
          outcome: Justified
          {{more}}
        """;

    public static string Lockdown(string name, string more = "") => $$"""
        apiVersion: breakglass.dev/v1alpha1
        kind: BreakGlassLockdown
        metadata: {name: {{name}}}
        spec:
          reason: token leaked
          policySelector:
            matchLabels: {of: "{{name}}"}
          {{more}}
        """;
}
