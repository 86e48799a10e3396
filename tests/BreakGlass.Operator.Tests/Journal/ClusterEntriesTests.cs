using System.Globalization;
using BreakGlass.Core.Api;
using BreakGlass.Core.Journal;
using BreakGlass.Core.Model;
using BreakGlass.Core.Sealing;
using BreakGlass.Operator.Caching;
using BreakGlass.Operator.Journal;
using BreakGlass.Operator.Sealing;
using FluentAssertions;
using Kube.Client;
using Microsoft.Extensions.Logging.Abstractions;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Operator.Tests.Journal;

/// <summary>What the cluster's objects imply is in the journal once and in order, whoever leads and whatever stops in between.</summary>
public sealed class ClusterEntriesTests
{
    private static readonly SigningKey Key = SigningKey.Of("breakglass.example.com/test", [.. Enumerable.Repeat((byte)7, 32)]);

    private readonly FaultyStorage _storage = new();
    private readonly FakeClock _clock = new(A.Start);

    private IReadOnlyList<string> Ids => [.. Entries().Select(e => e.Id)];

    [Fact]
    public async Task Each_object_has_its_entries_once_whoever_leads()
    {
        var grant = Noted(A.FinishedGrant(GrantPhase.Revoked));
        var source = new MemorySource
        {
            Grants = [grant],
            PolicyList = [A.Policy()],
            ApprovalList = [A.Approval(grant, A.Caller("carol"))],
            ReviewList = [A.Review(grant, A.Caller("sue"))],
            LockdownList = [A.Lockdown()],
            KeyList = [new("abcd", A.Start)],
        };
        for (var leader = 0; leader < 3; leader++)
        {
            var sequencer = Sequencer(source);
            for (var round = 0; round < 3; round++) await sequencer.RoundAsync(default);
        }

        Entries().Where(e => e.Position is null).Select(e => e.Type["dev.breakglass.".Length..]).Should().BeEquivalentTo(
            "policy.created", "approval.approved", "grant.reviewed", "lockdown.engaged", "sealkey.added", "grant.proven", "grant.narrowed",
            "persistence.refused", "grant.residue");
        Ids.Should().OnlyHaveUniqueItems();
        Report(grant).Problems.Should().BeEmpty();
        Report(grant).Entries.Should().HaveCount(8);
    }

    [Fact]
    public async Task What_was_deleted_while_the_operator_was_dead_is_found()
    {
        var grant = A.FinishedGrant(GrantPhase.Expired);
        var source = new MemorySource { Grants = [grant], PolicyList = [A.Policy()], LockdownList = [A.Lockdown()] };
        await Sequencer(source).RoundAsync(default);
        source.Grants.Clear();
        source.PolicyList.Clear();
        source.LockdownList.Clear();
        _clock.Advance(TimeSpan.FromDays(1));
        for (var leader = 0; leader < 2; leader++) await Sequencer(source).RoundAsync(default);

        Ids.Should().HaveCount(7).And.Contain(["grant-1/deleted", "policy-1/deleted", "uid-lockdown-1/off"]);
        Entries().TakeLast(3).Should().OnlyContain(e => e.Data.Seen == true && e.Time == A.Start.AddDays(1) && e.Data.Actor == null);
    }

    [Fact]
    public async Task Each_run_of_a_drill_that_has_ended_is_an_entry_once_and_the_end_of_the_drill_one_more()
    {
        static DrillRun Run(string id) => new() { Id = id, StartedAt = A.Start, FinishedAt = A.Start.AddMinutes(1), Result = DrillResult.Passed };
        var running = Run("20261124-060001") with { FinishedAt = null, Result = DrillResult.Running };
        var source = new MemorySource { DrillList = [A.Drill(status: new() { Runs = [running, Run("20261123-060001"), Run("20261122-060001")] })] };
        for (var leader = 0; leader < 2; leader++) await Sequencer(source).RoundAsync(default);
        Ids.Should().Equal("uid-weekly/run-20261122-060001", "uid-weekly/run-20261123-060001");

        source.DrillList[0] = A.Drill(status: new() { Runs = [Run("20261124-060001"), Run("20261123-060001")] });
        await Sequencer(source).RoundAsync(default);
        source.DrillList.Clear();
        for (var leader = 0; leader < 2; leader++) await Sequencer(source).RoundAsync(default);
        Ids.Skip(2).Should().Equal("uid-weekly/run-20261124-060001", "uid-weekly/deleted");
    }

    [Fact]
    public async Task A_journal_key_that_replaced_another_one_is_an_entry_once_whoever_leads()
    {
        var source = new MemorySource { PolicyList = [A.Policy()] };
        await Sequencer(source).RoundAsync(default);
        var next = SigningKey.Of("breakglass.example.com/test", [.. Enumerable.Repeat((byte)8, 32)]);
        SigningKey.TryParse($"{next.ToSecretText()}\n{Key.ToSecretText()}", out var both).Should().BeTrue();
        _clock.Advance(TimeSpan.FromDays(1));
        for (var leader = 0; leader < 2; leader++)
        {
            var sequencer = Sequencer(source, key: both);
            for (var round = 0; round < 2; round++) await sequencer.RoundAsync(default);
        }

        Entries().Skip(1).Should().ContainSingle().Which.Should().Match<JournalEntry>(e => e.Type == EntryTypes.JournalKeyReplaced
            && e.Subject == $"journalkeys/{next.Verifier.Id}" && e.Data.Follows == Key.Verifier.Id && e.Time == A.Start.AddDays(1));

        // The old key signs no more, and nothing says that a key is gone.
        await Sequencer(source, key: next).RoundAsync(default);
        Checkpoint.Open(_storage.Files[Checkpoint.Path], next.Verifier, out _)!.Size.Should().Be(2);
    }

    [Fact]
    public async Task An_object_that_was_created_again_under_its_name_is_another_one()
    {
        var source = new MemorySource { PolicyList = [A.Policy()] };
        await Sequencer(source).RoundAsync(default);
        source.PolicyList[0] = A.Policy(uid: "policy-2");
        await Sequencer(source).RoundAsync(default);
        await Sequencer(source).RoundAsync(default);
        Ids.Should().BeEquivalentTo("policy-1/g1", "policy-1/deleted", "policy-2/g1");
    }

    [Theory]
    [InlineData("not synced")]
    [InlineData("behind")]
    [InlineData("no answer")]
    public async Task A_cache_that_does_not_have_an_object_deletes_nothing(string why)
    {
        var there = new MemorySource
        {
            PolicyList = [A.Policy()], LockdownList = [A.Lockdown()], Grants = [A.Grant()], KeyList = [new("aa", A.Start), new("bb", A.Start)],
        };
        await Sequencer(there).RoundAsync(default);
        var count = Ids.Count;
        var cache = new MemorySource { Server = why == "behind" ? there : null, Answers = why != "no answer", HasSynced = why != "not synced" };
        if (why != "not synced") cache.KeyList.Add(new("aa", A.Start));
        var sequencer = Sequencer(cache);
        for (var i = 0; i < 5; i++)
        {
            _clock.Advance(TimeSpan.FromMinutes(1));
            await sequencer.RoundAsync(default);
        }

        Ids.Should().HaveCount(count);
        cache.Grants.AddRange(there.Grants);
        cache.PolicyList.AddRange(there.PolicyList);
        cache.LockdownList.AddRange(there.LockdownList);
        cache.KeyList.Clear();
        cache.KeyList.AddRange(there.KeyList);
        await sequencer.RoundAsync(default);
        Ids.Should().HaveCount(count, "what was there all the time is not new");
    }

    [Fact]
    public async Task A_cache_that_still_has_a_deleted_object_brings_it_not_back()
    {
        var grant = Noted(A.FinishedGrant(GrantPhase.Expired));
        var old = new MemorySource { PolicyList = [A.Policy()], LockdownList = [A.Lockdown()], Grants = [grant] };
        await Sequencer(old).RoundAsync(default);
        await Sequencer(new()).RoundAsync(default);
        var count = Ids.Count;

        old.PolicyList[0] = A.Policy(s => s with { Suspended = true }) with { Metadata = A.Policy().Metadata with { Generation = 2 } };
        await Sequencer(old).RoundAsync(default);
        await Sequencer(new()).RoundAsync(default);
        Ids.Should().HaveCount(count);
    }

    [Fact]
    public async Task Generations_are_appended_as_they_are_seen()
    {
        var source = new MemorySource { PolicyList = [A.Policy()] };
        var sequencer = Sequencer(source);
        await sequencer.RoundAsync(default);
        foreach (var generation in (long[])[2, 5])
        {
            source.PolicyList[0] = A.Policy() with { Metadata = A.Policy().Metadata with { Generation = generation } };
            await sequencer.RoundAsync(default);
            await sequencer.RoundAsync(default);
        }

        Ids.Should().Equal("policy-1/g1", "policy-1/g2", "policy-1/g5");
    }

    [Fact]
    public async Task A_seal_key_is_added_and_retired_and_can_come_back()
    {
        var source = new MemorySource { KeyList = [new("aa", A.Start), new("bb", A.Start)] };
        await Sequencer(source).RoundAsync(default);
        source.KeyList.RemoveAt(0);
        for (var i = 0; i < 2; i++) await Sequencer(source).RoundAsync(default);
        source.KeyList.Add(new("aa", A.Start));
        for (var i = 0; i < 2; i++) await Sequencer(source).RoundAsync(default);
        source.KeyList.Clear();
        await Sequencer(source).RoundAsync(default);

        var uid = SealKeyEntries.UidOf(new("aa", A.Start));
        Ids.Where(id => id.StartsWith(uid, StringComparison.Ordinal)).Should().Equal($"{uid}/0", $"{uid}/1", $"{uid}/2");
    }

    [Fact]
    public async Task Nothing_is_said_of_an_object_whose_seal_cannot_be_judged_yet()
    {
        var source = new MemorySource { PolicyList = [A.Policy()], IsVerified = null };
        var sequencer = Sequencer(source);
        await sequencer.RoundAsync(default);
        _storage.Files.Should().BeEmpty();
        source.IsVerified = false;
        await sequencer.RoundAsync(default);
        Entries().Should().ContainSingle().Which.Data.Unverified.Should().BeTrue();
    }

    [Fact]
    public async Task Finished_grants_are_read_only_if_something_of_them_is_missing()
    {
        var source = new MemorySource();
        source.Grants.AddRange(Enumerable.Range(0, 20).Select(i => Noted(A.FinishedGrant(GrantPhase.Expired, $"inc-{i}", $"grant-{i}"))));
        await Sequencer(source).RoundAsync(default);
        source.Reads.Should().Be(20);
        var count = Ids.Count;
        for (var i = 0; i < 3; i++) await Sequencer(source).RoundAsync(default);
        source.Reads.Should().Be(20);
        Ids.Should().HaveCount(count).And.Contain("grant-7/proven");

        // One more came after the end.
        var last = source.Grants[3];
        source.Grants[3] = last with
        {
            Metadata = last.Metadata with { ResourceVersion = "2" },
            Status = last.Status with { Residue = [.. last.Status.Residue, "refused tokens: create serviceaccounts/token payments/x"] },
        };
        await Sequencer(source).RoundAsync(default);
        source.Reads.Should().Be(21);
        Ids.Should().HaveCount(count + 1);
    }

    [Fact]
    public async Task A_decision_about_an_earlier_grant_of_the_name_is_not_one_about_this_grant()
    {
        var source = new MemorySource { Grants = [A.Grant(uid: "grant-2")], ApprovalList = [A.Approval(A.Grant(), A.Caller("carol"))] };
        await Sequencer(source).RoundAsync(default);
        _storage.Files.Should().BeEmpty();
    }

    [Fact]
    public async Task A_new_leader_reads_back_to_the_newest_list_and_to_the_first_entry_of_a_grant_that_exists()
    {
        var source = new MemorySource { PolicyList = [A.Policy()], LockdownList = [A.Lockdown()] };
        for (var i = 0; i < 2000; i++)
        {
            source.Grants.Add(A.FinishedGrant(GrantPhase.Expired, $"inc-{i}", $"grant-{i}"));
            if (source.Grants.Count > 40) source.Grants.RemoveAt(0);
            if (i % 20 == 0) await Sequencer(source, listedEvery: 500).RoundAsync(default);
        }

        var sequencer = Sequencer(source, listedEvery: 500);
        await sequencer.RoundAsync(default);
        Entries().Count(e => e.Type == EntryTypes.Live).Should().BeInRange(5, 30);
        var reads = new List<string>();
        var writer = new FaultyStorage.Writer(_storage) { Before = what => { reads.Add(what); return Task.CompletedTask; } };
        await Sequencer(source, writer: writer, listedEvery: 500).RoundAsync(default);
        reads.Count(r => r.StartsWith("read tile/entries/", StringComparison.Ordinal) && !r.Contains(".p/", StringComparison.Ordinal)).Should().BeLessThan(16);

        // What the list says is enough to find what is gone.
        source.PolicyList.Clear();
        source.LockdownList.Clear();
        await Sequencer(source, listedEvery: 500).RoundAsync(default);
        await Sequencer(source, listedEvery: 500).RoundAsync(default);
        Ids.Should().OnlyHaveUniqueItems().And.Contain(["policy-1/deleted", "uid-lockdown-1/off"]);
    }

    [Fact]
    public async Task Any_order_of_crashes_leaders_and_changes_gives_each_entry_once_and_in_order()
    {
        for (var seed = 0; seed < 150; seed++)
        {
            _storage.Files.Clear();
            _storage.Checkpoints.Clear();
            var random = new Random(seed);
            var (world, uids, writer) = (new MemorySource(), 0, new FaultyStorage.Writer(_storage));
            var leader = Sequencer(world, writer: writer, listedEvery: 20);
            for (var step = 0; step < 60; step++)
            {
                Change(world, random, ref uids);
                _clock.Advance(TimeSpan.FromSeconds(random.Next(30)));
                if (random.Next(4) == 0)
                {
                    // The next leader's cache is behind, and its API server is not.
                    writer = new(_storage);
                    leader = Sequencer(random.Next(2) == 0 ? world : Copy(world, random), writer: writer, listedEvery: 20);
                }

                writer.FailsAfter = random.Next(3) == 0 ? random.Next(30) : int.MaxValue;
                writer.FailsLate = random.Next(2) == 0;
                try
                {
                    await leader.RoundAsync(default);
                }
                catch (IOException)
                {
                    // The next round begins with what this one left.
                }
            }

            for (var i = 0; i < 3; i++)
            {
                _clock.Advance(TimeSpan.FromMinutes(1));
                await Sequencer(world, listedEvery: 20).RoundAsync(default);
            }

            Judge(world, seed);
        }
    }

    [Fact]
    public async Task Caches_of_a_real_client_find_what_was_deleted_while_nobody_looked()
    {
        var server = new FakeApiServer(_clock);
        server.Put(A.Policy());
        server.Put(A.Lockdown());
        server.Put(A.Grant() with { Status = A.FinishedGrant(GrantPhase.Expired).Status });
        await RoundsAsync(server);
        var before = Ids;
        before.Should().HaveCount(4);

        server.Remove<BreakGlassPolicy>("payments-oncall");
        server.Delete<BreakGlassLockdown>("lockdown-1");
        _clock.Advance(TimeSpan.FromHours(1));
        await RoundsAsync(server);
        await RoundsAsync(server);

        Entries().Skip(4).Select(e => e.Type).Should().BeEquivalentTo(EntryTypes.PolicyDeleted, EntryTypes.LockdownLifted);
        Entries().Skip(4).Should().OnlyContain(e => e.Time == _clock.GetUtcNow());
    }

    private static BreakGlassGrant Noted(BreakGlassGrant grant) => grant with
    {
        Status = grant.Status with
        {
            Conditions =
            [
                new() { Type = GrantConditions.Revoked, Status = "True", Reason = GrantConditions.Proven, LastTransitionTime = A.Start.AddMinutes(31) },
            ],
            Bindings = [new() { Kind = "RoleBinding", Namespace = "payments", Name = "x", Role = "ClusterRole/edit", Problem = "the namespace is gone" }],
            Residue = ["refused rbac: create rolebindings.rbac.authorization.k8s.io payments/mine", "left: jobs.batch payments/miner"],
        },
    };

    private static void Change(MemorySource world, Random random, ref int uids)
    {
        switch (random.Next(10))
        {
            case 0: world.PolicyList.Add(A.Policy(name: $"p{uids}", uid: $"policy-{uids++}")); break;
            case 1 when world.PolicyList.Count > 0:
                var at = random.Next(world.PolicyList.Count);
                var policy = world.PolicyList[at];
                world.PolicyList[at] = policy with { Metadata = policy.Metadata with { Generation = policy.Metadata.Generation + random.Next(1, 3) } };
                break;
            case 2 when world.PolicyList.Count > 0: world.PolicyList.RemoveAt(random.Next(world.PolicyList.Count)); break;
            case 3: world.LockdownList.Add(A.Lockdown(name: $"l{uids++}")); break;
            case 4 when world.LockdownList.Count > 0: world.LockdownList.RemoveAt(0); break;
            case 5 or 6: world.Grants.Add(A.FinishedGrant(GrantPhase.Expired, $"g{uids}", $"grant-{uids++}")); break;
            case 7 when world.Grants.Count > 0:
                var which = random.Next(world.Grants.Count);
                var (grant, version) = (world.Grants[which], uids++.ToString(CultureInfo.InvariantCulture));
                world.Grants[which] = Noted(grant) with { Metadata = grant.Metadata with { ResourceVersion = version } };
                world.ApprovalList.Add(A.Approval(grant, A.Caller("carol"), name: $"a{version}"));
                world.ReviewList.Add(A.Review(grant, A.Caller("sue"), name: $"r{version}"));
                break;
            case 8 when world.Grants.Count > 0:
                var gone = world.Grants[0];
                world.Grants.RemoveAt(0);
                world.ApprovalList.RemoveAll(a => a.Spec.GrantUid == gone.Metadata.Uid);
                world.ReviewList.RemoveAll(r => r.Spec.GrantUid == gone.Metadata.Uid);
                break;
            default:
                if (world.KeyList.Count < 2) world.KeyList.Add(new($"k{uids++}", A.Start));
                else world.KeyList.RemoveAt(random.Next(world.KeyList.Count));
                break;
        }
    }

    private static MemorySource Copy(MemorySource world, Random random)
    {
        List<T> Some<T>(List<T> all) => [.. all.Where(_ => random.Next(3) > 0)];
        var grants = Some(world.Grants);
        return new()
        {
            Server = world,
            Grants = grants,
            PolicyList = Some(world.PolicyList),
            LockdownList = Some(world.LockdownList),
            ApprovalList = Some(world.ApprovalList),
            ReviewList = Some(world.ReviewList),
            KeyList = Some(world.KeyList),
        };
    }

    private void Judge(MemorySource world, int seed)
    {
        var entries = Entries().ToList();
        entries.Select(e => e.Id).Should().OnlyHaveUniqueItems($"seed {seed}");
        JournalCheck.Run(_storage.Reader, Key.Verifier).Problems.Should().BeEmpty($"seed {seed}");
        var known = entries.Select(e => e.Id).ToHashSet();
        foreach (var policy in world.PolicyList) known.Should().Contain(PolicyEntries.Of(policy, true, A.Start).Id, $"seed {seed}");
        foreach (var lockdown in world.LockdownList) known.Should().Contain(LockdownEntries.Engaged(lockdown, true, A.Start).Id, $"seed {seed}");
        foreach (var id in world.ApprovalList.Select(ApprovalEntries.IdOf).Concat(world.ReviewList.Select(ApprovalEntries.IdOf)))
            known.Should().Contain(id, $"seed {seed}");
        foreach (var note in world.Grants.SelectMany(g => GrantNotes.Of(g, A.Start))) known.Should().Contain(note.Id, $"seed {seed}");
        var live = world.PolicyList.Select(p => p.Metadata.Uid).Concat(world.LockdownList.Select(l => l.Metadata.Uid))
            .Concat(world.Grants.Select(g => g.Metadata.Uid)).ToHashSet();
        foreach (var group in entries.Where(e => e.Type is not EntryTypes.Live).GroupBy(e => e.Id[..e.Id.IndexOf('/', StringComparison.Ordinal)]))
        {
            // What a grant went through is appended also where it was deleted meanwhile.
            var (types, because) = (group.Where(e => e.Position is null).Select(e => e.Type).ToList(), $"seed {seed}, {group.Key}");
            group.Select(e => e.Data.Generation ?? 0).Where(g => g > 0).Should().BeInAscendingOrder(because);
            var isGone = types.FindIndex(t => t.EndsWith(".deleted", StringComparison.Ordinal) || t.EndsWith(".lifted", StringComparison.Ordinal));
            if (isGone >= 0) isGone.Should().Be(types.Count - 1, because);
            if (group.Key.StartsWith("policy", StringComparison.Ordinal) || group.Key.StartsWith("uid-l", StringComparison.Ordinal)
                || group.Key.StartsWith("grant", StringComparison.Ordinal)) (isGone < 0).Should().Be(live.Contains(group.Key), because);
            if (!group.Key.StartsWith("sealkey", StringComparison.Ordinal)) continue;
            types.Select((t, i) => t == (i % 2 == 0 ? EntryTypes.SealKeyAdded : EntryTypes.SealKeyRetired)).Should().NotContain(false, because);
        }
    }

    private async Task RoundsAsync(FakeApiServer server)
    {
        using var client = server.CreateClient();
        using var stop = new CancellationTokenSource();
        var caches = new ClusterCaches(client, A.Settings, _clock, NullLoggerFactory.Instance);
        using var seals = new SealKeyring(client, "breakglass-system", _clock, NullLogger.Instance, SealCheck.Trusting);
        var source = new ClusterSource(client, caches, seals, null);
        var sequencer = new JournalSequencer(new(new(new FaultyStorage.Writer(_storage), Key)), new(source, _clock), () => caches.Grants.Store.List(),
            (name, token) => client.TryGetAsync<BreakGlassGrant>(name, null, token), _ => { }, (_, _) => { }, _clock, NullLogger.Instance);

        // Nothing is in the caches, so nothing may be said to be gone.
        var before = _storage.Files.Count == 0 ? 0 : Ids.Count;
        await sequencer.RoundAsync(default);
        (_storage.Files.Count == 0 ? 0 : Ids.Count).Should().Be(before);

        var running = caches.RunAsync(stop.Token);
        await caches.WaitForSyncAsync(default).WaitAsync(TimeSpan.FromMinutes(1), TimeProvider.System);
        for (var i = 0; i < 3; i++) await sequencer.RoundAsync(default);
        await stop.CancelAsync();
        try
        {
            await running;
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    private JournalSequencer Sequencer(
        MemorySource source, FaultyStorage.Writer? writer = null, long listedEvery = JournalState.ListedEvery, SigningKey? key = null) =>
        new(new JournalWriter(new(writer ?? new(_storage), key ?? Key)), new(source, _clock, listedEvery) { Key = key ?? Key },
            () => [.. source.Grants.Select(CacheTransforms.Grant)],
            (name, _) => Task.FromResult((source.Server ?? source).Grant(name)), _ => { }, (_, _) => { }, _clock, NullLogger.Instance);

    private GrantReport Report(BreakGlassGrant grant) => JournalCheck.RunFor(_storage.Reader, Key.Verifier, grant.Metadata.Name);

    private IEnumerable<JournalEntry> Entries()
    {
        var checkpoint = Checkpoint.Open(_storage.Files[Checkpoint.Path], Key.Verifier, out _)!;
        return JournalEntries.Read(_storage.Reader, checkpoint.Size).Select(e => JournalEntry.Read(e.Bytes)!);
    }
}
