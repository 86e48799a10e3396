namespace BreakGlass.Operator.Admission;

/// <summary>
/// Counts the requests of a person that wait for a policy's decision, for <see cref="PendingRules"/>: those in the cache, and those that this replica
/// has let in and that the cache does not show yet. So a burst at one replica gets exactly as many through as the policy allows. Of a burst over
/// several replicas more get through, and those beyond the bound are denied when they are decided.
/// </summary>
internal sealed class PendingRequests(Func<string, IReadOnlyList<BreakGlassGrant>> grantsOf, TimeProvider time)
{
    /// <summary>How long a request counts that no cache shows: it may have been refused after this.</summary>
    private static readonly TimeSpan Remembers = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly Dictionary<(string Policy, string Grant), (Caller? Requester, long At)> _letIn = [];

    /// <summary>Why one more request is refused; null if it is not, and then it counts.</summary>
    public Problem? Check(BreakGlassGrant grant, BreakGlassPolicy policy, bool isDryRun)
    {
        if (!PendingRules.Applies(policy.Spec)) return null;
        var requester = grant.Spec.Requester;
        var known = grantsOf(policy.Metadata.Name);
        lock (_gate)
        {
            var names = known.Select(g => g.Metadata.Name).ToHashSet();
            foreach (var (key, one) in _letIn)
            {
                if (time.GetElapsedTime(one.At) > Remembers || (key.Policy == policy.Metadata.Name && names.Contains(key.Grant))) _letIn.Remove(key);
            }

            HashSet<string> waiting =
            [
                .. known.Where(g => Callers.Same(g.Spec.Requester, requester) && PendingRules.Waits(g)).Select(g => g.Metadata.Name),
                .. _letIn.Where(one => one.Key.Policy == policy.Metadata.Name && Callers.Same(one.Value.Requester, requester)).Select(one => one.Key.Grant),
            ];
            waiting.Remove(grant.Metadata.Name);
            if (PendingRules.Check(policy, Callers.Shown(requester), waiting) is { } problem) return problem;
            if (!isDryRun) _letIn[(policy.Metadata.Name, grant.Metadata.Name)] = (requester, time.GetTimestamp());
            return null;
        }
    }
}
