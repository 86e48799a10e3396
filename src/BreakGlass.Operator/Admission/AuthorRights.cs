namespace BreakGlass.Operator.Admission;

/// <summary>
/// Whether a policy's author could hand out by hand what the policy hands out: the verb <c>bind</c> on every role it names, in every place it reaches, as
/// Kubernetes asks it of whoever creates a binding. Source: Kubernetes docs, "Using RBAC Authorization", Restrictions on role binding creation or update.
/// </summary>
internal sealed class AuthorRights(KubeClient client)
{
    private const int AtOnce = 16;

    public readonly record struct Gap(RoleReference Role, string? Namespace)
    {
        /// <inheritdoc/>
        public override string ToString() => Namespace is null ? $"{Role} in the whole cluster" : $"{Role} in namespace {Namespace}";
    }

    /// <summary>What of the access an author may not hand out; empty where they may hand out all of it.</summary>
    /// <exception cref="KubeApiException">The API server did not answer the question.</exception>
    /// <exception cref="KubeConnectionException">It could not be asked.</exception>
    public async Task<IReadOnlyList<Gap>> MissingAsync(V1UserInfo author, IReadOnlyList<AccessEntry> access, CancellationToken cancellationToken)
    {
        // Whoever may bind a role everywhere is asked about it once, and that is nearly everybody who writes policies.
        var places = access.SelectMany(Places).Distinct().ToList();
        var everywhere = await DeniedAsync(author, [.. places.Select(p => p.Role).Distinct().Select(role => new Gap(role, null))], cancellationToken);
        var gaps = places.Where(p => everywhere.Contains(new(p.Role, null))).ToList();
        var denied = await DeniedAsync(author, [.. gaps.Where(g => g.Namespace is not null)], cancellationToken);
        return [.. gaps.Where(g => g.Namespace is null || denied.Contains(g))];
    }

    private static IEnumerable<Gap> Places(AccessEntry entry) =>
        entry.Namespaces.Count > 0 && entry.NamespaceSelector is null && entry.ClusterWide is not true
            ? entry.Namespaces.Select(ns => new Gap(entry.RoleRef, ns))
            : [new(entry.RoleRef, null)];

    private async Task<IReadOnlySet<Gap>> DeniedAsync(V1UserInfo author, IReadOnlyList<Gap> questions, CancellationToken cancellationToken)
    {
        var denied = new ConcurrentDictionary<Gap, bool>();
        await Parallel.ForEachAsync(
            questions, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, async (question, ct) =>
            {
                var review = AccessReviews.May(author, new()
                {
                    Verb = "bind",
                    Group = V1Role.KubeGroup,
                    Resource = question.Role.Kind == V1ClusterRole.KubeKind ? "clusterroles" : "roles",
                    Name = question.Role.Name,
                    NamespaceProperty = question.Namespace,
                });
                var answer = await client.CreateAsync(review, ct);
                if (answer.Status?.Allowed is not true) denied[question] = true;
            });
        return denied.Keys.ToHashSet();
    }
}
