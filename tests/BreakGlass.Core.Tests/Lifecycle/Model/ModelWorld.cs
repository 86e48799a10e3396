using BreakGlass.Core.Api;
using BreakGlass.Core.Journal;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Rules;
using BreakGlass.Core.Sealing;
using k8s;
using k8s.Models;
using Kube.Client;
using TestKit.Builders;

namespace BreakGlass.Core.Tests.Lifecycle.Model;

/// <summary>
/// A cluster with an operator in it that carries out the product's own <see cref="GrantRun"/>: rounds until there is nothing to do, optimistic locking,
/// deletes by UID, caches that select by label. Time moves only by <see cref="RunFor"/> and <see cref="RunUntil"/>, from one instant that was asked for
/// to the next.
/// </summary>
internal sealed partial class ModelWorld
{
    public const string GrantName = "inc-4711";

    /// <summary>The reconciler gives up after this many rounds of one run.</summary>
    private const int MostRounds = 40;

    private readonly Dictionary<string, Token> _vault = [];
    private ModelRun _run = new();
    private object?[]? _seenAtPause;

    public ModelWorld(BreakGlassPolicy? policy = null, BreakGlassGrant? grant = null)
    {
        foreach (var o in AView.UsualObjects)
        {
            if (o is V1Namespace ns) Cluster.Namespaces = Cluster.Namespaces.Add(ns.Metadata.Name, ns);
            if (o is V1ClusterRole role) Cluster.Rules = Cluster.Rules.Add(("", role.Metadata.Name), role.RulesOrEmpty);
        }

        Cluster.Policy = policy ?? A.Policy();
        Cluster.Grant = grant ?? A.Grant();
        Sync();
    }

    public ModelCluster Cluster { get; set; } = new();

    public DateTimeOffset Now
    {
        get => Cluster.Now;
        set => Cluster.Now = value;
    }

    public CoreSettings Settings { get; set; } = A.Settings;

    public SealState Seal { get; set; } = SealState.Valid;

    public SealState PolicySeal { get; set; } = SealState.Valid;

    public SealState AuthoritySeal { get; set; } = SealState.Valid;

    /// <summary>Whether the record in the grant's status is the operator's.</summary>
    public SealState RecordSeal { get; set; } = SealState.Valid;

    /// <summary>The keys that seals are made with cannot be read.</summary>
    public bool SealsUnknown { get; set; }

    public TimeSpan? ClockSkew { get; set; }

    /// <summary>The storage of the journal cannot be written.</summary>
    public bool JournalIsAway { get; set; }

    /// <summary>The operator has just begun to lead, and has not read the journal yet.</summary>
    public bool JournalIsUnread { get; set; }

    /// <summary>What the operator told, in order.</summary>
    public List<GrantEvent> Events { get; } = [];

    /// <summary>The plans of all rounds, in order.</summary>
    public List<GrantPlan> Plans { get; } = [];

    /// <summary>The caches of policy and namespaces stand still, until the operator reads from the server itself.</summary>
    public bool CachesLag { get; set; }

    /// <summary>What becomes of each step; all goes well by default.</summary>
    public Func<PlanStep, StepFault> Faults { get; set; } = _ => StepFault.None;

    /// <summary>In which order the steps of a plan happen to be done.</summary>
    public Func<IReadOnlyList<PlanStep>, IReadOnlyList<PlanStep>> Order { get; set; } = steps => steps;

    /// <summary>How often a run gave way, and something happened before it went on.</summary>
    public int Overtaken { get; private set; }

    /// <summary>How often the operator died and started again.</summary>
    public int Lives { get; private set; }

    /// <summary>Called with every decision.</summary>
    public Action<GrantFacts, GrantPlan> Decided { get; set; } = (_, _) => { };

    /// <summary>Called once between a decision and its execution: what the world does meanwhile.</summary>
    public Action? Meanwhile { get; set; }

    /// <summary>Called after every step that was done.</summary>
    public Action<GrantFacts, PlanStep> Done { get; set; } = (_, _) => { };

    public BreakGlassGrant Grant => Cluster.Grant ?? throw new InvalidOperationException("The grant is gone.");

    public GrantStatus Status => Grant.Status;

    private object?[] Sight => [Cluster.Grant, Cluster.Policy, Cluster.Authority, Cluster.Objects, Cluster.Lockdowns, Cluster.Namespaces];

    private BreakGlassPolicy? SeenPolicy { get; set; }

    private BreakGlassAuthority? SeenAuthority { get; set; }

    private ClusterView SeenView { get; set; } = AView.Of();

    /// <summary>
    /// One run of the reconciler: the plan at its rest, or null where it broke off with an error or died. A run that gives way after a cut or a proof is
    /// queued again at once; what happens before its turn comes, it does not know.
    /// </summary>
    public GrantPlan? Reconcile()
    {
        var run = _run;
        if (Settings.HasJournal && !JournalIsAway) AppendToJournal();
        if (_seenAtPause is { } seen && !seen.SequenceEqual(Sight)) Overtaken++;
        try
        {
            return RunRounds(run);
        }
        catch (BrokenOff)
        {
            return null;
        }
        catch (Died)
        {
            Crash();
            run = new();
            return null;
        }
        finally
        {
            var paused = run.Knows.Pause is not RunPause.None;
            _run = new() { Knows = run.Knows.Again(Now) ?? GrantRun.Fresh, Token = paused ? run.Token : null };
            _seenAtPause = paused ? Sight : null;
        }
    }

    /// <summary>
    /// A run gives way only after its own grant gives nothing any more; what somebody wrote while the plan was carried out, it does not know.
    /// </summary>
    private void CheckIsCut(GrantFacts facts, GrantPlan plan)
    {
        if (facts.Grant is not { } grant || !plan.Revokes) return;
        var open = plan.Steps.OfType<PlanStep.Remove>().Select(r => r.Object).Where(o => GrantLifecycle.IsOf(grant, o) && GrantLifecycle.GivesAccess(grant, o))
            .Where(o => Cluster.Objects.Values.Any(there => there.Metadata.Uid == o.Metadata.Uid && GrantLifecycle.GivesAccess(grant, there)));
        if (open.FirstOrDefault() is { } kept)
            throw new InvalidOperationException($"The run of {grant.Metadata.Name} gave way, and {kept.KindName} {kept.Key} still gives access.");
    }

    private GrantPlan RunRounds(ModelRun run)
    {
        for (var round = 0; round < MostRounds; round++)
        {
            var facts = Gather(run);
            var plan = run.Knows.Next(facts);
            Plans.Add(plan);
            Decided(facts, plan);
            if (plan.Steps.Count == 0)
            {
                run.Knows = run.Knows.AtRest(facts);
                return plan;
            }

            Execute(facts, plan, run);
            run.Knows = run.Knows.AfterRound(facts, plan);
            if (run.Knows.Pause is RunPause.AfterCut) CheckIsCut(facts, plan);
            if (run.Knows.Pause is not RunPause.None) return GrantPlan.Wait(Now);
        }

        throw new InvalidOperationException(
            $"Did not settle in {MostRounds} rounds; the last steps: {string.Join("; ", Plans.TakeLast(3).SelectMany(p => p.Steps))}");
    }

    /// <summary>Runs the operator, as it asks to be woken, up to an instant.</summary>
    public ModelWorld RunUntil(DateTimeOffset until)
    {
        var failures = 0;
        for (var runs = 0; runs < 2000; runs++)
        {
            var plan = Reconcile();
            failures = plan is null ? failures + 1 : 0;
            var next = plan is null ? Now + TimeSpan.FromMilliseconds(100 << Math.Min(failures - 1, 6)) : plan.LookAgainAt;
            if (next is not { } at || at > until)
            {
                if (until > Now) Now = until;
                return this;
            }

            if (at > Now) Now = at;
        }

        throw new InvalidOperationException(
            $"Did not come to rest until {until:O}; it is {Now:O}, and the last steps are: {string.Join("; ", Plans.TakeLast(3).SelectMany(p => p.Steps))}");
    }

    public ModelWorld RunFor(TimeSpan time) => RunUntil(Now + time);

    /// <summary>Runs until nothing is left to be done at once. Looking again within a second counts as that.</summary>
    public ModelWorld Run() => RunFor(TimeSpan.FromSeconds(1));

    /// <summary>The operator dies and starts again: all that it knew beside the cluster is gone.</summary>
    public void Crash()
    {
        _vault.Clear();
        Lives++;
        (_run, _seenAtPause) = (new(), null);
        Sync();
    }

    public ModelWorld Copy()
    {
        var copy = new ModelWorld
        {
            Cluster = Cluster.Copy(), Settings = Settings, JournalIsAway = JournalIsAway, JournalIsUnread = JournalIsUnread,
            ClockSkew = ClockSkew, CachesLag = CachesLag, SeenPolicy = SeenPolicy, SeenAuthority = SeenAuthority, SeenView = SeenView,
            TokenMemory = TokenMemory, TokenExtra = TokenExtra, Seal = Seal, PolicySeal = PolicySeal, AuthoritySeal = AuthoritySeal, RecordSeal = RecordSeal,
        };
        foreach (var (uid, token) in _vault) copy._vault[uid] = token;
        return copy;
    }

    /// <summary>What the operator knows now.</summary>
    public GrantFacts Gather(ModelRun run)
    {
        if (!CachesLag) Sync();
        run.Knows = run.Knows.Of(Cluster.Grant?.Metadata.Uid);
        return run.Knows.Known(new()
        {
            Now = Now,
            Settings = Settings,
            Name = GrantName,
            Grant = Cluster.Grant,
            Policy = SeenPolicy?.Metadata.Name == Cluster.Grant?.Spec.Policy ? SeenPolicy : null,
            Authority = SeenPolicy?.Spec.Vouchers?.Authority is { } name && SeenAuthority?.Metadata.Name == name ? SeenAuthority : null,
            Cluster = SeenView,
            Objects = [.. Cluster.Objects.Values.Where(IsCached).OrderBy(o => ObjectPlace.Of(o).ToString(), StringComparer.Ordinal)],
            ClockSkew = ClockSkew,
            Journal = Settings.HasJournal ? Journal() : null,
            Seal = Seal,
            PolicySeal = PolicySeal,
            AuthoritySeal = AuthoritySeal,
            RecordSeal = RecordSeal,
            SealsUnknown = SealsUnknown,
            Approvals = [.. Cluster.Approvals.Where(a => a.Spec.GrantUid == Cluster.Grant?.Metadata.Uid)],
            Reviews = [.. Cluster.Reviews.Where(r => r.Spec.GrantUid == Cluster.Grant?.Metadata.Uid)],
            Lockdowns = Cluster.Lockdowns,
            Siblings = Cluster.Siblings,
            Audit = (Cluster.Grant is { } used && GatewayRules.ShowsUse(used.Status) ? Settings.HasGateway : Settings.RecordsSessions)
                ? new(A.Start.AddDays(-1), Cluster.LastEvent ?? Now) : null,
            LastActivityAt = Cluster.LastUse,
            Anomalies = Cluster.Unusual,
        });
    }

    /// <summary>The sequencer's turn: what is not in the journal yet is appended.</summary>
    private void AppendToJournal()
    {
        if (Cluster.Grant is not { Metadata.Uid: { } uid } grant) return;
        for (var number = 0; number < grant.Status.Transitions.Count; number++)
        {
            if (Cluster.Journal.Exists(e => e.Uid == uid && e.Transition.Number == number)) continue;
            var transition = grant.Status.Transitions[number];
            Cluster.Journal = Cluster.Journal.Add((uid, new(number, Cluster.Journal.Count, transition.At, GrantEntries.TypeOf(transition.To))));
        }
    }

    private JournalFacts Journal() => new(
        [.. Cluster.Journal.Where(e => e.Uid == Cluster.Grant?.Metadata.Uid).Select(e => e.Transition)],
        JournalIsAway && !JournalIsUnread ? "the storage is gone" : null)
    {
        IsRead = !JournalIsUnread,
    };

    private static bool IsCached(IKubernetesObject<V1ObjectMeta> o) => GrantObjects.IsWatched(o) && Ownership.Names(o).Contains(GrantName);

    private void Sync() => (SeenPolicy, SeenAuthority, SeenView) = (Cluster.Policy, Cluster.Authority, Cluster.View());
}
