using BreakGlass.Core.Api;
using BreakGlass.Core.Journal;
using BreakGlass.Operator.Caching;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Operator.Tests.Reconciling;

public class CacheTransformsTests
{
    [Fact]
    public void A_grant_that_is_not_over_keeps_all_of_its_spec_and_loses_what_others_noted_on_it()
    {
        var grant = A.Grant();
        grant = grant with { Metadata = grant.Metadata with
        {
            Annotations = new Dictionary<string, string> { [BreakGlassApi.Group + "/seal"] = "v1", ["example.com/note"] = new('x', 240_000) },
            Labels = new Dictionary<string, string> { ["team"] = "payments" },
        } };

        var kept = CacheTransforms.Grant(grant);

        kept.Spec.Should().BeSameAs(grant.Spec);
        kept.AnnotationsOrEmpty.Keys.Should().Equal(BreakGlassApi.Group + "/seal");
        kept.LabelsOrEmpty.Should().BeEmpty();
    }

    [Fact]
    public void A_waiting_request_of_many_words_is_kept_by_what_says_whose_it_is_until_it_is_recorded()
    {
        var grant = A.Grant();
        grant = grant with { Spec = grant.Spec with { Justification = new(
            'x', 4096), Ticket = "INC-4711", Namespaces = ["payments"], RecipientKey = new() { Kty = "RSA", N = new('A', 2048) } } };

        var kept = CacheTransforms.Grant(grant);

        (CacheTransforms.IsShed(kept), CacheTransforms.LacksRequest(kept), CacheTransforms.LacksRequest(CacheTransforms.Grant(kept)))
            .Should().Be((true, true, true));
        kept.Spec.Should().BeEquivalentTo(grant.Spec with { Justification = kept.Spec.Justification, Ticket = null, Namespaces = [], RecipientKey = null,
            Requester = grant.Spec.Requester! with { Groups = [] } });
        kept.Spec.Justification.Length.Should().BeLessThan(20);
        var recorded = CacheTransforms.Grant(grant with { Status = grant.Status with { ExpiresAt = A.Start } });
        CacheTransforms.LacksRequest(recorded).Should().BeFalse("its end must not depend on another read");
        recorded.Spec.Justification.Length.Should().Be(4096);
    }

    [Fact]
    public void A_justification_that_says_what_stands_in_the_place_of_a_long_one_is_taken_for_itself()
    {
        var kept = CacheTransforms.Grant(A.Grant() with { Spec = A.Grant().Spec with { Justification = new('x', 4096) } });
        CacheTransforms.LacksRequest(A.Grant() with { Spec = kept.Spec with { Justification = new string(kept.Spec.Justification.AsSpan()) } })
            .Should().BeFalse();
    }

    [Fact]
    public void A_policy_keeps_its_labels_by_which_lockdowns_select_it()
    {
        CacheTransforms.Annotations(A.Policy().Metadata with { Labels = new Dictionary<string, string> { ["team"] = "payments" } }).Labels
            .Should().ContainKey("team");
    }

    [Fact]
    public void Of_a_finished_grant_only_what_decisions_read_is_kept()
    {
        var grant = A.FinishedGrant(GrantPhase.Denied) with { };
        grant = grant with
        {
            Spec = grant.Spec with { Justification = new('x', 4096), Namespaces = [.. Enumerable.Range(0, 256).Select(i => $"ns-{i}")] },
            Status = grant.Status with { ExpiresAt = null, EndedAt = A.Start, Residue = ["a"], Transitions = [new() { To = GrantPhase.AwaitingApproval },
                new() { To = GrantPhase.Denied, Reason = "no" }] },
        };

        var kept = CacheTransforms.Grant(grant);

        CacheTransforms.IsShed(grant).Should().BeTrue();
        CacheTransforms.IsShed(kept).Should().BeTrue();
        (kept.Spec.Justification, kept.Spec.Namespaces.Count).Should().Be(("", 0));
        kept.Status.Residue.Should().Equal([GrantNotes.MarksOf(grant)], "it tells which entries of the journal are missing");
        kept.Status.Transitions.Should().ContainSingle().Which.Reason.Should().Be("no");
        (kept.Spec.Policy, kept.Status.EndedAt, kept.Status.Phase).Should().Be((grant.Spec.Policy, grant.Status.EndedAt, grant.Status.Phase));
    }

    [Fact]
    public void Somebody_who_is_named_behind_many_copies_of_the_grants_own_subject_is_still_seen()
    {
        var own = new Rbacv1Subject { Kind = V1ServiceAccount.KubeKind, NamespaceProperty = "breakglass-grants", Name = "inc-1-0123456789" };
        var binding = new V1RoleBinding { Metadata = new() { Name = "b", NamespaceProperty = "payments" }, Subjects = [.. Enumerable.Repeat(own, 20),
            new() { Kind = "User", Name = "mallory" }] };
        CacheTransforms.Binding(binding).Subjects.Should().Contain(s => s.Name == "mallory");
    }

    [Fact]
    public void A_grant_whose_end_is_not_proven_is_kept_whole()
    {
        var grant = A.FinishedGrant(GrantPhase.Expired);
        grant = grant with { Status = grant.Status with { ExpiresAt = A.Start, EndedAt = A.Start, Conditions = [] } };
        CacheTransforms.IsShed(grant).Should().BeFalse();
    }

    [Fact]
    public void A_binding_that_somebody_made_large_costs_the_cache_a_few_hundred_bytes_and_keeps_what_says_whose_it_is()
    {
        var junk = Enumerable.Range(0, 5000).ToDictionary(i => $"{BreakGlassApi.Group}/a{i}", _ => "x");
        var binding = new V1RoleBinding
        {
            Metadata = new()
            {
                Name = "breakglass-inc-4711-0123456789",
                NamespaceProperty = "team",
                Uid = "u",
                ResourceVersion = "7",
                Labels = new Dictionary<string, string>(junk) { [BreakGlassApi.GrantLabel] = "inc-4711" },
                Annotations = new Dictionary<string, string>(junk) { [BreakGlassApi.GrantUidAnnotation] = "uid", [BreakGlassApi.ExpiresAtAnnotation] = new(
                    '9', 200_000), ["example.com/note"] = new('x', 200_000) },
                OwnerReferences = [.. Enumerable.Range(0, 5000).Select(i => new V1OwnerReference { ApiVersion = "v1", Kind = "ConfigMap", Name = $"c{i}",
                    Uid = $"{i}" }), new() { ApiVersion = BreakGlassApi.ApiVersion, Kind = nameof(BreakGlassGrant), Name = "inc-4711", Uid = "uid" }],
                Finalizers = [.. Enumerable.Range(0, 5000).Select(i => $"example.com/{i}")],
            },
            Subjects = [.. Enumerable.Range(0, 5000).Select(i => new Rbacv1Subject { Kind = "User", Name = $"user-{i}" })],
        };

        var kept = CacheTransforms.Binding(binding);

        kept.LabelsOrEmpty.Should().Equal(new Dictionary<string, string> { [BreakGlassApi.GrantLabel] = "inc-4711" });
        kept.AnnotationsOrEmpty.Should().Equal(new Dictionary<string, string> { [BreakGlassApi.GrantUidAnnotation] = "uid" });
        kept.OwnersOrEmpty.Should().ContainSingle().Which.Uid.Should().Be("uid");
        (kept.Metadata.Name, kept.Metadata.NamespaceProperty, kept.Metadata.Uid, kept.Metadata.ResourceVersion).Should()
            .Be((binding.Metadata.Name, "team", "u", "7"));
        kept.FinalizersOrEmpty.Count.Should().BeInRange(1, 8);
        kept.SubjectsOrEmpty.Count.Should().BeInRange(2, 8, "a binding of ours has one, so that this one is seen to differ");
    }

    [Fact]
    public void A_Role_whose_rules_fill_megabytes_is_not_kept_and_none_is_made_up_for_it()
    {
        var small = new V1Role { Metadata = new() { Name = "small", NamespaceProperty = "team" },
            Rules = [new() { Verbs = ["get"], ApiGroups = [""], Resources = ["pods"] }] };
        var large = small with { Rules =
            [new() { Verbs = ["get"], ApiGroups = [""], Resources = ["pods"], ResourceNames = [.. Enumerable.Range(0, 10_000).Select(i => $"pod-{i}")] }] };

        CacheTransforms.Role(small).Rules.Should().BeSameAs(small.Rules);
        CacheTransforms.IsTooLarge(CacheTransforms.Role(small)).Should().BeFalse();
        CacheTransforms.IsTooLarge(CacheTransforms.Role(large)).Should().BeTrue();
        CacheTransforms.IsTooLarge(CacheTransforms.Role(CacheTransforms.Role(large))).Should().BeTrue("what is learned from a cache goes through it again");
        CacheTransforms.Role(large).RulesOrEmpty.Sum(r => r.NamesOrEmpty.Count).Should().Be(0);
    }

    [Fact]
    public void Names_that_many_grants_hold_are_in_memory_once_and_made_up_ones_have_an_end()
    {
        BreakGlassGrant Waiting() => A.Grant() with { Spec = A.Grant().Spec with { Namespaces = [new string("payments")] } };
        var (one, other) = (CacheTransforms.Grant(Waiting()), CacheTransforms.Grant(Waiting()));
        ReferenceEquals(one.Spec.Namespaces[0], other.Spec.Namespaces[0]).Should().BeTrue();

        var names = new SharedNames();
        for (var i = 0; i <= SharedNames.Most; i++) names.Of($"made-up-{i}");
        var late = new string("late");
        names.Of(late).Should().BeSameAs(late);
        names.Of(new string("late")).Should().Be(late).And.NotBeSameAs(late, "there is no place for it");
    }

    [Fact]
    public void What_requesters_write_under_our_prefix_is_not_kept_either()
    {
        var grant = A.Grant();
        grant = grant with { Metadata = grant.Metadata with { Annotations =
            new Dictionary<string, string> { [BreakGlassApi.Group + "/note"] = new('x', 16_000), [BreakGlassApi.Group + "/seal"] = "v1" } } };
        CacheTransforms.Grant(grant).AnnotationsOrEmpty.Keys.Should().Equal(BreakGlassApi.Group + "/seal");
    }
}
