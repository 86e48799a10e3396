using BreakGlass.Core.Api;
using k8s.Models;
using TestKit.Builders;

namespace Simulation;

/// <summary>One kind of life that a grant can have.</summary>
internal sealed record CrashScenario(string Name, EndedBy End, Func<PolicySpec, PolicySpec> Policy, Func<GrantSpec, GrantSpec> Grant)
{
    public static IReadOnlyList<CrashScenario> All { get; } =
    [
        .. from kind in Kinds()
           from end in Ends
           select new CrashScenario($"{kind.Name}, ended by {end}", end, kind.Policy, kind.Grant),
        .. from end in Ends
           select new CrashScenario($"journal required, ended by {end}", end, p => p with { Journal = JournalMode.Required }, g => g) { HasJournal = true },
        .. from end in Ends
           select new CrashScenario($"gateway, ended by {end}", end, p => p with { Session = new() { Path = SessionPath.Gateway } }, g => g)
           {
               HasGateway = true,
           },
        .. from end in Enum.GetValues<EndedBy>()
           select new CrashScenario($"voucher, ended by {end}", end, AVoucher.Accepted, g => g) { IsByVoucher = true },
    ];

    /// <summary>What ends any grant.</summary>
    private static IEnumerable<EndedBy> Ends => Enum.GetValues<EndedBy>().Where(end => end is not EndedBy.AuthoritySuspension);

    /// <summary>Whether the operators write a journal.</summary>
    public bool HasJournal { get; init; }

    /// <summary>Whether the operators have a gateway.</summary>
    public bool HasGateway { get; init; }

    /// <summary>Whether the grant is requested by a voucher.</summary>
    public bool IsByVoucher { get; init; }

    /// <summary>The grant as it is requested now.</summary>
    public GrantSpec Request(World world, GrantSpec spec) => IsByVoucher
        ? AVoucher.Spec(spec, "inc-4711", world.Server.Get<V1Namespace>("kube-system")!.Metadata.Uid!, world.Now) : Grant(spec);

    /// <summary>What is there before the grant is.</summary>
    public void Prepare(World world)
    {
        world.Server.CreateNamespace("payments");
        world.Server.CreateNamespace("shop");
        world.Server.Put(Sample.Policy(Policy));
        if (IsByVoucher) world.Server.Put(new BreakGlassAuthority { Metadata = new() { Name = OfflineDesk.Name }, Spec = AVoucher.Desk.Authority().Spec });
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
            case EndedBy.AuthoritySuspension:
                world.Server.Modify<BreakGlassAuthority>(OfflineDesk.Name, null, a => a with { Spec = a.Spec with { Suspended = true } });
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
