using BreakGlass.Core;
using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using BreakGlass.Core.Sealing;
using BreakGlass.Operator.Sealing;
using FluentAssertions;
using k8s;
using k8s.Models;
using Kube.Client;
using Simulation;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Operator.Tests.Rotation;

/// <summary>
/// Two operators that require seals, on the fake clock, while their keys are rotated on request. No webhook is there: the operator writes the seals itself,
/// and who has a key can write them, too.
/// </summary>
public sealed class SealRotationTests
{
    private const string Ns = "breakglass-system";

    [Fact]
    public Task Without_an_overlap_the_old_key_is_refused_within_seconds_and_active_grants_keep_their_access() => With((world, _) =>
    {
        var old = KeysOf(world).All.Select(k => k.Id).ToList();
        Request(world, "r-1", "0s");
        world.Advance(TimeSpan.FromSeconds(15));

        var keys = KeysOf(world);
        old.Should().NotContain(keys.All.Should().ContainSingle().Subject.Id);
        var progress = ProgressOf(world)!;
        progress.Steps.Select(s => s.Phase).Should().Equal(RotationPhase.NewKey, RotationPhase.Replaced, RotationPhase.OldRefused);
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
        RecordSeal.Verify(world.Grant()!, keys).Should().Be(SealState.Valid);
        foreach (var o in (IKubernetesObject<V1ObjectMeta>[])[world.Policy()!, world.Grant()!, world.Server.Get<BreakGlassLockdown>("elsewhere")!])
            Seal.Verify(o, keys).Should().Be(SealState.Valid, o.KindName);

        world.Advance(TimeSpan.FromMinutes(1));
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
        world.Server.List<V1RoleBinding>("payments").Should().ContainSingle();
        Conditions.IsTrue(world.Policy()!.Status.Conditions, "Ready").Should().BeTrue();
        Put(world, Sample.Grant(name: "inc-2"));
        world.Advance(TimeSpan.FromSeconds(5));
        world.Grant("inc-2")!.Status.Phase.Should().Be(GrantPhase.Active);
        world.AdvanceTo(world.Grant()!.Status.ExpiresAt!.Value + TimeSpan.FromSeconds(30));
        world.Grant()!.Status.EndReason.Should().Be(EndReason.Expired);
        world.History.Violations.Should().BeEmpty();
    });

    [Fact]
    public Task What_somebody_seals_with_the_leaked_key_after_the_request_opens_nothing_and_is_not_sealed_again() => With((world, _) =>
    {
        var leaked = KeysOf(world).Current(world.Now)!;
        HoldInTheMiddle(world, () =>
        {
            world.Server.Put(Sealed(Sample.Grant(name: "forged") with { Metadata = new() { Name = "forged", CreatedAt = world.Now } }, leaked, world.Now));
            world.Server.Modify<BreakGlassPolicy>("payments-oncall", null, p =>
            {
                var wider = p with { Spec = p.Spec with { Access = [.. p.Spec.Access, Sample.ClusterWide("everything")] } };
                return Sealed(wider, leaked, p.Metadata.CreatedAt!.Value);
            });
        });

        world.Grant("forged")!.Status.Phase.Should().Be(GrantPhase.Denied);
        Conditions.Find(world.Policy()!.Status.Conditions, "Ready")!.Reason.Should().Be("PolicyNotSealed");
        ProgressOf(world)!.Phase.Should().Be(RotationPhase.OldRefused);
        world.Server.List<V1ClusterRoleBinding>().Should().NotContain(b => b.Metadata.Name.StartsWith("breakglass-forged"));
    });

    [Fact]
    public Task A_record_that_somebody_forges_with_the_leaked_key_ends_with_the_key() => With((world, _) =>
    {
        var leaked = KeysOf(world).Current(world.Now)!;
        HoldInTheMiddle(world, () => world.Server.Modify<BreakGlassGrant>("inc-4711", null, g =>
        {
            var longer = g.Status with { ExpiresAt = g.Status.ExpiresAt!.Value.AddHours(1) };
            return g with { Status = longer with { RecordSeal = RecordSeal.Make(g.Metadata.Uid!, longer, leaked) } };
        }));

        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Failed);
        Conditions.Find(world.Grant()!.Status.Conditions, GrantConditions.Active)!.Reason.Should().Be("RecordForged");
        world.Server.List<V1RoleBinding>("payments").Should().BeEmpty();
    });

    [Fact]
    public Task A_later_request_gives_a_leaked_key_no_more_time() => With((world, _) =>
    {
        var leaked = KeysOf(world).Current(world.Now)!;
        HoldInTheMiddle(world, () =>
        {
            Request(world, "r-2", "24h");
            world.Advance(TimeSpan.FromSeconds(5));
            KeysOf(world).Rotation!.Id.Should().Be("r-1");
            ProgressOf(world).Should().Match<RotationProgress>(p => p.Id == "r-2" && p.Steps.Count == 0 && p.Problem!.Contains("Rotation r-1"));
        });

        KeysOf(world).Find(leaked.Id).Should().BeNull();
        KeysOf(world).Rotation!.Id.Should().Be("r-2");
        ProgressOf(world).Should().Match<RotationProgress>(p => p.Phase == RotationPhase.Replaced && p.Problem == null);
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
        Ends(world).Should().ContainSingle().Which.Should().Contain("rotation r-1 of seals").And.Contain($"key {leaked.Id} no longer verifies anything");
    });

    [Fact]
    public Task The_end_of_a_rotation_is_logged_once_whether_its_time_is_over_or_a_later_one_takes_its_place() => With((world, _) =>
    {
        Request(world, "r-1", "24h");
        world.Advance(TimeSpan.FromSeconds(15));
        Ends(world).Should().BeEmpty();
        Request(world, "r-2", "10m");
        world.Advance(TimeSpan.FromSeconds(15));
        Ends(world).Should().ContainSingle().Which.Should().Contain("rotation r-1 of seals").And.Contain("rotation r-2 was requested later");

        world.Advance(TimeSpan.FromMinutes(11));
        Ends(world).Should().HaveCount(2);
        Ends(world)[1].Should().Contain("rotation r-2 of seals").And.Contain("no longer verif");
        world.Advance(TimeSpan.FromMinutes(1));
        Ends(world).Should().HaveCount(2);
    });

    [Fact]
    public Task Requests_that_cannot_be_read_keep_no_leaked_key_alive() => With((world, _) =>
    {
        var leaked = KeysOf(world).Current(world.Now)!;
        HoldInTheMiddle(world, () =>
        {
            for (var i = 0; i < 80; i++)
            {
                Request(world, $"NOT VALID {i}", "0s");
                world.Advance(TimeSpan.FromSeconds(1));
            }
        });

        KeysOf(world).Find(leaked.Id).Should().BeNull();
    });

    [Theory]
    [InlineData(null)]
    [InlineData("{\"id\":\"r-1\",\"refused\":true}")]
    public Task A_leaked_key_is_dropped_although_somebody_took_the_request_away_or_wrote_that_it_is_over(string? answer) => With((world, _) =>
    {
        var leaked = KeysOf(world).Current(world.Now)!;
        HoldInTheMiddle(world, () => world.Server.Modify<V1ConfigMap>(RotatedKeys.ConfigMapName, Ns, m =>
        {
            var data = new Dictionary<string, string>(m.Data!);
            if (answer is null) data.Remove(RotatedKeys.Seals);
            else data[RotatedKeys.ProgressOf(RotatedKeys.Seals)] = answer;
            return m with { Data = data };
        }));

        KeysOf(world).Find(leaked.Id).Should().BeNull();
        Ends(world).Should().ContainSingle().Which.Should().Contain("rotation r-1 of seals");
        KeysOf(world).Rotation!.Phase.Should().Be(RotationPhase.OldRefused);
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
    });

    [Fact]
    public Task A_request_that_waits_keeps_the_approval_that_it_has() => With((world, _) =>
    {
        Put(world, Sample.Policy(
            p => p with { Mode = PolicyMode.JustInTime, Approval = new() { Required = 2, Approvers = [A.Group("leads")] } }, name: "two-approvals"));
        world.Advance(TimeSpan.FromSeconds(2));
        Put(world, Sample.Grant(g => g with { Policy = "two-approvals" }, name: "waits"));
        world.Advance(TimeSpan.FromSeconds(2));
        Approve(world, "carol");
        world.Advance(TimeSpan.FromSeconds(2));
        world.Grant("waits")!.Status.Phase.Should().Be(GrantPhase.AwaitingApproval);

        Request(world, "r-1", "0s");
        world.Advance(TimeSpan.FromSeconds(15));
        ProgressOf(world)!.Phase.Should().Be(RotationPhase.OldRefused);
        Seal.Verify(world.Server.Get<BreakGlassApproval>("by-carol")!, KeysOf(world)).Should().Be(SealState.Valid);
        Approve(world, "dave");
        world.Advance(TimeSpan.FromSeconds(5));
        world.Grant("waits")!.Status.Phase.Should().Be(GrantPhase.Active);
    });

    [Fact]
    public Task With_an_overlap_everything_is_sealed_again_and_the_old_key_is_accepted_until_it_is_over() => With((world, _) =>
    {
        var old = KeysOf(world).Current(world.Now)!;
        Request(world, "r-1", "10m");
        world.Advance(TimeSpan.FromSeconds(15));
        ProgressOf(world)!.Phase.Should().Be(RotationPhase.Replaced);
        KeysOf(world).All.Should().HaveCount(2);
        world.Server.Put(Sealed(Sample.Grant(name: "inc-2") with { Metadata = new() { Name = "inc-2", CreatedAt = world.Now } }, old, world.Now));
        world.Advance(TimeSpan.FromSeconds(5));
        world.Grant("inc-2")!.Status.Phase.Should().Be(GrantPhase.Active, "a replica that did not know the new key sealed it");

        world.Advance(TimeSpan.FromMinutes(11));
        ProgressOf(world)!.Phase.Should().Be(RotationPhase.OldRefused);
        KeysOf(world).All.Should().ContainSingle();
        world.Grant("inc-2")!.Status.EndReason.Should().Be(EndReason.Expired, "it was sealed again meanwhile");
        world.Server.Put(Sealed(Sample.Grant(name: "inc-3") with { Metadata = new() { Name = "inc-3", CreatedAt = world.Now } }, old, world.Now));
        world.Advance(TimeSpan.FromSeconds(5));
        world.Grant("inc-3")!.Status.Phase.Should().Be(GrantPhase.Denied);
    });

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(6)]
    [InlineData(8)]
    public Task A_leader_that_dies_in_the_middle_leaves_a_rotation_that_the_next_one_completes(int writes) => With((world, replicas) =>
    {
        replicas[0].Handler.KillAfterWrite(writes);
        Request(world, "r-1", "0s");
        world.Advance(TimeSpan.FromSeconds(60));

        replicas[0].IsDead.Should().BeTrue();
        var keys = KeysOf(world);
        keys.All.Should().ContainSingle();
        keys.Rotation!.Id.Should().Be("r-1");
        ProgressOf(world)!.Steps.Select(s => s.Phase).Should().Equal(RotationPhase.NewKey, RotationPhase.Replaced, RotationPhase.OldRefused);
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
        world.Server.List<V1RoleBinding>("payments").Should().ContainSingle();
        Seal.Verify(world.Policy()!, keys).Should().Be(SealState.Valid);
    });

    [Fact]
    public Task A_request_is_carried_out_once_and_one_that_cannot_be_read_is_refused() => With((world, _) =>
    {
        Request(world, "r-1", "0s");
        world.Advance(TimeSpan.FromSeconds(15));
        var key = KeysOf(world).All.Single().Id;
        world.Server.Modify<V1ConfigMap>(RotatedKeys.ConfigMapName, Ns,
            m => m with { Data = new Dictionary<string, string> { [RotatedKeys.Seals] = m.Data![RotatedKeys.Seals] } });
        world.Advance(TimeSpan.FromSeconds(15));
        KeysOf(world).All.Single().Id.Should().Be(key, "its id says that it was carried out");
        ProgressOf(world)!.IsOver.Should().BeTrue();

        Request(world, "R 2", "0s");
        world.Advance(TimeSpan.FromSeconds(5));
        KeysOf(world).All.Single().Id.Should().Be(key);
        ProgressOf(world).Should().Match<RotationProgress>(p => p.Refused && p.Problem!.Contains("id must have"));

        world.Server.Modify<V1ConfigMap>(RotatedKeys.ConfigMapName, Ns, m => m with
        {
            Data = new Dictionary<string, string> { [RotatedKeys.GatewayAuthority] = new RotationRequest { Id = "r-3", Overlap = "0s" }.Write() },
        });
        world.Advance(TimeSpan.FromSeconds(5));
        RotationProgress.Read(world.Server.Get<V1ConfigMap>(RotatedKeys.ConfigMapName, Ns)!.Data![RotatedKeys.ProgressOf(RotatedKeys.GatewayAuthority)])
            .Should().Match<RotationProgress>(p => p.Refused && p.Problem!.Contains("--gateway-url"));
    });

    [Fact]
    public Task While_the_Secret_cannot_be_written_the_answer_says_so_and_the_rotation_goes_on_later() => With((world, _) =>
    {
        using (world.Server.Faults.Inject(Fault.InternalError, "update", "secrets", times: null))
        {
            Request(world, "r-1", "0s");
            world.Advance(TimeSpan.FromSeconds(20));
            ProgressOf(world)!.Problem.Should().Contain("tries again");
            world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
        }

        world.Advance(TimeSpan.FromSeconds(20));
        ProgressOf(world).Should().Match<RotationProgress>(p => p.Phase == RotationPhase.OldRefused && p.Problem == null);
    });

    private static Task With(Action<World, IReadOnlyList<Replica>> test) => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        var options = World.Options with { TrustRequester = false, LeaderElect = true };
        Replica[] replicas = [world.Start(options), world.Start(options)];
        world.Advance(TimeSpan.FromSeconds(15));
        Put(world, Sample.Policy());
        Put(world, new BreakGlassLockdown
        {
            Metadata = new() { Name = "elsewhere" },
            Spec = new() { Reason = "x", PolicySelector = new() { MatchLabels = new Dictionary<string, string> { ["team"] = "other" } } },
        });
        world.Advance(TimeSpan.FromSeconds(2));
        Put(world, Sample.Grant(g => g with { Duration = "10m" }));
        world.Advance(TimeSpan.FromSeconds(5));
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
        test(world, replicas);
    });

    private static void Approve(World world, string who) => Put(world, new BreakGlassApproval
    {
        Metadata = new() { Name = $"by-{who}" },
        Spec = new() { Grant = "waits", GrantUid = world.Grant("waits")!.Metadata.Uid, Decision = "Approve", Approver = A.Caller(who, "leads") },
    });

    /// <summary>Rotates without overlap; what is done comes after the new key, and before the old one is dropped.</summary>
    private static void HoldInTheMiddle(World world, Action act)
    {
        using (world.Server.Faults.Inject(Fault.InternalError, "patch", "breakglasslockdowns", times: null))
        {
            Request(world, "r-1", "0s");
            world.Advance(TimeSpan.FromSeconds(10));
            KeysOf(world).All.Should().HaveCount(2, "a lockdown could not be sealed again");
            act();
            world.Advance(TimeSpan.FromSeconds(5));
        }

        world.Advance(TimeSpan.FromSeconds(20));
    }

    private static void Request(World world, string id, string overlap) => world.Server.Modify<V1ConfigMap>(RotatedKeys.ConfigMapName, Ns, m => m with
    {
        Data = new Dictionary<string, string>(m.Data.OrEmpty()) { [RotatedKeys.Seals] = new RotationRequest { Id = id, Overlap = overlap }.Write() },
    });

    /// <summary>The ends of rotations in the log.</summary>
    private static List<string> Ends(World world) => [.. world.Logs.Lines.Where(
        l => l.Contains(" of seals: ", StringComparison.Ordinal) && (l.Contains("no longer verif", StringComparison.Ordinal)
            || l.Contains("is over, because", StringComparison.Ordinal)))];

    private static RotationProgress? ProgressOf(World world) => RotationProgress.Read(
        world.Server.Get<V1ConfigMap>(RotatedKeys.ConfigMapName, Ns)!.Data.OrEmpty().GetValueOrDefault(RotatedKeys.ProgressOf(RotatedKeys.Seals)));

    private static SealKeys KeysOf(World world) => SealKeys.Of(world.Server.Get<V1Secret>(SealKeyring.SecretName, Ns));

    private static void Put<T>(World world, T o)
        where T : class, IKubernetesObject<V1ObjectMeta> => world.Server.Put(Sealed(o, KeysOf(world).Current(world.Now)!, world.Now));

    private static T Sealed<T>(T o, SealKey key, DateTimeOffset at)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        o.WithMetadata(o.Metadata with { Annotations = new Dictionary<string, string> { [Seal.Annotation] = Seal.Make(o, key, at).ToString() } });
}
