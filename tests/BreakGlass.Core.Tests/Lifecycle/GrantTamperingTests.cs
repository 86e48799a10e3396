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

/// <summary>Somebody changes what was made for an active grant: it is put right and reported, and whatever was done nothing is left at the end.</summary>
public sealed class GrantTamperingTests
{
    private static readonly Dictionary<string, Action<ModelWorld>> Tampering = new()
    {
        ["a subject added"] = w => w.AddSubject(w.Binding, Bound.User("mallory")),
        ["all subjects exchanged"] = w => w.Tamper(w.Binding, b => ModelWorld.WithSubjects(b, Bound.User("mallory"))),
        ["no subject left"] = w => w.Tamper(w.Binding, b => ModelWorld.WithSubjects(b)),
        ["the binding deleted"] = w => w.Delete(w.Binding),
        ["its role exchanged, marks kept"] = w => w.Replace(w.Binding, b => ModelWorld.WithRole(b, "view")),
        ["its role exchanged, marks gone"] = w => w.Replace(w.Binding, b => ModelWorld.WithRole(ModelWorld.Unmarked(b), "view")),
        ["its labels stripped"] = w => w.StripLabels(w.Binding),
        ["its annotations stripped"] = w => w.StripAnnotations(w.Binding),
        ["all its marks stripped"] = w => w.StripEverything(w.Binding),
        ["all its marks stripped and a subject added"] = w => w.AddSubject(w.StripEverything(w.Binding), Bound.User("mallory")),
        ["its end postponed"] = w => w.Tamper(w.Binding, b => ModelCluster.With(b, m =>
            m with { Annotations = A.Labels((BreakGlassApi.ExpiresAtAnnotation, "2099-01-01T00:00:00Z"), (BreakGlassApi.GrantUidAnnotation, "grant-1")) })),
        ["it says it is another grant's"] = w => w.Tamper(
            w.Binding, b => ModelCluster.With(b, m => m with { Annotations = A.Labels((BreakGlassApi.GrantUidAnnotation, "grant-x")) })),
        ["its owner taken away"] = w => w.Tamper(w.Binding, b => ModelCluster.With(b, m => m with { OwnerReferences = [] })),
        ["the ServiceAccount deleted"] = w => w.Delete(w.Account),
        ["the ServiceAccount deleted and made again"] = w => w.Replace(w.Account, a => ModelCluster.With(a, m => m with { Uid = null })),
        ["the ServiceAccount mounted by default"] = w => w.Tamper(w.Account, a => (V1ServiceAccount)a with { AutomountServiceAccountToken = true }),
        ["the ServiceAccount's labels stripped"] = w => w.StripLabels(w.Account),
        ["the Secret deleted"] = w => w.Delete(w.CredentialSecret),
        ["the Secret's labels stripped"] = w => w.StripLabels(w.CredentialSecret),
        ["somebody else made a reader of the Secret"] = w => w.AddSubject(Reader(w), Bound.User("mallory")),
        ["the reader's Role widened"] = w => w.Tamper(
            w.Cluster.Objects.Values.OfType<V1Role>().Single(), r => (V1Role)r with { Rules = [A.Rule("", "secrets", "get", "list")] }),
        ["the reader's Role deleted"] = w => w.Delete(w.Cluster.Objects.Values.OfType<V1Role>().Single()),
        ["the finalizer taken away"] = w => w.Write(g => g with { Metadata = g.Metadata with { Finalizers = [] } }),
    };

    public static TheoryData<string> Cases => [.. Tampering.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public void It_is_put_right_and_at_the_end_nothing_is_left(string what)
    {
        var world = new ModelWorld().RunFor(TimeSpan.FromMinutes(1));
        var before = Shape(world);
        world.Events.Clear();

        Tampering[what](world);
        world.RunFor(TimeSpan.FromMinutes(1));
        Shape(world).Should().BeEquivalentTo(before);
        world.HasAccess().Should().BeTrue();
        world.Grant.FinalizersOrEmpty.Should().Equal("breakglass.dev/revoke");
        if (what != "the finalizer taken away") world.Events.Should().Contain(n => n.Warning && n.Reason == "DriftRepaired");

        world.RunUntil(A.Start.AddMinutes(31)).Cluster.Objects.Should().BeEmpty();
        Conditions.IsTrue(world.Status.Conditions, "Revoked").Should().BeTrue();
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Where_nobody_looked_until_the_end_nothing_is_left_either(string what)
    {
        var world = new ModelWorld().RunFor(TimeSpan.FromMinutes(1));
        Tampering[what](world);
        world.Crash();
        world.Now = A.Start.AddMinutes(40);
        world.RunFor(TimeSpan.FromSeconds(30));
        world.Cluster.AccessBindings.Should().BeEmpty();
        world.Cluster.Objects.Should().BeEmpty();
        world.Status.Phase.Should().Be(GrantPhase.Expired);
        Conditions.IsTrue(world.Status.Conditions, "Revoked").Should().BeTrue();
    }

    /// <summary>The proof is written before the last objects go, so it is the finalizer that says whether there may be some left.</summary>
    [Fact]
    public void What_is_stripped_of_its_labels_between_the_proof_and_the_tidying_up_is_found_by_name_in_the_next_life()
    {
        static bool Proves(PlanStep step) => step is PlanStep.WriteStatus write && Conditions.IsTrue(write.Status.Conditions, "Revoked");
        var world = new ModelWorld { Faults = step => Proves(step) ? StepFault.DiesAfter : StepFault.None };
        world.Done = (_, step) =>
        {
            foreach (var left in Proves(step) ? world.Cluster.Objects.Values.ToList() : []) world.StripLabels(left);
        };
        world.Run().RunUntil(A.Start.AddMinutes(31));
        Conditions.IsTrue(world.Status.Conditions, "Revoked").Should().BeTrue();
        world.Cluster.Objects.Should().BeEmpty();
        world.Grant.FinalizersOrEmpty.Should().BeEmpty();
    }

    [Fact]
    public void A_credential_whose_mark_of_delivery_was_stripped_is_made_again()
    {
        var world = new ModelWorld().Run();
        var old = world.CredentialSecret.Metadata.Uid;
        world.StripAnnotations(world.CredentialSecret);
        world.RunFor(TimeSpan.FromMinutes(2));
        world.CredentialSecret.Metadata.Uid.Should().NotBe(old, "what was delivered can never be exchanged, so the Secret has to go");
        world.HasAccess().Should().BeTrue();
        world.Plans[^1].Steps.Should().BeEmpty("it came to rest");
        world.RunUntil(A.Start.AddMinutes(31)).Cluster.Objects.Should().BeEmpty();
    }

    [Fact]
    public void A_ServiceAccount_deleted_while_access_is_made_does_not_leave_a_dead_token_in_the_way()
    {
        var world = new ModelWorld { Faults = step => step is PlanStep.Deliver ? StepFault.DiesAfter : StepFault.None };
        world.RunFor(TimeSpan.FromMilliseconds(50));
        world.Faults = _ => StepFault.None;
        world.Delete(world.Account);
        world.Run().HasAccess().Should().BeTrue();
        world.Status.Phase.Should().Be(GrantPhase.Active);
    }

    [Fact]
    public void A_token_of_a_ServiceAccount_that_was_made_again_is_replaced()
    {
        var world = new ModelWorld().Run();
        world.Delete(world.Account);
        world.RunFor(TimeSpan.FromMinutes(1));
        world.Cluster.Tokens.Should().HaveCount(2);
        world.Cluster.Authenticates(world.Cluster.Tokens[^1], world.Now).Should().BeTrue();
        world.Cluster.Delivered[world.CredentialSecret.Metadata.Uid!].Should().Be(1);
    }

    [Fact]
    public void A_binding_whose_labels_were_stripped_is_not_forgotten_when_its_namespace_stops_to_match()
    {
        var world = new ModelWorld(A.Policy(s => s with { Access = [A.SelectorEntry("team", "edit", A.Selector("team", "Exists"))] })).Run();
        world.Cluster.AccessBindings.Should().HaveCount(2);
        world.StripLabels(world.Cluster.AccessBindings.Single(b => b.Metadata.NamespaceProperty == "shop"));
        world.SetNamespace(A.Namespace("shop"));
        world.RunFor(TimeSpan.FromMinutes(1));
        world.Cluster.AccessBindings.Should().ContainSingle().Which.Metadata.NamespaceProperty.Should().Be("payments", "shop is not of the policy any more");
        world.Status.Bindings.Should().ContainSingle();
    }

    // Foreign objects: never adopted, changed or deleted; the grant fails with a reason.

    [Theory]
    [InlineData("binding")]
    [InlineData("account")]
    [InlineData("secret")]
    [InlineData("reader")]
    public void A_foreign_object_that_was_there_first_fails_the_grant_and_stays(string which)
    {
        var world = new ModelWorld();
        var foreign = world.Put(Foreign(which, world.Grant));
        world.RunFor(TimeSpan.FromSeconds(30));
        world.Status.Phase.Should().Be(GrantPhase.Failed);
        Conditions.Find(world.Status.Conditions, "Active").Should().Match<Condition>(
            c => c.Status == "False" && c.Reason == "ForeignObject" && c.Message.Contains("left it alone") && c.Message.Contains("create a new grant"));
        world.Cluster.Objects.Values.Should().Equal([foreign], "it is as it was, and nothing of ours is left");
        Conditions.IsTrue(world.Status.Conditions, "Revoked").Should().BeTrue();
    }

    [Theory]
    [InlineData("binding")]
    [InlineData("account")]
    [InlineData("secret")]
    [InlineData("reader")]
    public void A_foreign_object_that_took_the_place_of_ours_ends_the_grant_and_stays(string which)
    {
        var world = new ModelWorld().Run();
        var foreign = Foreign(which, world.Grant);
        world.Delete(world.Cluster.Get(ObjectPlace.Of(foreign))!);
        foreign = world.Put(foreign);
        world.RunFor(TimeSpan.FromSeconds(30));
        world.Cluster.Objects.Values.Should().Equal(foreign);
        world.Status.Phase.Should().Be(GrantPhase.Failed);
        Conditions.Find(world.Status.Conditions, "Active")!.Reason.Should().Be("ForeignObject");
        world.Status.Bindings.Should().NotContain(b => b.Uid == foreign.Metadata.Uid, "a foreign object is not recorded as the grant's");
    }

    [Fact]
    public void What_was_left_over_from_an_earlier_grant_of_the_name_is_removed_and_that_of_others_is_not()
    {
        var world = new ModelWorld();
        var earlier = A.Grant(uid: "grant-0");
        world.Put(new V1RoleBinding { Metadata = GrantNames.Meta(earlier, "shop", GrantNames.Binding(earlier, "payments"), A.Start.AddDays(-1)),
            RoleRef = new() { Kind = "ClusterRole", Name = "edit" }, Subjects = [Bound.User("alice")] });
        world.Put(new V1ServiceAccount { Metadata = GrantNames.Meta(earlier, "breakglass-grants", GrantNames.Identity(earlier), A.Start.AddDays(-1)) });
        var labelled = world.Put(new V1RoleBinding { Metadata = new() { Name = "by-hand", NamespaceProperty = "shop", Labels = A
            .Labels((BreakGlassApi.GrantLabel, "inc-4711"), (BreakGlassApi.ManagedByLabel, "breakglass-operator")) } });
        world.Run();
        world.Status.Phase.Should().Be(GrantPhase.Active);
        world.Cluster.Bindings.Where(b => b.Metadata.NamespaceProperty == "shop").Should().Equal([labelled], "a label alone does not make it ours");
        world.Cluster.Objects.Values.OfType<V1ServiceAccount>().Should().ContainSingle();
        world.Events.Count(n => n.Reason == "OrphanRemoved").Should().Be(2);
    }

    [Fact]
    public void Orphans_lose_their_bindings_first()
    {
        var world = new ModelWorld().Run();
        world.Cluster.Grant = null;
        world.Plans.Clear();
        world.Run().Cluster.Objects.Should().BeEmpty();
        world.Plans[0].Should().Match<GrantPlan>(p => p.Cuts && p.Steps.All(s => s is PlanStep.Remove));
        world.Plans[0].Steps.OfType<PlanStep.Remove>().Should().OnlyContain(r => r.Object is V1RoleBinding && r.Why == Removal.Orphan);
    }

    private static IKubernetesObject<V1ObjectMeta> Foreign(string which, BreakGlassGrant grant)
    {
        V1ObjectMeta Meta(string ns, string name) => new() { Name = name, NamespaceProperty = ns };
        return which switch
        {
            "binding" => new V1RoleBinding { Metadata = Meta(
                "payments", GrantNames.Binding(grant, "payments")), RoleRef = new() { Kind = "ClusterRole", Name = "view" }, Subjects = [Bound.User("bob")] },
            "account" => new V1ServiceAccount { Metadata = Meta("breakglass-grants", GrantNames.Identity(grant)) },
            "secret" => new SecretMetadata { Metadata = Meta("breakglass-grants", GrantNames.Identity(grant)) },
            _ => new V1RoleBinding { Metadata = Meta("breakglass-grants", GrantNames.Reader(grant)), RoleRef = new() { Kind = "Role", Name = "other" } },
        };
    }

    private static IKubernetesObject<V1ObjectMeta> Reader(ModelWorld world) =>
        world.Cluster.Bindings.Single(b => b.Metadata.Name == GrantNames.Reader(world.Grant));

    private static List<string> Shape(ModelWorld world) =>
    [
        .. world.Cluster.Objects.Values.Select(o =>
            $"{ObjectPlace.Of(o)} {ModelCluster.RoleRefOf(o)} [{string.Join(",", ModelCluster.SubjectsOf(o).Select(s => s.Name))}] "
            + $"{string.Join(",", o.LabelsOrEmpty.OrderBy(l => l.Key))} "
            + $"{string.Join(",", o.AnnotationsOrEmpty.Where(a => a.Key != GrantObjects.DeliveredAnnotation && a.Key != GrantObjects.TokenExpiresAtAnnotation)
                .OrderBy(l => l.Key))} "
            + $"{string.Join(",", o.OwnersOrEmpty)} {(o as V1Role)?.RulesOrEmpty.Sum(r => r.VerbsOrEmpty.Count)} "
            + $"{(o as V1ServiceAccount)?.AutomountServiceAccountToken}"),
    ];
}
