using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Core.Tests.Lifecycle.Model;
using FluentAssertions;
using k8s;
using k8s.Models;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Lifecycle;

/// <summary>Whose object it is: decided by UID, name and subject together, never by a label.</summary>
public sealed class OwnershipTests
{
    private static readonly BreakGlassGrant Gone = A.Grant(name: "inc-1", uid: "grant-0");

    private static V1RoleBinding Orphan => new()
    {
        Metadata = GrantNames.Meta(Gone, "shop", GrantNames.Binding(Gone, "payments"), A.Start),
        RoleRef = new() { Kind = "ClusterRole", Name = "edit" },
        Subjects = [new() { Kind = "ServiceAccount", NamespaceProperty = "breakglass-grants", Name = GrantNames.Identity(Gone) }],
    };

    private static Dictionary<string, Func<V1RoleBinding, V1RoleBinding>> Innocent => new()
    {
        ["under a name of its own"] = b => Renamed(b, "team-view"),
        ["under another grant's name"] = b => Renamed(b, "breakglass-inc-2-x"),
        ["that binds another identity of the grants' namespace"] = b =>
            b with { Subjects = [new() { Kind = "ServiceAccount", NamespaceProperty = "breakglass-grants", Name = "inc-2-0123456789" }] },
        ["that binds a group"] = b => b with { Subjects = [new() { Kind = "Group", Name = "developers" }] },
        ["that binds two users"] = b => b with { Subjects = [Bound.User("alice"), Bound.User("bob")] },
        ["that binds an identity of another namespace"] = b =>
            b with { Subjects = [new() { Kind = "ServiceAccount", NamespaceProperty = "shop", Name = GrantNames.Identity(Gone) }] },
        ["with labels and no UID"] = b => b with { Metadata = b.Metadata with { Annotations = A.Labels(), OwnerReferences = [] } },
        ["that another project's grant owns"] = b => b with
        {
            Metadata = b.Metadata with { Annotations = A.Labels(),
                OwnerReferences = [new() { ApiVersion = "access.example.com/v1", Kind = "BreakGlassGrant", Name = "inc-1", Uid = "x" }] },
        },
    };

    public static TheoryData<string> Innocents => [.. Innocent.Keys];

    [Theory]
    [MemberData(nameof(Innocents))]
    public void An_innocent_binding_with_our_marks_is_not_removed_as_an_orphan(string how)
    {
        var world = new ModelWorld();
        var theirs = world.Put(Innocent[how](Orphan));
        Ownership.MadeFor(theirs, A.Settings).Should().BeNull();

        world.Cluster.Grant = null;
        foreach (var name in new[] { "inc-1", "inc-2", ModelWorld.GrantName }) Removed(name, theirs).Should().BeEmpty();
    }

    [Theory]
    [InlineData("as it was made")]
    [InlineData("label overwritten")]
    [InlineData("labels stripped")]
    [InlineData("owner stripped")]
    [InlineData("annotations stripped")]
    [InlineData("subjects emptied")]
    [InlineData("the requester's own")]
    public void An_orphan_is_known_by_what_is_left_of_its_marks(string how)
    {
        var meta = Orphan.Metadata;
        var orphan = how switch
        {
            "label overwritten" => Orphan with { Metadata = meta with { Labels = A.Labels((BreakGlassApi.GrantLabel, "other")) } },
            "labels stripped" => Orphan with { Metadata = meta with { Labels = A.Labels() } },
            "owner stripped" => Orphan with { Metadata = meta with { OwnerReferences = [], Labels = A.Labels((BreakGlassApi.GrantLabel, "inc")) } },
            "annotations stripped" => Orphan with { Metadata = meta with { Annotations = A.Labels() } },
            "subjects emptied" => Orphan with { Subjects = [] },
            "the requester's own" => Orphan with { Subjects = [Bound.User("alice")] },
            _ => Orphan,
        };
        Ownership.MadeFor(orphan, A.Settings).Should().Be(new GrantIdentity("inc-1", "grant-0"));
        Ownership.Names(orphan).Should().Contain("inc-1");
        Removed("inc-1", orphan).Should().Equal(orphan);
        Removed("other", orphan).Should().BeEmpty("it is not that grant's, whatever its label says");
        Removed("inc", orphan).Should().BeEmpty();
    }

    public static TheoryData<string> Kinds => ["RoleBinding", "ClusterRoleBinding", "Role", "ServiceAccount", "Secret"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_label_that_is_overwritten_on_an_object_of_an_active_grant_is_put_right_and_reported(string kind)
    {
        var world = Active(kind);
        var ours = Of(world, kind);
        world.Events.Clear();
        world.Tamper(ours,
            o => ModelCluster.With(o, m => m with { Labels = new Dictionary<string, string>(m.Labels) { [BreakGlassApi.GrantLabel] = "other" } }));
        var stolen = world.Cluster.Get(ObjectPlace.Of(ours))!;

        Ownership.Names(stolen).Should().Contain([ModelWorld.GrantName, "other"], "both grants are looked at");
        Removed("other", stolen).Should().BeEmpty("it is not the other grant's to remove");
        world.Run();
        var now = world.Cluster.Get(ObjectPlace.Of(ours))!;
        now.Metadata.Uid.Should().Be(ours.Metadata.Uid, "it was put right in place");
        now.LabelsOrEmpty.Should().BeEquivalentTo(ours.LabelsOrEmpty);
        world.Events.Should().ContainSingle(n => n.Reason == "DriftRepaired");
        world.RunUntil(A.Start.AddMinutes(31)).Cluster.Objects.Should().BeEmpty();
    }

    [Fact]
    public void A_binding_that_carries_the_marks_of_an_active_grant_and_is_not_its_own_stays_through_the_whole_grant()
    {
        var world = new ModelWorld().Run();
        var ours = (V1RoleBinding)world.Binding;
        var copy = world.Put(ours with { Metadata = ours.Metadata with { Name = "team-view", NamespaceProperty = "shop", Uid = null },
            Subjects = [new() { Kind = "Group", Name = "developers" }] });
        world.RunUntil(A.Start.AddMinutes(31)).Cluster.Objects.Values.Should().Equal([copy]);
    }

    [Fact]
    public void A_label_that_other_projects_use_is_nothing_to_fight_over()
    {
        var world = new ModelWorld().Run();
        world.Tamper(world.Binding,
            o => ModelCluster.With(o, m => m with { Labels = new Dictionary<string, string>(m.Labels) { [BreakGlassApi.ManagedByLabel] = "Helm" } }));
        var version = world.Binding.Metadata.ResourceVersion;
        world.RunFor(TimeSpan.FromMinutes(1));
        world.Binding.Metadata.ResourceVersion.Should().Be(version, "nothing was written");
        world.RunUntil(A.Start.AddMinutes(31)).Cluster.Objects.Should().BeEmpty();
    }

    [Theory]
    [InlineData("foo", "bar-reader", false)]
    [InlineData("foo", "foo-0123456789-reader", true)]
    public void A_role_of_somebody_else_that_only_looks_like_ours_is_of_no_grant(string grant, string name, bool shaped)
    {
        var role = new V1Role { Metadata = new() { Name = name, NamespaceProperty = "breakglass-grants" } };
        Ownership.Names(role).Should().BeEmpty("it carries no mark of ours");
        var marked = role with { Metadata = role.Metadata with { Annotations = A.Labels((BreakGlassApi.GrantUidAnnotation, "u")) } };
        Ownership.Names(marked).Should().BeEquivalentTo(shaped ? new[] { grant } : []);
        Ownership.MadeFor(marked with { Metadata = marked.Metadata with { NamespaceProperty = "shop" } }, A.Settings)
            .Should().BeNull("the operator makes Roles in one namespace only");
    }

    [Fact]
    public void A_binding_onto_which_another_UID_is_written_again_and_again_is_not_removed_as_a_namesakes_while_nobody_puts_it_right()
    {
        var world = new ModelWorld().Run();
        var ours = world.Binding.Metadata.Uid;
        for (var second = 0; second < 30; second++)
        {
            world.Tamper(world.Binding,
                o => ModelCluster.With(o, m => m with { Annotations = A.Labels((BreakGlassApi.GrantUidAnnotation, "grant-x")), OwnerReferences = [] }));
            world.RunFor(TimeSpan.FromSeconds(1));
        }

        world.Binding.Metadata.Uid.Should().Be(ours);
        world.Events.Should().NotContain(n => n.Reason == "OrphanRemoved");
        world.HasAccess().Should().BeTrue();
        world.RunUntil(A.Start.AddMinutes(31)).Cluster.Objects.Should().BeEmpty();
    }

    private static IEnumerable<IKubernetesObject<V1ObjectMeta>> Removed(string name, IKubernetesObject<V1ObjectMeta> o) => GrantLifecycle
        .Decide(new() { Now = A.Start, Settings = A.Settings, Name = name, Cluster = AView.Of(), Objects = [o] }).Steps.OfType<PlanStep.Remove>()
        .Select(r => r.Object);

    private static V1RoleBinding Renamed(V1RoleBinding b, string name) => b with { Metadata = b.Metadata with { Name = name } };

    private static ModelWorld Active(string kind) =>
        kind is "ClusterRoleBinding" ? new ModelWorld(A.Policy(s => s with { Access = [A.ClusterWideEntry("all", "view")] })).Run() : new ModelWorld().Run();

    private static IKubernetesObject<V1ObjectMeta> Of(ModelWorld world, string kind) =>
        kind is "RoleBinding" ? world.Binding : world.Cluster.Objects.Values.First(o => o.KindName == kind);
}
