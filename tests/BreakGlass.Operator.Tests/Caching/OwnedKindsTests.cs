using System.Text.Json.Nodes;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Operator.Caching;
using BreakGlass.Operator.Tests.Execution;
using FluentAssertions;
using k8s;
using k8s.Models;
using Kube.Client;
using Manifests;
using Microsoft.Extensions.Logging.Abstractions;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Operator.Tests.Caching;

/// <summary>A kind that the operator makes for grants is one row in each of two tables, and each row is complete.</summary>
public sealed class OwnedKindsTests
{
    public static TheoryData<string> Kinds => [.. OwnedKinds.All.Select(k => k.Name)];

    [Fact]
    public void Both_tables_have_the_same_rows_in_the_order_of_removal()
    {
        OwnedResources.All.Select(r => r.Kind).Should().Equal(OwnedKinds.All);
        OwnedKinds.All.Select(k => k.Order).Should().BeInAscendingOrder();
        OwnedKinds.All.Select(k => k.Name).Should().OnlyHaveUniqueItems();
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_rows_of_a_kind_describe_the_same_object(string name)
    {
        var (kind, resource) = RowsOf(name);
        var metadata = new V1ObjectMeta { Name = "x", NamespaceProperty = "ns", Uid = "uid-1" };
        var place = kind.At(metadata);
        (place.KindName, place.Metadata).Should().Be((name, metadata));
        OwnedKinds.Of(place).Should().BeSameAs(kind);
        OwnedResources.Of(place).Should().BeSameAs(resource);
        resource.Resource.Kind.Should().Be(name);
        resource.Node(place)["metadata"]!["uid"]!.GetValue<string>().Should().Be("uid-1");
        if (kind.Own is null) return;

        var made = kind.Own.Make(A.Grant(), A.Settings, A.Start);
        OwnedKinds.Of(made).Should().BeSameAs(kind);
        (made.Metadata.Name, made.Metadata.NamespaceProperty).Should().Be((kind.Own.Name(A.Grant()), A.Settings.GrantsNamespace));
        kind.Compare(made, made).Should().Be(Drift.None);
        Ownership.MadeFor(made, A.Settings).Should().Be(new GrantIdentity("inc-4711", "grant-1"));
        Ownership.IsOf(A.Grant(), made).Should().BeTrue();
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_caches_watch_a_kind_and_find_its_objects_by_their_grant(string name)
    {
        using var server = new CannedServer(new FakeClock());
        using var client = server.Client();
        var caches = new ClusterCaches(client, A.Settings, new FakeClock(), NullLoggerFactory.Instance);
        var o = RowsOf(name).Kind.At(GrantNames.Meta(A.Grant(), "ns", "x", A.Start) with { Uid = "uid-1", ResourceVersion = "1" });
        caches.Unsynced.Should().Contain(RowsOf(name).Resource.Resource.ToString());

        caches.Learn(o);
        caches.ObjectsOf("inc-4711").Should().ContainSingle().Which.Key.Should().Be(o.Key);
        caches.GrantsOfObjects().Should().Equal("inc-4711");
        caches.LearnDeleted(o);
        caches.ObjectsOf("inc-4711").Should().BeEmpty();
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Operator_and_reaper_have_the_rights_that_a_kind_needs(string name)
    {
        var (kind, resource) = RowsOf(name);
        var grantsNamespace = kind.Order is RemovalOrder.Access ? null : A.Settings.GrantsNamespace;
        Verbs("breakglass-operator", resource.Resource, grantsNamespace).Should().Contain(["get", "list", "watch", "create", "patch", "delete"]);
        Verbs("breakglass-reaper", resource.Resource, grantsNamespace).Should().Contain(["list", "patch", "delete"]);
    }

    private static (OwnedKind Kind, OwnedResource Resource) RowsOf(string name) =>
        (OwnedKinds.All.Single(k => k.Name == name), OwnedResources.All.Single(r => r.Kind.Name == name));

    /// <summary>What a role of config/rbac allows, cluster-wide or in a namespace.</summary>
    private static IEnumerable<string> Verbs(string role, ResourceType resource, string? ns) =>
        Directory.EnumerateFiles(Path.Combine(Golden.RepositoryRoot, "config", "rbac"), "*.yaml").SelectMany(file => YamlText.Parse(File.ReadAllText(file)))
            .Where(o => o["kind"]?.GetValue<string>() is "Role" or "ClusterRole" && o["metadata"]!["name"]!.GetValue<string>() == role)
            .Where(o => o["metadata"]!["namespace"]?.GetValue<string>() is var at && (at is null || at == ns))
            .SelectMany(o => o["rules"]!.AsArray())
            .Where(rule => Has(rule!["apiGroups"], resource.Group) && Has(rule["resources"], resource.Plural) && rule["resourceNames"] is null)
            .SelectMany(rule => rule!["verbs"]!.AsArray().Select(verb => verb!.GetValue<string>()));

    private static bool Has(JsonNode? list, string item) => list!.AsArray().Any(i => i!.GetValue<string>() == item);
}
