using BreakGlass.Core.Api;
using BreakGlass.Core.Rules;
using FluentAssertions;
using k8s;
using k8s.Models;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Rules;

public class MetadataRulesTests
{
    private const string Operator = "system:serviceaccount:breakglass-system:breakglass-operator";
    private static readonly CoreSettings Settings = new() { OperatorNamespace = "breakglass-system" };

    [Fact]
    public void An_annotation_of_240_KiB_is_refused_on_every_kind_when_it_is_made_and_when_it_is_changed()
    {
        IKubernetesObject<V1ObjectMeta>[] kinds = [A.Grant(), A.Policy(), new BreakGlassApproval(), new BreakGlassReview(), new BreakGlassLockdown()];
        foreach (var kind in kinds)
        {
            MetadataRules.Check(null, With(kind, "a", 240 * 1024), "alice", Settings)!.Reason.Should().Be("MetadataTooLarge");
            MetadataRules.Check(kind, With(kind, "a", 240 * 1024), "alice", Settings)!.Reason.Should().Be("MetadataTooLarge");
            MetadataRules.Check(kind, With(kind, "a", 240 * 1024), Operator, Settings).Should().BeNull();
            MetadataRules.Check(kind, With(kind, "a", 15 * 1024), "alice", Settings).Should().BeNull();
        }
    }

    [Fact]
    public void Very_many_short_labels_and_annotations_are_refused()
    {
        static BreakGlassGrant Of(int annotations) =>
            A.Grant() with { Metadata = new() { Name = "inc", Annotations = Enumerable.Range(0, annotations).ToDictionary(i => $"a{i}", _ => "") } };
        MetadataRules.Check(null, Of(200), "alice", Settings).Should().BeNull();
        MetadataRules.Check(Of(1), Of(300), "alice", Settings)!.Message.Should().Contain("at most 256");
        MetadataRules.Check(Of(300), Of(300), "alice", Settings).Should().BeNull();
        MetadataRules.Check(Of(1), Of(300), Operator, Settings).Should().BeNull();
    }

    // With a field manager of another name for each write, anybody who may patch a grant made it larger and larger.
    [Fact]
    public void Managed_fields_grow_up_to_a_bound()
    {
        MetadataRules.CheckManagedFields(A.Grant(), 20_000, 30_000, "alice", Settings).Should().BeNull();
        MetadataRules.CheckManagedFields(A.Grant(), 20_000, 33_000, "alice", Settings)!.Reason.Should().Be("MetadataTooLarge");
        MetadataRules.CheckManagedFields(A.Grant(), 40_000, 39_000, "alice", Settings).Should().BeNull("it can be made smaller");
        MetadataRules.CheckManagedFields(A.Grant(), 33_000, 33_000, "alice", Settings)!.Reason
            .Should().Be("MetadataTooLarge", "an old server shows what is added on both sides");
        MetadataRules.CheckManagedFields(A.Grant(), 20_000, 33_000, Operator, Settings).Should().BeNull();
        MetadataRules.CheckManagedFields(A.Policy(), 20_000, 33_000, "gitops", Settings).Should().BeNull("policies are long, and several tools write them");
    }

    [Fact]
    public void What_is_too_large_already_can_be_changed_and_made_smaller()
    {
        var large = With(A.Grant(), "a", 200 * 1024);
        MetadataRules.Check(large, large, "alice", Settings).Should().BeNull("it must be possible to revoke it");
        MetadataRules.Check(large, With(A.Grant(), "a", 100 * 1024), "alice", Settings).Should().BeNull();
        MetadataRules.Check(large, With(A.Grant(), "a", 201 * 1024), "alice", Settings).Should().NotBeNull();
    }

    [Fact]
    public void A_manifest_of_legal_size_can_be_applied_with_kubectl()
    {
        const string Applied = "kubectl.kubernetes.io/last-applied-configuration";
        MetadataRules.Check(null, With(A.Policy(), Applied, 250 * 1024), "gitops", Settings).Should().BeNull();
        MetadataRules.Check(null, With(A.Grant(), Applied, 60 * 1024), "alice", Settings).Should().BeNull();
        MetadataRules.Check(null, With(A.Grant(), Applied, 120 * 1024), "alice", Settings)!.Message.Should().Contain("--server-side");
    }

    [Fact]
    public void Finalizers_are_the_operators_alone()
    {
        var grant = A.Grant();
        var held = grant with { Metadata = grant.Metadata with { Finalizers = [BreakGlassApi.RevokeFinalizer] } };
        var foreign = grant with { Metadata = grant.Metadata with { Finalizers = ["example.com/hold"] } };
        MetadataRules.Check(null, held, "alice", Settings)!.Reason.Should().Be("FinalizersChanged");
        MetadataRules.Check(grant, foreign, "alice", Settings)!.Reason.Should().Be("FinalizersChanged");
        MetadataRules.Check(held, grant, "alice", Settings)!.Reason.Should().Be("FinalizersChanged");
        MetadataRules.Check(held, grant, Operator, Settings).Should().BeNull();
        MetadataRules.Check(foreign, grant, "alice", Settings).Should().BeNull("what held it from before may go");
        MetadataRules.Check(held, held, "alice", Settings).Should().BeNull();
    }

    [Fact]
    public void The_garbage_collector_does_its_work()
    {
        const string Collector = "system:serviceaccount:kube-system:generic-garbage-collector";
        var grant = A.Grant();
        var deleting = grant with { Metadata = grant.Metadata with { Finalizers = ["foregroundDeletion"] } };
        MetadataRules.Check(deleting, grant, Collector, Settings).Should().BeNull();
        MetadataRules.Check(grant, deleting, "alice", Settings).Should().BeNull("that is how a foreground deletion begins");
    }

    [Fact]
    public void A_lockdown_has_no_owner_with_which_it_would_be_lifted_and_a_decision_keeps_its_grant()
    {
        V1OwnerReference[] gone = [new() { ApiVersion = "v1", Kind = "Namespace", Name = "nowhere", Uid = "gone" }];
        var lockdown = new BreakGlassLockdown();
        MetadataRules.Check(null, lockdown with { Metadata = new() { OwnerReferences = gone } }, "alice", Settings)!.Reason.Should().Be("Owned");
        MetadataRules.Check(lockdown, lockdown with { Metadata = new() { OwnerReferences = gone } }, "alice", Settings)!.Reason.Should().Be("Owned");
        var approval =
            new BreakGlassApproval() with { Metadata = new() { OwnerReferences = [new() { Kind = "BreakGlassGrant", Name = "g", Uid = "grant-1" }] } };
        MetadataRules.Check(approval, approval with { Metadata = new() { OwnerReferences = gone } }, "carol", Settings)!.Reason.Should().Be("Owned");
    }

    private static IKubernetesObject<V1ObjectMeta> With(IKubernetesObject<V1ObjectMeta> o, string key, int bytes)
    {
        var meta = o.Metadata with { Annotations = new Dictionary<string, string> { [key] = new('x', bytes) } };
        return o switch
        {
            BreakGlassGrant grant => grant with { Metadata = meta },
            BreakGlassPolicy policy => policy with { Metadata = meta },
            BreakGlassApproval approval => approval with { Metadata = meta },
            BreakGlassReview review => review with { Metadata = meta },
            _ => ((BreakGlassLockdown)o) with { Metadata = meta },
        };
    }
}
