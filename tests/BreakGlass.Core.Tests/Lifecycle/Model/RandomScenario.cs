using BreakGlass.Core.Api;
using FsCheck;
using FsCheck.Fluent;
using TestKit.Builders;

namespace BreakGlass.Core.Tests.Lifecycle.Model;

/// <summary>A random world and what happens in it.</summary>
internal sealed record RandomScenario(int Mode, int Credential, int Duration, int Access, int Narrowing, IReadOnlyList<ScenarioEvent> Events)
{
    private static readonly string[] Durations = ["45s", "5m", "12m", "1h"];

    /// <summary>The policy's model of access, and what it asks for beside; tests begin on a Sunday at 01:02:03 UTC.</summary>
    private static readonly Func<PolicySpec, PolicySpec>[] Modes =
    [
        s => s,
        s => s with { Limits = new() { MaxActive = 2, MaxActivePerRequester = 1, Cooldown = "1m" },
            Review = new() { BlockRequesterUntilReviewed = true, Within = "1h" } },
        s => s with { Mode = PolicyMode.JustInTime, Approval = Approval(1) },
        s => s with { Mode = PolicyMode.JustInTime, Approval = Approval(2), EmergencyBypass = new() { Duration = "4m" }, Limits = new() { MaxActive = 1 } },
        s => s with { Mode = PolicyMode.TimeBoxed, Schedule = Nightly },
        s => s with { Mode = PolicyMode.TimeBoxed, Schedule = Nightly, Approval = Approval(1) },
    ];

    /// <summary>What is done with the grant, and what follows from it.</summary>
    private static readonly EventKind[] Uses =
        [EventKind.Use, EventKind.EventsStop, EventKind.EventsGoOn, EventKind.UnusualUse, EventKind.SessionTermsChange];

    /// <summary>What is done to an authority; it matters to grants by voucher only.</summary>
    private static readonly EventKind[] ToAuthority =
        [.. Enum.GetValues<EventKind>().Where(k => k is >= EventKind.AuthoritySuspend and <= EventKind.VouchersEnd)];

    private static readonly EventKind[] Forgeries = [EventKind.ForgePhase, EventKind.ForgeEnd, EventKind.WipeStatus];

    /// <summary>
    /// Everything that can happen, with the operator's turns more often than the rest; without what forges statuses where that is not the point.
    /// </summary>
    /// <remarks>A binding both unlabelled and unrecorded is found by nobody; the proof then says that it is there, for ever. So not both at once.</remarks>
    public static Arbitrary<RandomScenario> Any(bool forgeries)
    {
        var kinds = Enum.GetValues<EventKind>().Except(Uses).Except(ToAuthority)
            .Where(k => forgeries ? k != EventKind.StripLabels : !Forgeries.Contains(k)).ToArray();
        var kind = Gen.Frequency(
            (5, Gen.Elements(EventKind.Reconcile, EventKind.ReconcileShuffled, EventKind.DieInTheMiddle, EventKind.LoseAnswers, EventKind.StepTime)),
            (5, Gen.Elements(kinds)), (1, Gen.Elements(Uses)));
        var happening = from k in kind from a in Gen.Choose(0, 1000) from b in Gen.Choose(0, 1000) select new ScenarioEvent(k, a, b);
        var scenario = from mode in Gen.Choose(0, Modes.Length - 1) from c in Gen.Choose(0, 4) from d in Gen.Choose(0, Durations.Length - 1)
            from access in Gen.Choose(1, 15) from narrow in Gen.Choose(0, 3)
                       from events in happening.ListOf().Resize(14)
                       select new RandomScenario(mode, c, d, access, narrow, [.. events]);
        return Arb.From(scenario, Shrink);
    }

    /// <summary>The same for a grant by voucher, with what is done to the authority.</summary>
    public static Arbitrary<RandomScenario> AnyByVoucher(bool forgeries)
    {
        var toAuthority = from k in Gen.Elements(ToAuthority) from a in Gen.Choose(0, 1000) from b in Gen.Choose(0, 1000) select new ScenarioEvent(k, a, b);
        var scenario = from usual in Any(forgeries).Generator from own in toAuthority.ListOf().Resize(3) from at in Gen.Choose(0, 14)
                       select usual with { Events = [.. usual.Events.Take(at), .. own, .. usual.Events.Skip(at)], IsByVoucher = true };
        return Arb.From(scenario, Shrink);
    }

    /// <summary>Whether the grant is requested by a voucher.</summary>
    public bool IsByVoucher { get; init; }

    /// <summary>Every day from 01:00 to 01:40, in a zone whose clocks never change.</summary>
    public static Schedule Nightly { get; } =
        new() { TimeZone = "Etc/UTC", Windows = [new() { Days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"], Start = "01:00", End = "01:40" }] };

    private static ApprovalTerms Approval(int required) => new() { Required = required, Approvers = [A.Group("approvers")], Timeout = "10m" };

    public ModelWorld Build()
    {
        AccessEntry[] all = [A.Entry("list", "edit", "payments", "shop"), A.SelectorEntry("team", "edit", A.Selector("team", "Exists")),
            A.ClusterWideEntry("wide", "view"), A.Entry("one", "view", "late")];
        var policy = A.Policy(s => Modes[Mode](s) with
        {
            Access = [.. all.Where((_, i) => (Access & (1 << i)) != 0)],
            Credential = Credential == 1 ? CredentialKind.BindRequester : CredentialKind.ServiceAccountToken,
            Session = Credential >= 3 ? new() { Path = SessionPath.Gateway } : null,
        });
        var grant = A.Grant(s => s with
        {
            Duration = Durations[Duration],
            StartTime = Mode >= 4 && Duration != 1 ? A.Start.AddMinutes(Duration * 5) : null,
            Namespaces = Narrowing == 1 ? ["payments"] : [],
            Access = Narrowing == 2 ? [policy.Spec.Access[0].Name] : [],
            RecipientKey = Credential is 2 or 4 ? new() { Kty = "EC", Crv = "P-256", X = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
                Y = "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM" } : null,
        });
        if (IsByVoucher) return ByVoucher(policy, grant);
        return new ModelWorld(policy, grant) { Settings = A.Settings with { RecordsSessions = true, HasGateway = true } };
    }

    public override string ToString() =>
        $"{GetType().Name}{(IsByVoucher ? " by voucher" : "")} mode {Mode}, credential {Credential}, {Durations[Duration]}, access {Access:b4}, "
            + $"narrowing {Narrowing}: {string.Join(" ", Events)}";

    private static ModelWorld ByVoucher(BreakGlassPolicy policy, BreakGlassGrant grant)
    {
        if (policy.Spec.Credential is CredentialKind.BindRequester)
            policy = policy with { Spec = policy.Spec with { Credential = CredentialKind.ServiceAccountToken } };
        policy = policy with { Spec = policy.Spec with { Vouchers = AVoucher.Terms } };
        var (start, access, namespaces) = (grant.Spec.StartTime, grant.Spec.Access, grant.Spec.Namespaces);
        var world = new ModelWorld(policy, AVoucher.Grant(s => s with { StartTime = start, Access = access, Namespaces = namespaces }))
        {
            Settings = A.Settings with { RecordsSessions = true, HasGateway = true },
        };
        world.Cluster.Authority = AVoucher.Desk.Authority();
        return world;
    }

    private static IEnumerable<RandomScenario> Shrink(RandomScenario s)
    {
        for (var size = s.Events.Count / 2; size >= 1; size /= 2)
        {
            for (var at = 0; at + size <= s.Events.Count; at += size) yield return s with { Events = [.. s.Events.Take(at), .. s.Events.Skip(at + size)] };
        }
    }
}
