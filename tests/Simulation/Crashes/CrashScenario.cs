using BreakGlass.Core.Api;

namespace Simulation;

/// <summary>One kind of life that a grant can have.</summary>
internal sealed record CrashScenario(string Name, EndedBy End, Func<PolicySpec, PolicySpec> Policy, Func<GrantSpec, GrantSpec> Grant)
{
    public static IReadOnlyList<CrashScenario> All { get; } =
    [
        .. from kind in Kinds()
           from end in Enum.GetValues<EndedBy>()
           select new CrashScenario($"{kind.Name}, ended by {end}", end, kind.Policy, kind.Grant),
        .. from end in Enum.GetValues<EndedBy>()
           select new CrashScenario($"journal required, ended by {end}", end, p => p with { Journal = JournalMode.Required }, g => g) { HasJournal = true },
        .. from end in Enum.GetValues<EndedBy>()
           select new CrashScenario($"gateway, ended by {end}", end, p => p with { Session = new() { Path = SessionPath.Gateway } }, g => g)
           {
               HasGateway = true,
           },
    ];

    /// <summary>Whether the operators write a journal.</summary>
    public bool HasJournal { get; init; }

    /// <summary>Whether the operators have a gateway.</summary>
    public bool HasGateway { get; init; }

    /// <summary>What is there before the grant is.</summary>
    public void Prepare(World world)
    {
        world.Server.CreateNamespace("payments");
        world.Server.CreateNamespace("shop");
        world.Server.Put(Sample.Policy(Policy));
    }

    /// <summary>Brings the end about.</summary>
    public void Finish(World world)
    {
        switch (End)
        {
            case EndedBy.Expiry:
                if (world.Grant()?.Status.ExpiresAt is { } end) world.AdvanceTo(end.AddMilliseconds(1));
                break;
            case EndedBy.Revoke:
                world.Server.Modify<BreakGlassGrant>("inc-4711", null, g => g with { Spec = g.Spec with { Revoke = new() { Reason = "done" } } });
                break;
            case EndedBy.GrantDeletion:
                world.Server.Delete<BreakGlassGrant>("inc-4711");
                break;
            case EndedBy.PolicyDeletion:
                world.Server.Delete<BreakGlassPolicy>("payments-oncall");
                break;
        }
    }

    private static IEnumerable<(string Name, Func<PolicySpec, PolicySpec> Policy, Func<GrantSpec, GrantSpec> Grant)> Kinds()
    {
        yield return ("ServiceAccountToken", p => p, g => g);
        yield return ("recipientKey", p => p, g => g with { RecipientKey = Sample.RecipientKey });
        yield return ("BindRequester", p => p with { Credential = CredentialKind.BindRequester }, g => g);
        yield return ("two namespaces", p => p with { Access = [Sample.Entry("payments", "payments", "shop")] }, g => g);
        yield return ("clusterWide", p => p with { Access = [Sample.ClusterWide("everything")] }, g => g);
    }
}
