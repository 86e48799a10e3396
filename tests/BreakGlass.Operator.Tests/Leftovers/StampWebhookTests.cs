using System.Text.Json;
using BreakGlass.Core.Api;
using BreakGlass.Operator.Tests.Guard;
using FluentAssertions;
using k8s.Models;
using Kube.Runtime;
using Simulation;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.Leftovers;

/// <summary>What grants' identities create is marked, and belongs to the grant's binding where the policy says so.</summary>
public sealed class StampWebhookTests
{
    private const string Label = "/metadata/labels/breakglass.dev~1made-by";

    [Fact]
    public Task What_a_grant_creates_carries_its_UID() => With(LeftoverHandling.Report, (world, ask) =>
    {
        var answer = ask(Create("apps", "deployments", """{"metadata":{"name":"x"}}"""));
        Patch(answer).Should().Equal($"add /metadata/labels {{}}", $"add {Label} \"{world.Grant()!.Metadata.Uid}\"");
        Residue(world).Should().Equal(
            ["created deployments.apps payments/x"], "the operator cannot look for it at the end without the right to list workloads");
    });

    [Fact]
    public Task A_label_that_came_along_is_overwritten() => With(LeftoverHandling.Report, (world, ask) =>
        Patch(ask(Create("apps", "deployments", """{"metadata":{"name":"x","labels":{"breakglass.dev/made-by":"another"}}}""")))
            .Should().Equal($"add {Label} \"{world.Grant()!.Metadata.Uid}\""));

    [Fact]
    public Task What_the_operator_cannot_list_is_written_down_at_once() => With(LeftoverHandling.Report, (world, ask) =>
    {
        ask(Create("", "secrets", """{"metadata":{"name":"copied"}}"""));
        ask(Create("", "secrets", """{"metadata":{"name":"rehearsed"}}""") with { DryRun = true });
        Residue(world).Should().Equal("created secrets payments/copied");
    });

    [Fact]
    public Task What_is_to_be_removed_belongs_to_the_grants_own_binding_there_and_to_nobody_else() => With(LeftoverHandling.Remove, (world, ask) =>
    {
        var binding = world.Server.List<V1RoleBinding>("payments").Single();
        var answer = ask(Create("", "secrets",
            """{"metadata":{"name":"x","labels":{},"ownerReferences":[{"apiVersion":"v1","kind":"Namespace","name":"payments","uid":"lives-on"}]}}"""));
        var owner = Patch(answer).Should().Contain(p => p.StartsWith("add /metadata/ownerReferences ", StringComparison.Ordinal)).Which;
        owner.Should().Contain(binding.Metadata.Uid).And.NotContain("lives-on").And.NotContain("blockOwnerDeletion");
        Residue(world).Should().BeEmpty("it goes with the binding");
        Patch(ask(Create("", "persistentvolumeclaims", """{"metadata":{"name":"data"}}""")))
            .Should().NotContain(p => p.Contains("ownerReferences", StringComparison.Ordinal));
    });

    [Theory]
    [InlineData("""{"metadata":{"name":"x","labels":{"a":"b","breakglass.dev/made-by":"g"}}}""", """{"metadata":{"name":"x","labels":{"a":"b"}}}""",
        $"add {Label} \"g\"")]
    [InlineData("""{"metadata":{"name":"x","labels":{"breakglass.dev/made-by":"g"}}}""", """{"metadata":{"name":"x"}}""", "add /metadata/labels {}",
        $"add {Label} \"g\"")]
    [InlineData("""{"metadata":{"name":"x","labels":{"a":"b"}}}""", """{"metadata":{"name":"x","labels":{"a":"b","breakglass.dev/made-by":"framed"}}}""",
        $"remove {Label} ")]
    [InlineData("""{"metadata":{"name":"x","labels":{"a":"b"},"ownerReferences":[{"uid":"1"}]}}""", """{"metadata":{"name":"x","labels":{"a":"c"}}}""")]
    [InlineData(
        """{"metadata":{"labels":{"breakglass.dev/made-by":"g"},"ownerReferences":[{"uid":"1"}]}}""",
        """{"metadata":{"labels":{"breakglass.dev/made-by":"g"}}}""",
        """add /metadata/ownerReferences [{"uid":"1"}]""")]
    [InlineData("""{"metadata":{"labels":{"breakglass.dev/made-by":"g"}}}""",
        """{"metadata":{"labels":{"breakglass.dev/made-by":"g"},"ownerReferences":[{"uid":"2"}]}}""", "remove /metadata/ownerReferences ")]
    public Task A_change_by_a_grant_keeps_the_mark_and_the_owners_of_what_carries_it(string before, string after, params string[] patch) =>
        With(LeftoverHandling.Report, (_, ask) =>
        {
            var answer = ask(Create("", "configmaps", after) with { Operation = "UPDATE", OldObject = JsonDocument.Parse(before).RootElement });
            answer.Allowed.Should().BeTrue();
            Patch(answer).Should().Equal(patch);
            answer.Warnings.Should().HaveCount(patch.Length == 0 ? 0 : 1);
        });

    [Fact]
    public Task A_status_is_no_way_around_the_mark() => With(LeftoverHandling.Report, (_, ask) =>
    {
        var change = Create("", "services", """{"metadata":{"name":"x"},"status":{}}""") with
        {
            Operation = "UPDATE", SubResource = "status", OldObject = JsonDocument.Parse(
                """{"metadata":{"name":"x","labels":{"breakglass.dev/made-by":"g"}},"status":{}}""").RootElement,
        };
        Patch(ask(change)).Should().Equal("add /metadata/labels {}", $"add {Label} \"g\"");
        Patch(ask(Create("", "pods", """{"metadata":{"name":"x"}}""") with { SubResource = "eviction" })).Should().BeEmpty();
    });

    [Theory]
    [InlineData("authorization.k8s.io", "selfsubjectaccessreviews")]
    [InlineData("", "events")]
    [InlineData("coordination.k8s.io", "leases")]
    public Task Questions_and_messages_are_left_alone(string group, string resource) => With(LeftoverHandling.Report, (world, ask) =>
    {
        Patch(ask(Create(group, resource, """{"metadata":{}}"""))).Should().BeEmpty();
        Residue(world).Should().BeEmpty();
    });

    [Fact]
    public Task Where_the_server_cannot_be_asked_an_incident_goes_on_with_a_warning() => With(LeftoverHandling.Remove, (world, ask) =>
    {
        // An identity that no cache knows has to be asked for.
        using var fault = world.Server.Faults.Inject(Fault.Unavailable, "get", "breakglassgrants");
        var answer = ask(Create("", "configmaps", """{"metadata":{}}""") with { UserInfo = new() { Username = GuardHarness.User("inc-9-0123456789") } });
        answer.Allowed.Should().BeTrue();
        answer.Warnings.Should().ContainSingle();
        Patch(answer).Should().BeEmpty();
        var framing = ask(Create("", "configmaps",
            """{"metadata":{"labels":{"breakglass.dev/made-by":"another"}}}""")
                with { UserInfo = new() { Username = GuardHarness.User("inc-9-0123456789") } });
        Patch(framing).Should().Equal([$"remove {Label} "], "what cannot be marked names no other grant either");
    });

    private static IReadOnlyList<string> Residue(World world)
    {
        world.Advance(TimeSpan.FromSeconds(1));
        return world.Grant()!.Status.Residue;
    }

    private static IEnumerable<string> Patch(AdmissionAnswer answer) =>
        (answer.Patch ?? []).Select(o => $"{o!["op"]!.GetValue<string>()} {o["path"]!.GetValue<string>()} {o["value"]?.ToJsonString()}");

    private static AdmissionRequest Create(string group, string resource, string o) => GuardHarness.Create("", group, resource, "payments", "", o);

    private static Task With(LeftoverHandling leftovers, Action<World, Func<AdmissionRequest, AdmissionAnswer>> test) => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy(p => p with { Leftovers = leftovers }));
        var replica = world.Start();
        world.Server.Put(Sample.Grant());
        world.Settle();
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
        var identity = new GuardHarness(world, replica).Identity;
        test(world, request =>
        {
            var asked = request.UserInfo?.Username is { Length: > 0 } ? request : request with { UserInfo = new() { Username = identity } };
            AdmissionAnswer? answer = null;
            _ = Task.Run(async () => answer = await replica.Engine.Stamp.HandleAsync(asked, CancellationToken.None));
            for (var i = 0; i < 20 && answer is null; i++)
            {
                world.Settle();
                if (answer is null) world.Advance(TimeSpan.FromSeconds(1));
            }

            return answer ?? throw new InvalidOperationException("The stamp was expected to answer and said nothing.");
        });
    });
}
