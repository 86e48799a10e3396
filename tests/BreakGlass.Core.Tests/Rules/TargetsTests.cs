using BreakGlass.Core.Api;
using BreakGlass.Core.Rules;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Rules;

public sealed class TargetsTests
{
    private static readonly AccessEntry Two = A.Entry("two", "edit", "payments", "shop");
    private static readonly AccessEntry Team = A.SelectorEntry("team", "edit", A.Selector(("team", "payments")));
    private static readonly AccessEntry Wide = A.ClusterWideEntry("wide", "view");
    private static readonly PolicySpec All = A.Policy(s => s with { Access = [Two, Team, Wide] }).Spec;

    [Fact]
    public void Without_a_choice_all_entries_are_recorded_as_they_stand() =>
        Targets.Snapshot(All, new()).Should().Equal(Two, Team, Wide);

    [Fact]
    public void A_choice_of_entries_leaves_out_the_others() =>
        Targets.Snapshot(All, new() { Access = ["wide", "two"] }).Should().Equal(Two, Wide);

    [Fact]
    public void A_choice_of_namespaces_narrows_lists_and_leaves_out_what_reaches_the_whole_cluster()
    {
        var recorded = Targets.Snapshot(All, new() { Namespaces = ["shop", "other"] });
        recorded.Select(e => e.Name).Should().Equal("two", "team");
        recorded[0].Namespaces.Should().Equal("shop");
    }

    [Fact]
    public void An_entry_with_none_of_the_chosen_namespaces_is_left_out() =>
        Targets.Snapshot(A.Policy(s => s with { Access = [Two] }).Spec, new() { Namespaces = ["other"] }).Should().BeEmpty();

    [Fact]
    public void Bindings_are_made_in_the_namespaces_that_exist_in_an_order_that_never_changes()
    {
        var cluster = new[] { A.Namespace("shop"), A.Namespace("zoo", ("team", "payments")), A.Namespace("payments", ("team", "payments")) };
        Places([Two, Team, Wide], All, cluster).Should().Equal("team payments", "team zoo", "two payments", "two shop", "wide *");
        Places([Wide, Team, Two], All, [.. cluster.Reverse()]).Should().Equal("team payments", "team zoo", "two payments", "two shop", "wide *");
    }

    [Fact]
    public void Neither_namespaces_that_are_not_there_nor_those_about_to_go_are_bound() =>
        Places([Two], All, [A.Terminating(A.Namespace("payments"))]).Should().BeEmpty();

    [Fact]
    public void No_selector_reaches_the_operator_or_the_credentials_of_other_grants()
    {
        var all = A.SelectorEntry("all", "edit", new());
        var namespaces = new[] { A.Namespace("breakglass-grants"), A.Namespace("breakglass-system"), A.Namespace("shop") };
        Places([all], A.Policy(s => s with { Access = [all] }).Spec, namespaces).Should().Equal("all shop");

        var named = A.Entry("named", "edit", "breakglass-grants", "shop");
        Places([named], A.Policy(s => s with { Access = [named] }).Spec, namespaces).Should().Equal("named shop");
    }

    [Fact]
    public void The_namespaces_that_a_grant_asked_for_stay_the_limit_also_of_selectors()
    {
        var namespaces = new[] { A.Namespace("a", ("team", "payments")), A.Namespace("b", ("team", "payments")) };
        Places([Team, Wide], All, namespaces, only: ["b"]).Should().Equal("team b");
    }

    /// <summary>What a grant has after its policy was edited: never more than was recorded, never more than the policy says now.</summary>
    public static TheoryData<string, AccessEntry, AccessEntry?, string, bool> Edits => new()
    {
        { "nothing changed", Two, Two, "payments shop", true },
        { "the entry is gone", Two, null, "", false },
        { "another role", Two, A.Entry("two", "admin", "payments", "shop"), "", false },
        { "a Role of that name", Two, A.RoleEntry("two", "edit", "payments", "shop"), "", false },
        { "one namespace less", Two, A.Entry("two", "edit", "shop"), "shop", true },
        { "one namespace more", Two, A.Entry("two", "edit", "payments", "shop", "zoo"), "payments shop", true },
        { "other namespaces", Two, A.Entry("two", "edit", "zoo"), "", false },
        { "a selector in place of the list", Two, A.SelectorEntry("two", "edit", A.Selector(("team", "payments"))), "payments", true },
        { "the whole cluster in place of the list", Two, A.ClusterWideEntry("two", "edit"), "payments shop", true },
        { "a list in place of the selector", Team, A.Entry("team", "edit", "zoo", "shop"), "zoo", true },
        { "another selector", Team, A.SelectorEntry("team", "edit", A.Selector(("tier", "1"))), "zoo", true },
        { "every namespace in place of the selector", Team, A.SelectorEntry("team", "edit", new()), "payments zoo", true },
        { "the whole cluster in place of the selector", Team, A.ClusterWideEntry("team", "edit"), "payments zoo", true },
        { "a list in place of the whole cluster", Wide, A.Entry("wide", "view", "payments"), "", false },
        { "every namespace in place of the whole cluster", Wide, A.SelectorEntry("wide", "view", new()), "", false },
        { "still the whole cluster", Wide, Wide, "*", true },
    };

    [Theory]
    [MemberData(nameof(Edits))]
    public void A_grant_has_what_was_recorded_as_far_as_the_policy_still_says_so(
        string edit, AccessEntry recorded, AccessEntry? today, string places, bool stillGiven)
    {
        V1Namespace[] namespaces = [A.Namespace("payments", ("team", "payments")), A.Namespace("shop"),
            A.Namespace("zoo", ("team", "payments"), ("tier", "1"))];
        var policy = A.Policy(s => s with { Access = today is null ? [A.Entry("other", "edit", "payments")] : [today] }).Spec;
        Targets.Resolve([recorded], policy, [], namespaces, A.Settings).Select(t => t.Namespace ?? "*")
            .Should().Equal(places.Split(' ', StringSplitOptions.RemoveEmptyEntries), edit);
        Targets.StillGiven(recorded, policy).Should().Be(stillGiven, edit);
    }

    [Fact]
    public void Namespaces_that_come_and_go_do_not_end_a_grant_only_its_policy_does()
    {
        Targets.StillGiven(Two, All).Should().BeTrue();
        Places([Two], All, []).Should().BeEmpty("there are no namespaces, and the grant waits for them");
    }

    private static List<string> Places(
        IReadOnlyList<AccessEntry> recorded, PolicySpec policy, IReadOnlyCollection<V1Namespace> namespaces, params string[] only) =>
            [.. Targets.Resolve(recorded, policy, only, namespaces, A.Settings).Select(t => $"{t.Entry} {t.Namespace ?? "*"}")];
}
