using BreakGlass.Core.Api;
using BreakGlass.Core.Journal;
using BreakGlass.Core.Model;
using BreakGlass.Operator.Options;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Simulation;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Operator.Tests.Reconciling;

/// <summary>
/// The API server's database is restored from a time before a voucher was used: neither the authority nor any grant shows the use any more. docs/limits.md
/// says what holds then.
/// </summary>
public sealed class VoucherRestoreTests
{
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(10);

    [Fact]
    public Task A_restore_brings_a_used_voucher_back_and_the_journal_shows_both_uses() => Stillness.Run(stillness =>
    {
        using var journal = new SimulatedJournal();
        using var world = new World(stillness);
        var options = journal.With(World.Options);
        var voucher = UseAndRestore(world, options);

        Present(world, "inc-2", voucher);
        world.Advance(Moment);

        world.Grant("inc-2")!.Status.Phase.Should().Be(GrantPhase.Active, "only the journal still shows the first use");
        UsesIn(options, "inc-1").Should().Equal("v-1");
        UsesIn(options, "inc-2").Should().Equal("v-1");
    });

    [Fact]
    public Task Revoking_what_the_journal_shows_as_used_keeps_the_voucher_shut_after_a_restore() => Stillness.Run(stillness =>
    {
        using var journal = new SimulatedJournal();
        using var world = new World(stillness);
        var options = journal.With(World.Options);
        var voucher = UseAndRestore(world, options);

        Revoke(world, UsesIn(options, "inc-1"));
        Present(world, "inc-2", voucher);
        world.Advance(Moment);

        Denial(world, "inc-2").Should().Be((GrantPhase.Denied, DenialReasons.VoucherRevoked));
        Authority(world).Status.Used.Should().BeEmpty();
        world.Server.List<V1RoleBinding>("payments").Should().BeEmpty();
    });

    [Fact]
    public Task Revoking_it_ends_what_it_opened_after_the_restore() => Stillness.Run(stillness =>
    {
        using var journal = new SimulatedJournal();
        using var world = new World(stillness);
        var options = journal.With(World.Options);
        var voucher = UseAndRestore(world, options);
        Present(world, "inc-2", voucher);
        world.Advance(Moment);
        world.Server.List<V1RoleBinding>("payments").Should().ContainSingle();

        Revoke(world, UsesIn(options, "inc-1"));
        world.Settle();

        world.Server.List<V1RoleBinding>("payments").Should().BeEmpty("nothing waits");
        world.Advance(TimeSpan.FromSeconds(30));
        world.Grant("inc-2")!.Status.EndReason.Should().Be(EndReason.VoucherRevoked);
        Present(world, "inc-3", voucher);
        world.Advance(Moment);
        Denial(world, "inc-3").Should().Be((GrantPhase.Denied, DenialReasons.VoucherRevoked));
    });

    /// <summary>A voucher is used for a grant, which expires. Then the database is as it was before, and an operator starts again.</summary>
    private static string UseAndRestore(World world, OperatorOptions options)
    {
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy(AVoucher.Accepted));
        world.Server.Put(new BreakGlassAuthority { Metadata = new() { Name = OfflineDesk.Name }, Spec = AVoucher.Desk.Authority().Spec });
        world.Start(options);
        Present(world, "inc-1");
        var voucher = world.Grant("inc-1")!.Spec.Voucher!;
        world.Advance(Moment);
        Authority(world).Status.Used.Should().ContainSingle(u => u.Id == "v-1");
        world.Advance(Sample.Duration + TimeSpan.FromMinutes(1));
        world.Grant("inc-1")!.Status.EndReason.Should().Be(EndReason.Expired);
        world.Stop();

        world.Server.Remove<BreakGlassGrant>("inc-1");
        world.Server.Modify<BreakGlassAuthority>(OfflineDesk.Name, null, a => a with { Status = new() });
        world.Start(options);
        world.Advance(Moment);
        return voucher;
    }

    private static void Present(World world, string grant, string? voucher = null) => world.Server.Put(Sample.Grant(s =>
    {
        var spec = AVoucher.Spec(s, grant, world.Server.Get<V1Namespace>("kube-system")!.Metadata.Uid!, world.Now);
        return voucher is null ? spec : spec with { Voucher = voucher, VoucherProof = AVoucher.Desk.Prove(voucher, grant, world.Now) };
    }, grant));

    private static void Revoke(World world, IReadOnlyList<string> vouchers) => world.Server.Modify<BreakGlassAuthority>(
        OfflineDesk.Name, null, a => a with { Spec = a.Spec with { Revoked = vouchers } });

    private static (GrantPhase? Phase, string? Reason) Denial(World world, string grant)
    {
        var status = world.Grant(grant)!.Status;
        return (status.Phase, status.Transitions[^1].Reason);
    }

    /// <summary>The vouchers of the grant's entries <c>voucher.used</c>, which are proven to be in the journal.</summary>
    private static IReadOnlyList<string> UsesIn(OperatorOptions options, string grant)
    {
        var report = JournalCheck.RunFor(path =>
        {
            var file = Path.Combine(options.JournalDirectory!, path);
            return File.Exists(file) ? File.ReadAllBytes(file) : (ReadOnlyMemory<byte>?)null;
        }, options.JournalKey!.Key.Verifier, grant);
        report.Problems.Should().BeEmpty();
        return [.. report.Entries.Where(e => e.Entry.Type == EntryTypes.VoucherUsed).Select(e => e.Entry.Data.Voucher!)];
    }

    private static BreakGlassAuthority Authority(World world) => world.Server.Get<BreakGlassAuthority>(OfflineDesk.Name)!;
}
