namespace BreakGlass.Cli.Checks;

/// <summary>What is allowed and still worth a second look: the questions that a reviewer of a pull request would ask.</summary>
internal static class PolicyAdvice
{
    private static readonly string[] Everybody = ["system:authenticated", "system:unauthenticated", "system:serviceaccounts"];

    /// <summary>Roles that every cluster has and no file need hold, and that read Secrets. Of cluster-admin worse is said below.</summary>
    private static readonly string[] BuiltInReaders = ["admin", "edit"];

    private static readonly V1PolicyRule s_readsSecrets = new() { Verbs = ["get"], ApiGroups = [""], Resources = ["secrets"] };

    public static IEnumerable<Finding> Of(Manifest manifest, BreakGlassPolicy policy, ManifestSet files, CoreSettings settings)
    {
        var spec = policy.Spec;
        foreach (var warning in PolicyWarnings.Of(policy, settings, e => Rules(e, files) ?? (BuiltInReaders.Contains(e.RoleRef.Name) ? [s_readsSecrets] : [])))
        {
            yield return Linter.Found(manifest, warning.Reason, warning.Field, $"{warning}.", FindingLevel.Warning);
        }

        for (var i = 0; i < spec.Requesters.Count; i++)
        {
            if (!Everybody.Contains(spec.Requesters[i].Name)) continue;
            yield return Advice(manifest, "EverybodyMayAsk", $"spec.requesters[{i}]",
                $"{spec.Requesters[i].Name} includes everybody who can reach the cluster; name the on-call group.");
        }

        if (spec.Approval is { } approval && approval.Approvers.Count > 0 && approval.Approvers.All(spec.Requesters.Contains))
        {
            yield return Advice(manifest, "ApproversAreRequesters", "spec.approval.approvers",
                "every approver can also request, so two colleagues can approve each other's access; add approvers from another group.");
        }

        if (spec.Mode is PolicyMode.BreakGlass && spec.Review?.Reviewers is not { Count: > 0 })
        {
            yield return Advice(manifest, "NoReviewers", "spec.review",
                "there are no reviewers, so anybody who can create reviews and was not involved can review; set spec.review.reviewers.");
        }

        for (var i = 0; i < spec.Access.Count; i++)
        {
            foreach (var finding in Entry(manifest, spec.Access[i], $"spec.access[{i}]", files)) yield return finding;
        }
    }

    private static IEnumerable<Finding> Entry(Manifest manifest, AccessEntry entry, string field, ManifestSet files)
    {
        if (entry.RoleRef is { Kind: V1ClusterRole.KubeKind, Name: "cluster-admin" } && entry.ClusterWide is true)
        {
            yield return Advice(manifest, "ClusterAdmin", $"{field}.roleRef",
                "this gives access to the whole cluster, including the operator and its records; use narrower roles, or require approval.");
        }

        if (Rules(entry, files) is not { } rules) yield break;
        if (rules.Any(RoleRisk.CanEscalate)) yield return Advice(manifest, "RoleCanEscalate", $"{field}.roleRef",
            $"{entry.RoleRef} lets its holder gain more rights that outlast the grant; remove bind, escalate, impersonate and write access to roles.");
        if (rules.Any(RoleRisk.HasWildcard)) yield return Advice(manifest, "RoleHasWildcard", $"{field}.roleRef",
            $"{entry.RoleRef} contains a wildcard, so it grows with every kind that is installed; list the resources.");
    }

    private static IReadOnlyList<V1PolicyRule>? Rules(AccessEntry entry, ManifestSet files) => entry.RoleRef.Kind == V1ClusterRole.KubeKind
        ? files.Read<V1ClusterRole>().FirstOrDefault(r => r.Metadata.Name == entry.RoleRef.Name)?.RulesOrEmpty
        : files.Read<V1Role>().FirstOrDefault(
            r => r.Metadata.Name == entry.RoleRef.Name && entry.Namespaces.Contains(r.Metadata.NamespaceProperty ?? ""))?.RulesOrEmpty;

    private static Finding Advice(Manifest manifest, string rule, string field, string message) =>
        Linter.Found(manifest, rule, field, $"{field}: {message}", FindingLevel.Warning);
}
