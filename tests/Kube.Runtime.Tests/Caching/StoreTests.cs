using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Xunit;
using static Kube.Runtime.Tests.Objects;

namespace Kube.Runtime.Tests.Caching;

public class StoreTests
{
    private readonly Store<V1Namespace> _store = new(new Dictionary<string, Func<V1Namespace, IEnumerable<string>>>
    {
        ["v"] = ns => ns.LabelsOrEmpty.Values,
    });

    [Fact]
    public void An_event_adds_updates_and_deletes()
    {
        _store.Upsert(Ns("a", 1)).Should().BeEquivalentTo(new Change<V1Namespace>(ChangeKind.Added, Ns("a", 1)));
        _store.Upsert(Ns("a", 2))!.Value.Kind.Should().Be(ChangeKind.Updated);
        _store.Get(Key("a"))!.Metadata.ResourceVersion.Should().Be("2");

        _store.Remove(Ns("a", 3))!.Value.Kind.Should().Be(ChangeKind.Deleted);
        _store.Get(Key("a")).Should().BeNull();
        _store.Count.Should().Be(0);
    }

    [Fact]
    public void An_index_follows_every_change()
    {
        _store.Upsert(Ns("a", 1, label: "x"));
        _store.Upsert(Ns("b", 2, label: "x"));
        _store.Upsert(Ns("c", 3, label: "y"));
        Names("x").Should().BeEquivalentTo("a", "b");

        _store.Upsert(Ns("a", 4, label: "y"));
        Names("x").Should().BeEquivalentTo("b");
        Names("y").Should().BeEquivalentTo("a", "c");

        _store.Replace(ListAt(9, Ns("a", 4, label: "z")));
        Names("x").Should().BeEmpty();
        Names("y").Should().BeEmpty();
        Names("z").Should().BeEquivalentTo("a");
    }

    [Fact]
    public void An_unknown_index_is_named_with_those_that_exist()
    {
        var act = () => _store.ByIndex("colour", "red");

        act.Should().Throw<ArgumentException>().WithMessage("*no index 'colour'; it has: v*");
    }

    [Fact]
    public void What_was_learned_is_read_at_once_and_the_later_event_is_an_update_to_the_same_version()
    {
        _store.Upsert(Ns("a", 1));
        _store.Learn(Ns("a", 5, label: "mine"));

        _store.Get(Key("a"))!.Metadata.ResourceVersion.Should().Be("5");
        Names("mine").Should().BeEquivalentTo("a");
        _store.Upsert(Ns("a", 5, label: "mine"))!.Value.IsSameVersion.Should().BeTrue();
    }

    [Fact]
    public void What_was_only_read_is_news_when_the_watch_tells_of_it()
    {
        _store.Upsert(Ns("a", 1));
        _store.LearnRead(Ns("a", 5, label: "by somebody else"));
        _store.LearnRead(Ns("b", 6));

        Names("by somebody else").Should().BeEquivalentTo("a");
        var change = _store.Upsert(Ns("a", 5, label: "by somebody else"))!.Value;
        change.Old!.Metadata.ResourceVersion.Should().Be("1", "nobody was told of version 5 yet");
        change.IsSameVersion.Should().BeFalse();
        _store.Upsert(Ns("b", 6))!.Value.Kind.Should().Be(ChangeKind.Added);
        _store.Upsert(Ns("b", 6))!.Value.IsSameVersion.Should().BeTrue("it was told");
    }

    [Fact]
    public void What_was_read_and_then_written_by_us_is_still_news()
    {
        _store.Upsert(Ns("a", 1));
        _store.LearnRead(Ns("a", 5));
        _store.Learn(Ns("a", 7));

        _store.Upsert(Ns("a", 7))!.Value.Old!.Metadata.ResourceVersion.Should().Be("1");
    }

    [Fact]
    public void An_event_older_than_our_own_write_does_not_turn_the_store_back_but_is_told()
    {
        _store.Upsert(Ns("a", 1));
        _store.Learn(Ns("a", 5));

        var change = _store.Upsert(Ns("a", 4, label: "by somebody else"))!.Value;

        _store.Get(Key("a"))!.Metadata.ResourceVersion.Should().Be("5");
        change.Object.Metadata.ResourceVersion.Should().Be("5", "that is how it is now");
        change.IsSameVersion.Should().BeFalse("somebody has to look at what the other one did");
    }

    [Fact]
    public void A_late_answer_to_our_write_does_not_overwrite_what_the_watch_has_shown_since()
    {
        _store.Upsert(Ns("a", 6));
        _store.Learn(Ns("a", 5));

        _store.Get(Key("a"))!.Metadata.ResourceVersion.Should().Be("6");
    }

    [Fact]
    public void A_late_answer_to_our_create_does_not_bring_back_what_the_watch_has_shown_to_be_deleted()
    {
        _store.Upsert(Ns("a", 5));
        _store.Remove(Ns("a", 6));

        _store.Learn(Ns("a", 5));

        _store.Get(Key("a")).Should().BeNull();
    }

    [Fact]
    public void Versions_are_compared_as_numbers()
    {
        _store.Upsert(Ns("a", 9));
        _store.Learn(Ns("a", 10));
        _store.Upsert(Ns("a", 9));

        _store.Get(Key("a"))!.Metadata.ResourceVersion.Should().Be("10");
    }

    [Fact]
    public void Versions_that_are_no_numbers_let_the_last_writer_win()
    {
        V1Namespace Opaque(string version) => Ns("a", 0) is var ns ? ns with { Metadata = ns.Metadata with { ResourceVersion = version } } : null!;
        _store.Upsert(Opaque("zz"));
        _store.Learn(Opaque("aa"));
        _store.Get(Key("a"))!.Metadata.ResourceVersion.Should().Be("aa");

        _store.Upsert(Opaque("mm"));
        _store.Get(Key("a"))!.Metadata.ResourceVersion.Should().Be("mm");
    }

    [Fact]
    public void A_deletion_that_was_learned_stands_against_events_from_before_it_and_is_told_when_the_watch_shows_it()
    {
        _store.Upsert(Ns("a", 1));
        _store.LearnDeleted(Key("a"), "uid-a");
        _store.Get(Key("a")).Should().BeNull();

        _store.Upsert(Ns("a", 2)).Should().BeNull();
        _store.Learn(Ns("a", 3));
        _store.Get(Key("a")).Should().BeNull();

        _store.Remove(Ns("a", 4))!.Value.Kind.Should().Be(ChangeKind.Deleted);
    }

    [Fact]
    public void A_deletion_that_finalizers_hold_up_brings_the_object_back()
    {
        _store.Upsert(Ns("a", 1));
        _store.LearnDeleted(Key("a"), "uid-a");

        _store.Upsert(Ns("a", 2).Deleting())!.Value.Kind.Should().Be(ChangeKind.Added);

        _store.Get(Key("a")).Should().NotBeNull("nothing that still exists may be hidden");
    }

    [Fact]
    public void A_deletion_by_uid_leaves_another_object_of_the_same_name()
    {
        _store.Upsert(Ns("a", 5, uid: "second"));

        _store.LearnDeleted(Key("a"), "first");

        _store.Get(Key("a")).Should().NotBeNull();
    }

    [Fact]
    public void The_deletion_of_the_object_before_leaves_the_one_that_was_learned_after()
    {
        _store.Upsert(Ns("a", 1, uid: "first"));
        _store.LearnDeleted(Key("a"), "first");
        _store.Learn(Ns("a", 7, uid: "second"));

        _store.Upsert(Ns("a", 2, uid: "first")).Should().BeNull();
        _store.Remove(Ns("a", 6, uid: "first"));

        _store.Get(Key("a"))!.Metadata.Uid.Should().Be("second");
    }

    [Fact]
    public void Events_of_an_earlier_object_of_the_name_do_not_come_back_after_a_later_one_was_learned_to_be_deleted()
    {
        _store.Learn(Ns("a", 4, uid: "second"));
        _store.LearnDeleted(Key("a"), "second");

        _store.Upsert(Ns("a", 1, uid: "first")).Should().BeNull();
        _store.Learn(Ns("a", 2, uid: "first"));
        _store.Remove(Ns("a", 3, uid: "first"));
        _store.Get(Key("a")).Should().BeNull();

        _store.Remove(Ns("a", 5, uid: "second"));
        _store.Upsert(Ns("a", 6, uid: "third"))!.Value.Kind.Should().Be(ChangeKind.Added);
    }

    [Fact]
    public void A_list_deletes_what_it_lacks_with_the_last_state_known()
    {
        _store.Upsert(Ns("a", 1));
        _store.Upsert(Ns("b", 2));

        var changes = _store.Replace(ListAt(9, Ns("b", 2)));

        changes.Should().BeEquivalentTo(new[]
        {
            new Change<V1Namespace>(ChangeKind.Updated, Ns("b", 2), Ns("b", 2)),
            new Change<V1Namespace>(ChangeKind.Deleted, Ns("a", 1), FinalStateUnknown: true),
        });
    }

    [Fact]
    public void Deleted_and_made_again_between_two_lists_is_one_update_with_another_uid()
    {
        _store.Upsert(Ns("a", 1, uid: "first"));

        var changes = _store.Replace(ListAt(9, Ns("a", 8, uid: "second")));

        changes.Should().ContainSingle().Which.Should().BeEquivalentTo(
            new Change<V1Namespace>(ChangeKind.Updated, Ns("a", 8, uid: "second"), Ns("a", 1, uid: "first")));
    }

    [Fact]
    public void A_list_that_was_taken_before_our_writes_keeps_them()
    {
        _store.Replace(ListAt(5, Ns("a", 1), Ns("gone", 2)));
        _store.Learn(Ns("a", 7));
        _store.Learn(Ns("b", 8));
        _store.LearnDeleted(Key("gone"), "uid-gone");

        var changes = _store.Replace(ListAt(6, Ns("a", 3), Ns("gone", 2)));

        _store.List().Select(o => o.Metadata.ResourceVersion).Should().BeEquivalentTo("7", "8");
        changes.Should().ContainSingle().Which.IsSameVersion.Should().BeFalse("version 3 may be somebody else's change");
    }

    [Fact]
    public void A_list_that_shows_our_own_write_tells_what_was_hidden_behind_it()
    {
        _store.Replace(ListAt(5, Ns("a", 1)));
        _store.Learn(Ns("a", 7));

        var change = _store.Replace(ListAt(8, Ns("a", 7))).Should().ContainSingle().Subject;

        change.Old!.Metadata.ResourceVersion.Should().Be("1");
    }

    [Fact]
    public void A_history_that_was_rewound_by_a_restore_is_followed()
    {
        _store.Replace(ListAt(1000, Ns("a", 900), Ns("b", 950)));
        _store.Learn(Ns("c", 1001));
        _store.LearnDeleted(Key("b"), "uid-b");

        _store.Replace(ListAt(500, Ns("a", 400), Ns("b", 450)));

        _store.List().Select(o => o.Metadata.ResourceVersion).Should().BeEquivalentTo("400", "450");
    }

    [Fact]
    public void Learned_deletions_do_not_pile_up()
    {
        var dead = new DeadUids();
        for (var i = 0; i < 3 * DeadUids.Capacity; i++) dead.Add($"u{i}", 0);

        dead.Count.Should().Be(DeadUids.Capacity);
        dead.Contains($"u{(3 * DeadUids.Capacity) - 1}").Should().BeTrue();
    }

    [Fact]
    public void A_list_confirms_a_deletion_that_was_learned()
    {
        var dead = new DeadUids();
        dead.Add("seen before", 4);
        dead.Add("seen after", 6);
        dead.Add("never seen", 0);
        dead.Add("still listed", 4);

        dead.ConfirmedBy(5, new HashSet<string> { "still listed" });

        new[] { "seen before", "seen after", "never seen", "still listed" }.Select(dead.Contains).Should().Equal(false, true, true, true);
    }

    [Fact]
    public void The_transform_is_applied_wherever_an_object_comes_from()
    {
        var store = new Store<V1Namespace>(transform: ns => ns with { Metadata = ns.Metadata with { Labels = new Dictionary<string, string>() } });
        store.Replace(ListAt(1, Ns("listed", 1, label: "x")));
        store.Upsert(Ns("shown", 2, label: "x"));
        store.Learn(Ns("learned", 3, label: "x"));

        store.List().Should().HaveCount(3).And.AllSatisfy(ns => ns.LabelsOrEmpty.Should().BeEmpty());
    }

    [Fact]
    public void An_indexer_that_throws_leaves_store_and_index_in_agreement()
    {
        var store = new Store<V1Namespace>(new Dictionary<string, Func<V1Namespace, IEnumerable<string>>>
        {
            ["v"] = ns => ns.LabelsOrEmpty.Count > 0 ? ns.LabelsOrEmpty.Values : throw new InvalidOperationException("no label"),
        });
        store.Upsert(Ns("a", 1, label: "x"));

        var act = () => store.Upsert(Ns("a", 2));

        act.Should().Throw<InvalidOperationException>();
        store.Get(Key("a"))!.Metadata.ResourceVersion.Should().Be("1");
        store.ByIndex("v", "x").Should().ContainSingle();
    }

    private IEnumerable<string> Names(string label) => _store.ByIndex("v", label).Select(ns => ns.Metadata.Name);
}
