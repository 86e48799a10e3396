using BreakGlass.Core.Api;
using BreakGlass.Operator.Caching;
using FluentAssertions;
using Kube.Model;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Operator.Tests.Reconciling;

public class ShedTests
{
    [Fact]
    public void A_grant_that_is_not_over_keeps_all_of_its_spec_and_loses_what_others_noted_on_it()
    {
        var grant = A.Grant();
        grant = grant.WithMetadata(grant.Metadata with
        {
            Annotations = new Dictionary<string, string> { [BreakGlassApi.Group + "/seal"] = "v1", ["example.com/note"] = new('x', 240_000) },
            Labels = new Dictionary<string, string> { ["team"] = "payments" },
        });

        var kept = Shed.Grant(grant);

        kept.Spec.Should().BeSameAs(grant.Spec);
        kept.Metadata.Annotations.Keys.Should().Equal(BreakGlassApi.Group + "/seal");
        kept.Metadata.Labels.Should().BeEmpty();
    }

    [Fact]
    public void A_policy_keeps_its_labels_by_which_lockdowns_select_it()
    {
        var policy = A.Policy();
        Shed.Annotations(policy.WithMetadata(policy.Metadata with { Labels = new Dictionary<string, string> { ["team"] = "payments" } })).Metadata.Labels.Should().ContainKey("team");
    }

    [Fact]
    public void Of_a_finished_grant_only_what_decisions_read_is_kept()
    {
        var grant = A.FinishedGrant(GrantPhase.Denied) with { };
        grant = grant with
        {
            Spec = grant.Spec with { Justification = new('x', 4096), Namespaces = [.. Enumerable.Range(0, 256).Select(i => $"ns-{i}")] },
            Status = grant.Status with { ExpiresAt = null, EndedAt = A.Start, Residue = ["a"], Transitions = [new() { To = GrantPhase.AwaitingApproval }, new() { To = GrantPhase.Denied, Reason = "no" }] },
        };

        var kept = Shed.Grant(grant);

        Shed.IsShed(grant).Should().BeTrue();
        Shed.IsShed(kept).Should().BeTrue();
        (kept.Spec.Justification, kept.Spec.Namespaces.Count, kept.Status.Residue.Count).Should().Be(("", 0, 0));
        kept.Status.Transitions.Should().ContainSingle().Which.Reason.Should().Be("no");
        (kept.Spec.Policy, kept.Status.EndedAt, kept.Status.Phase).Should().Be((grant.Spec.Policy, grant.Status.EndedAt, grant.Status.Phase));
    }

    [Fact]
    public void A_grant_whose_end_is_not_proven_is_kept_whole()
    {
        var grant = A.FinishedGrant(GrantPhase.Expired);
        grant = grant with { Status = grant.Status with { ExpiresAt = A.Start, EndedAt = A.Start, Conditions = [] } };
        Shed.IsShed(grant).Should().BeFalse();
    }
}
