using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;
using TestKit.Builders;

namespace BreakGlass.Core.Tests.Lifecycle.Model;

/// <summary>
/// Many grants by one voucher, and several operators that decide on them by caches of their own, each as far behind as it happens to be. The server knows
/// resourceVersions and nothing else; it is the decisions that must keep the single use.
/// </summary>
internal sealed class VoucherRace
{
    private static readonly ClusterView View = AView.Usual();

    private readonly BreakGlassPolicy _policy = AVoucher.Policy();
    private readonly Dictionary<int, BreakGlassAuthority> _seen = [];
    private readonly Dictionary<(int Decider, string Grant), GrantRun> _runs = [];
    private int _version = 100;

    public VoucherRace(int grants, int deciders)
    {
        Authority = AVoucher.Desk.Authority();
        Grants = Enumerable.Range(0, grants).Select(i => AVoucher.Grant(name: $"g{i}", uid: $"uid-g{i}")).ToDictionary(g => g.Metadata.Name);
        for (var i = 0; i < deciders; i++) _seen[i] = Authority;
    }

    public BreakGlassAuthority Authority { get; private set; }

    public Dictionary<string, BreakGlassGrant> Grants { get; }

    public IEnumerable<BreakGlassGrant> Live => Grants.Values.Where(g => g.Status.IsRecorded);

    /// <summary>One operator looks at one grant once: decides by what it sees and does the one step of it.</summary>
    /// <param name="decider">The operator.</param>
    /// <param name="which">The grant.</param>
    /// <param name="dies">Whether it dies after the step, so that nothing but the server knows of it.</param>
    public void Turn(int decider, int which, bool dies = false)
    {
        var grant = Grants[$"g{which}"];
        if (grant.Status.IsTerminal || grant.Status.IsRecorded) return;
        var name = grant.Metadata.Name;
        var facts = new GrantFacts
        {
            Now = A.Start, Settings = A.Settings, Name = name, Grant = grant, Policy = _policy, Cluster = View, Authority = _seen[decider],
        }.JudgedBy(Core.Sealing.SealCheck.Trusting);
        var run = _runs.GetValueOrDefault((decider, name), GrantRun.Fresh).Of(grant.Metadata.Uid);
        var step = run.Next(facts).Steps.SingleOrDefault();
        StepResult result = new StepResult.Done();
        switch (step)
        {
            case PlanStep.Refresh:
                _seen[decider] = Authority;
                break;
            case PlanStep.Redeem redeem when redeem.Authority.Metadata.ResourceVersion == Authority.Metadata.ResourceVersion:
                Authority = Touched(Authority with { Status = redeem.Status });
                if (!dies) _seen[decider] = Authority;
                break;
            case PlanStep.Redeem:
                result = StepResult.Of(409, new() { Reason = "Conflict", Code = 409 });
                break;
            case PlanStep.WriteStatus write:
                Grants[name] = grant with { Status = write.Status, Metadata = grant.Metadata with { ResourceVersion = $"{++_version}" } };
                break;
        }

        var after = step is null ? null : run.After(facts, step, result, A.Start);
        if (after?.Outdated is BreakGlassAuthority) _seen[decider] = Authority;
        _runs[(decider, name)] = dies || after is null ? GrantRun.Fresh : after.Run;
    }

    /// <summary>An operator starts: it lists the authority.</summary>
    public void Restart(int decider) => _seen[decider] = Authority;

    /// <summary>An operator keeps the authority's status, by what it sees.</summary>
    public void Keep(int decider)
    {
        var seen = _seen[decider];
        var plan = AuthorityLifecycle.Decide(new() { Now = A.Start, Authority = seen, Seal = Core.Sealing.SealState.Valid });
        if (seen.Metadata.ResourceVersion == Authority.Metadata.ResourceVersion) Authority = Touched(Authority with { Status = plan.Status });
        _seen[decider] = Authority;
    }

    private BreakGlassAuthority Touched(BreakGlassAuthority authority) =>
        authority with { Metadata = authority.Metadata with { ResourceVersion = $"{++_version}" } };
}
