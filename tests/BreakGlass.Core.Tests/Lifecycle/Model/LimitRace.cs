using System.Globalization;
using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;
using TestKit.Builders;

namespace BreakGlass.Core.Tests.Lifecycle.Model;

/// <summary>
/// Many grants of one policy with limits, and several operators that decide on them by caches of their own, each as far behind as it happens to be. The
/// server knows resourceVersions and nothing else; it is the decisions that must keep the limit.
/// </summary>
internal sealed class LimitRace
{
    private static readonly ClusterView View = AView.Usual();

    private readonly Decider[] _deciders;
    private int _version = 100;

    public LimitRace(Limits limits, int grants, int deciders, Func<int, string> requester)
        : this(A.Policy(s => s with { Limits = limits }), grants, deciders, requester)
    {
    }

    public LimitRace(BreakGlassPolicy policy, int grants, int deciders, Func<int, string> requester)
    {
        Policy = policy;
        Grants = Enumerable.Range(0, grants)
            .Select(i => A.Grant(s => s with { Requester = A.Caller(requester(i), "payments-oncall") }, $"g{i}", $"uid-g{i}"))
            .ToDictionary(g => g.Metadata.Name);
        _deciders = [.. Enumerable.Range(0, deciders).Select(_ => new Decider(Policy, new(Grants)))];
    }

    public DateTimeOffset Now { get; set; } = A.Start;

    public BreakGlassPolicy Policy { get; private set; }

    public Dictionary<string, BreakGlassGrant> Grants { get; }

    public IEnumerable<BreakGlassGrant> Live => Grants.Values.Where(g => g.Status.IsRecorded && !g.Status.IsTerminal);

    /// <summary>One operator looks at one grant once: decides by what it sees and does the one step of it.</summary>
    public void Turn(int decider, int which)
    {
        var view = _deciders[decider];
        var name = $"g{which}";
        if (!view.Grants.TryGetValue(name, out var grant) || grant.Status.IsTerminal || grant.Status.IsRecorded) return;
        var facts = new GrantFacts
        {
            Now = Now, Settings = A.Settings, Name = name, Grant = grant, Policy = view.Policy, Cluster = View,
            Siblings = [.. view.Grants.Values.Where(g => g.Metadata.Name != name)],
        }.JudgedBy(Core.Sealing.SealCheck.Trusting);
        var run = view.Runs.GetValueOrDefault(which, GrantRun.Fresh).Of(grant.Metadata.Uid);
        var step = run.Next(facts).Steps.SingleOrDefault();

        // The answers to writes come from the caches here; only reads tell a run something.
        view.Runs[which] = step is PlanStep.Refresh or PlanStep.ReadSiblings ? run.After(facts, step, new StepResult.Done(), Now).Run : GrantRun.Fresh;
        switch (step)
        {
            case PlanStep.Refresh:
                view.Policy = Policy;
                break;
            case PlanStep.ReadSiblings look:
                foreach (var other in look.Names) Look(decider, int.Parse(other.AsSpan(1), CultureInfo.InvariantCulture));
                break;
            case PlanStep.Reserve reserve:
                if (reserve.Policy.Metadata.ResourceVersion == Policy.Metadata.ResourceVersion) Policy = Touched(Policy with { Status = reserve.Status });
                view.Policy = Policy;
                break;
            case PlanStep.WriteStatus write:
                if (Grants.TryGetValue(name, out var there) && there.Metadata.ResourceVersion == grant.Metadata.ResourceVersion)
                    Grants[name] = Touched(there with { Status = write.Status });
                Look(decider, which);
                break;
        }
    }

    /// <summary>One operator's cache of one grant catches up.</summary>
    public void Look(int decider, int which)
    {
        var view = _deciders[decider];
        if (Grants.TryGetValue($"g{which}", out var grant)) view.Grants[$"g{which}"] = grant;
        else view.Grants.Remove($"g{which}");
    }

    /// <summary>One operator's cache of the policy catches up.</summary>
    public void LookAtPolicy(int decider) => _deciders[decider].Policy = Policy;

    /// <summary>An operator starts: its caches are listed one after the other, the grants before some of what is in the policy.</summary>
    public void Restart(int decider, int forgets) =>
        _deciders[decider] = new(Policy, Grants.Where((_, i) => i % 7 != forgets % 7).ToDictionary(p => p.Key, p => p.Value));

    /// <summary>One operator keeps the policy's status, by what it sees; it asks the server for grants that it does not see.</summary>
    public void KeepPolicy(int decider)
    {
        var view = _deciders[decider];
        PolicyFacts Facts(IReadOnlyCollection<string> absent) => new() { Now = Now, Settings = A.Settings, Seal = Core.Sealing.SealState.Valid,
            Policy = view.Policy, Grants = [.. view.Grants.Values], Cluster = View, Absent = absent };
        var plan = PolicyLifecycle.Decide(Facts([]));
        if (plan.LookFor.Count > 0)
        {
            foreach (var holder in plan.LookFor.Where(h => Grants.ContainsKey(h.Grant))) view.Grants[holder.Grant] = Grants[holder.Grant];
            plan = PolicyLifecycle.Decide(Facts([.. plan.LookFor.Where(h => !Grants.ContainsKey(h.Grant)).Select(h => h.Uid)]));
        }

        if (view.Policy.Metadata.ResourceVersion == Policy.Metadata.ResourceVersion) Policy = Touched(Policy with { Status = plan.Status });
        view.Policy = Policy;
    }

    /// <summary>A grant that is live ends.</summary>
    public void End(int which)
    {
        if (!Grants.TryGetValue($"g{which}", out var grant) || !Live.Contains(grant)) return;
        Grants[$"g{which}"] = Touched(
            grant with { Status = grant.Status with { Phase = GrantPhase.Revoked, EndedAt = Now, EndReason = EndReason.RevokedByUser,
                Transitions = [.. grant.Status.Transitions, new() { To = GrantPhase.Active }] } });
    }

    /// <summary>A grant that is over is deleted.</summary>
    public void Delete(int which)
    {
        if (Grants.TryGetValue($"g{which}", out var grant) && grant.Status.IsTerminal) Grants.Remove($"g{which}");
    }

    private BreakGlassGrant Touched(BreakGlassGrant grant) => grant with { Metadata = grant.Metadata with { ResourceVersion = $"{++_version}" } };

    private BreakGlassPolicy Touched(BreakGlassPolicy policy) => policy with { Metadata = policy.Metadata with { ResourceVersion = $"{++_version}" } };

    private sealed class Decider(BreakGlassPolicy policy, Dictionary<string, BreakGlassGrant> grants)
    {
        public BreakGlassPolicy Policy { get; set; } = policy;

        public Dictionary<string, BreakGlassGrant> Grants { get; } = grants;

        /// <summary>By grant, the run that it is in, as far as it came.</summary>
        public Dictionary<int, GrantRun> Runs { get; } = [];
    }
}
