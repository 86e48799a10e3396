using BreakGlass.Core.Journal;
using FluentAssertions;
using TestKit.Builders;
using Xunit;
using Xunit.Abstractions;

namespace BreakGlass.Core.Tests.Journal;

/// <summary>What a journal says of objects: the same in whatever order its entries are read, and as often as they are.</summary>
public sealed class JournalStateTests(ITestOutputHelper output)
{
    private static IReadOnlyList<JournalEntry> Story =>
    [
        PolicyEntries.Of(A.Policy(), true, A.Start),
        PolicyEntries.Of(A.Policy() with { Metadata = A.Policy().Metadata with { Generation = 4 } }, true, A.Start),
        PolicyEntries.Of(A.Policy(name: "gone", uid: "policy-2"), true, A.Start),
        LockdownEntries.Engaged(A.Lockdown(), true, A.Start),
        .. GrantEntries.Of(A.FinishedGrant(Api.GrantPhase.Expired), 0),
        ApprovalEntries.Of(A.Approval(A.Grant(), A.Caller("carol")), A.Grant(), true, A.Start),
        SealKeyEntries.Added(new("aa", A.Start), 0, A.Start),
        PolicyEntries.Deleted("policy-2", "gone", A.Start),
        SealKeyEntries.Retired(SealKeyEntries.UidOf(new("aa", A.Start)), "aa", 1, A.Start),
        .. GrantEntries.Of(A.FinishedGrant(Api.GrantPhase.Expired, "inc-2", "grant-2"), 0),
        GrantNotes.Deleted("grant-2", "inc-2", A.Start),
    ];

    [Fact]
    public void It_is_the_same_in_any_order()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var state = new JournalState();
            var entries = Story.Select((entry, index) => (entry, index)).ToList();
            var random = new Random(seed);
            foreach (var (entry, index) in entries.Concat(entries).OrderBy(_ => random.Next())) state.Take(index, entry);

            state.Objects.Keys.Should().BeEquivalentTo("policy-1", "uid-lockdown-1", "grant-1", SealKeyEntries.UidOf(new("aa", A.Start)));
            state.NumberOf("policy-1").Should().Be(4);
            state.NumberOf(SealKeyEntries.UidOf(new("aa", A.Start))).Should().Be(2);
            state.Has("grant-1", "uid-approval-1/0").Should().BeTrue();
            state.Has("grant-1", "uid-approval-2/0").Should().BeFalse();
            (state.IsGone("policy-2"), state.IsGone("grant-2"), state.IsGone("policy-1")).Should().Be((true, true, false));
            state.List(20, A.Start).Single().Data.First.Should().Be(4, "the first entry of the grant that exists");
        }
    }

    [Fact]
    public void A_list_says_what_was_before_it()
    {
        var before = new JournalState();
        foreach (var (entry, index) in Story.Select((entry, index) => (entry, index))) before.Take(index, entry);
        var list = before.List(Story.Count, A.Start);

        var after = new JournalState();
        after.Take(Story.Count, list.Single());
        after.From.Should().Be(4);
        Listed(after).Should().BeEquivalentTo(Listed(before));
        (before.IsListDue(JournalState.ListedEvery), after.IsListDue(JournalState.ListedEvery)).Should().Be((true, false));
    }

    private static IEnumerable<(string Uid, LoggedKind Kind, string Name, long Number)> Listed(JournalState state) =>
        state.Objects.Where(o => o.Value.Kind is not LoggedKind.Grant).Select(o => (o.Key, o.Value.Kind, o.Value.Name, o.Value.Number));

    [Fact]
    public void A_list_of_which_a_part_is_missing_is_not_relied_on()
    {
        var state = new JournalState();
        for (var i = 0; i < 1000; i++)
            state.Take(i, PolicyEntries.Of(A.Policy(name: new('p', 63), uid: $"0b5c0000-0000-0000-0000-{i:000000000000}"), true, A.Start));
        var list = state.List(1000, A.Start);
        list.Count.Should().BeGreaterThan(1);
        list.Should().OnlyContain(e => e.Bytes().Length < EntryBundle.LargestEntry);

        var next = new JournalState();
        foreach (var entry in list.Skip(1)) next.Take(1000, entry);
        foreach (var entry in list.Skip(1)) next.Take(1000, entry);
        next.From.Should().Be(0);
        next.Take(1000, list[0]);
        (next.From, next.Objects.Count).Should().Be((1000, 1000));
    }

    [Fact]
    public void Entries_of_other_kinds_take_no_memory()
    {
        var state = new JournalState();
        for (var i = 0; i < 1000; i++)
        {
            state.Take(i, new() { Id = $"grant-{i}/session/{i}", Type = "dev.breakglass.session.events", Source = "s", Subject = "grants/x", Time = A.Start,
                Data = new() { Grant = "x" } });
        }

        state.Objects.Should().BeEmpty();
    }

    [Fact]
    public void It_does_not_grow_with_the_journal()
    {
        const int Live = 10_000;
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var (state, index) = (new JournalState(), 0L);
        static string Uid(int i) => $"0b5c0000-0000-0000-0000-{i:000000000000}";
        static JournalEntry Entry(int i, string id, string type, string subject) =>
            new() { Id = id, Type = type, Source = "s", Subject = subject, Time = A.Start, Data = new() { Grant = $"inc-{i}", GrantUid = Uid(i) } };
        for (var i = 0; i < 150_000; i++)
        {
            foreach (var number in (string[])["0", "1", "2"])
                state.Take(index++, Entry(i, $"{Uid(i)}/{number}", "dev.breakglass.grant.activated", $"grants/inc-{i}"));
            state.Take(index++, Entry(i, $"{Uid(i)}/proven", EntryTypes.Proven, $"grants/inc-{i}"));
            state.Take(index++, Entry(i, $"1{Uid(i)}/0", EntryTypes.Approved, $"approvals/a-{i}"));
            state.Take(index++, Entry(i, $"2{Uid(i)}/0", EntryTypes.Reviewed, $"reviews/r-{i}"));
            if (i >= Live) state.Take(index++, GrantNotes.Deleted(Uid(i - Live), $"inc-{i - Live}", A.Start));
            if (i % 100 == 0) state.Trim();
        }

        // Other tests use memory at the same time, so this is for people.
        output.WriteLine($"{index} entries, {state.Objects.Count} grants: {(GC.GetTotalMemory(forceFullCollection: true) - before) / 1048576.0:0.0} MiB");
        state.Objects.Should().HaveCount(Live);
        state.List(index, A.Start).Single().Data.First.Should().BeGreaterThan(index - (8 * Live));
    }
}
