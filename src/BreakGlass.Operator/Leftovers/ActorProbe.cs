using System.Threading.Channels;

namespace BreakGlass.Operator.Leftovers;

/// <summary>
/// Asks the authorizer, in the background and one policy after another, what those ServiceAccounts may do as which its grants could act. Answers hold
/// for a while; no policy waits for them.
/// </summary>
internal sealed class ActorProbe(KubeClient client, ClusterCaches caches, CoreSettings settings, TimeProvider time, ILogger logger)
{
    public static readonly TimeSpan Holds = TimeSpan.FromMinutes(10);

    private static readonly IReadOnlyDictionary<string, ActorFindings> Nothing = new Dictionary<string, ActorFindings>();

    private readonly Channel<string> _queue = Channel.CreateBounded<string>(
        new BoundedChannelOptions(1000) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });
    private readonly ConcurrentDictionary<string, bool> _queued = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Held> _held = new(StringComparer.Ordinal);
    private (long At, IReadOnlyList<Rbacv1Subject> All)? _subjects;

    /// <summary>What is known of the entries of a policy by now; where it is old or missing, it is asked for.</summary>
    public IReadOnlyDictionary<string, ActorFindings> Latest(BreakGlassPolicy policy)
    {
        var name = policy.Metadata.Name;
        var held = _held.GetValueOrDefault(name);
        if (held is not null && (held.Uid != policy.Metadata.Uid || held.Generation != policy.Metadata.Generation)) held = null;
        if ((held is null || time.GetElapsedTime(held.At) >= Holds) && _queued.TryAdd(name, true) && !_queue.Writer.TryWrite(name))
            _queued.TryRemove(name, out _);
        return held?.Findings ?? Nothing;
    }

    /// <summary>Asks until cancelled, and names each policy of which more is known.</summary>
    public async Task RunAsync(Action<string> changed, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var name in _queue.Reader.ReadAllAsync(cancellationToken))
            {
                _queued.TryRemove(name, out _);
                try
                {
                    if (caches.Policy(name) is not { } policy)
                    {
                        _held.TryRemove(name, out _);
                        continue;
                    }

                    _held[name] = new(time.GetTimestamp(), policy.Metadata.Uid, policy.Metadata.Generation, await AskAsync(policy, cancellationToken));
                    changed(name);
                }
                catch (Exception e) when (e is KubeApiException or KubeConnectionException or KubeConfigException)
                {
                    logger.ActorsNotAsked(name, e);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    private async Task<IReadOnlyDictionary<string, ActorFindings>> AskAsync(BreakGlassPolicy policy, CancellationToken cancellationToken)
    {
        var (view, findings, answers) = (caches.View.Now(), new Dictionary<string, ActorFindings>(StringComparer.Ordinal),
            new Dictionary<string, ActorSummary>(StringComparer.Ordinal));
        foreach (var entry in policy.Spec.Access.Where(e => ActingAs.Ways(RoleSummaries.RulesOf(e, view)).Count > 0))
        {
            var reached = Targets.Resolve([entry], policy.Spec, [], view.Namespaces, settings).Select(t => t.Namespace).ToHashSet();
            var candidates = ActingAs.Candidates(reached, await SubjectsAsync(cancellationToken), settings);
            var asked = candidates.Take(ActingAs.MostAsked).ToList();
            foreach (var account in asked.Where(a => !answers.ContainsKey(a))) answers[account] = await AnswerAsync(account, cancellationToken);
            findings[entry.Name] = new(candidates.Count, [.. asked.Select(a => answers[a])]);
        }

        return findings;
    }

    /// <summary>Those whom a binding gives something in the whole cluster, or in kube-system.</summary>
    private async Task<IReadOnlyList<Rbacv1Subject>> SubjectsAsync(CancellationToken cancellationToken)
    {
        if (_subjects is { } held && time.GetElapsedTime(held.At) < Holds) return held.All;
        var wide = await client.ListAsync<V1ClusterRoleBinding>(new() { ResourceVersion = "0" }, cancellationToken);
        var system = await client.ListAsync<V1RoleBinding>(new() { Namespace = "kube-system", ResourceVersion = "0" }, cancellationToken);
        IReadOnlyList<Rbacv1Subject> all = [.. wide.Items.SelectMany(b => b.SubjectsOrEmpty).Concat(system.Items.SelectMany(b => b.SubjectsOrEmpty))
            .Where(s => s.Kind == V1ServiceAccount.KubeKind).Distinct()];
        _subjects = (time.GetTimestamp(), all);
        return all;
    }

    private async Task<ActorSummary> AnswerAsync(string account, CancellationToken cancellationToken)
    {
        var can = new List<string>();
        foreach (var (word, question) in ActingAs.Questions(account))
        {
            if ((await client.CreateAsync(new V1SubjectAccessReview { Spec = question }, cancellationToken)).Status?.Allowed is true) can.Add(word);
        }

        return new() { ServiceAccount = account, Can = can };
    }

    private sealed record Held(long At, string? Uid, long? Generation, IReadOnlyDictionary<string, ActorFindings> Findings);
}
