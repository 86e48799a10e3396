using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Simulation;
using TestKit;
using Xunit;
using World = Simulation.World;

namespace BreakGlass.Operator.Tests.Reconciling;

/// <summary>For each way in which a binding's removal is obstructed: when access ends, and what the record says.</summary>
public sealed class ObstructedCutTests
{
    private static readonly Fault Webhook = Fault.Answer(500, "InternalError",
        """Internal error occurred: failed calling webhook "deny.example.com": Post "https://policies.example.com/": dial tcp: connect: connection refused""");
    private static readonly Fault Denied = Fault.Answer(403, "Forbidden", """admission webhook "deny.example.com" denied the request: bindings are kept""");

    private static readonly string[] Obstacles = ["delete denied", "delete fails", "delete hangs", "delete and patch denied", "delete and patch fail",
        "delete and patch hang", "finalizer", "namespace terminating"];

    public static TheoryData<string, string, string> Cases()
    {
        var cases = new TheoryData<string, string, string>();
        foreach (var obstacle in Obstacles)
        {
            foreach (var kind in (string[])["RoleBinding", "ClusterRoleBinding", "BindRequester", "BindRequester ClusterRoleBinding"])
            {
                if (obstacle == "namespace terminating" && kind.Contains("ClusterRoleBinding", StringComparison.Ordinal)) continue;
                foreach (var how in (string[])["revoke", "expire", "lockdown"]) cases.Add(obstacle, kind, how);
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public Task Access_ends_by_another_cut_or_the_record_says_that_it_is_there(string obstacle, string kind, string how) => Stillness.Run(stillness =>
    {
        using var world = new World(stillness, new() { TokenCache = TimeSpan.FromSeconds(10) });
        world.Server.CreateNamespace("payments");
        var cluster = kind.Contains("ClusterRoleBinding", StringComparison.Ordinal);
        var bound = kind.StartsWith("BindRequester", StringComparison.Ordinal);
        world.Server.Put(Sample.Policy(p => p with
        {
            Access = [cluster ? Sample.ClusterWide("payments") : Sample.Entry("payments", "payments")],
            Credential = bound ? CredentialKind.BindRequester : CredentialKind.ServiceAccountToken,
        }));
        world.Start();
        world.Server.Put(Sample.Grant());
        world.Advance(TimeSpan.FromSeconds(5));
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
        var binding = world.Grant()!.Status.Bindings.Single();

        var stays = Obstruct(world, obstacle, binding);
        End(world, how);
        var both = obstacle.Contains("and patch", StringComparison.Ordinal);
        world.Advance(TimeSpan.FromSeconds(obstacle.Contains("hang", StringComparison.Ordinal) ? 4 : 1));
        HasSubjects(world, binding).Should().Be(both);
        if (bound && both)
        {
            world.Advance(TimeSpan.FromSeconds(60));
            world.Grant()!.Status.Should().Match<GrantStatus>(s => s.Phase == GrantPhase.Active && s.EndedAt == null);
            Condition(world, "Active")
                .Should().Match<Condition>(c => c.Status == "True" && c.Reason == "RevocationObstructed" && c.Message.Contains("still works"));
        }
        else
        {
            world.Server.List<V1ServiceAccount>("breakglass-grants").Should().BeEmpty("the credential is killed whatever came of the binding");
            world.Server.List<SecretMetadata>("breakglass-grants").Should().BeEmpty();
            var ended = world.Grant()!.Status;
            ended.IsTerminal.Should().BeTrue();
            ended.EndedAt.Should().BeOnOrBefore(world.Now);
            world.Advance(TimeSpan.FromSeconds(20));
            Condition(world, "Revoked").Status.Should().Be("True");
        }

        if (stays)
        {
            world.Advance(TimeSpan.FromSeconds(60));
            var message = Condition(world, "Obstructed").Message;
            message.Should().Contain(binding.Name);
            if (!obstacle.Contains("hang", StringComparison.Ordinal)) message.Should().Contain("'deny.example.com'");
            world.Events().Should().Contain(e => e.Reason == "RevocationObstructed" && e.Type == "Warning");
            world.Grant()!.FinalizersOrEmpty.Any().Should().Be(both);
        }

        world.Server.Faults.Clear();
        world.Advance(TimeSpan.FromSeconds(120));
        world.Owned().Should().BeEmpty("it is tried for ever");
        Condition(world, "Revoked").Status.Should().Be("True");
        world.Grant()!.FinalizersOrEmpty.Should().BeEmpty();
        if (stays) Condition(world, "Obstructed").Status.Should().Be("False");
    });

    /// <summary>A 404 that is not the API server's own was taken for the end of the binding, and access that still worked was recorded as ended.</summary>
    [Theory]
    [InlineData(404)]
    [InlineData(409)]
    public Task Access_is_not_over_because_a_proxy_answers_that_the_binding_is_not_there(int code) => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy(p => p with { Credential = CredentialKind.BindRequester }));
        world.Start();
        world.Server.Put(Sample.Grant());
        world.Advance(TimeSpan.FromSeconds(5));
        bool IsRemoval(ApiCall call) => call.Resource == "rolebindings" && call.Namespace == "payments" && call.Verb is "delete" or "patch";
        world.Server.Faults.Inject(Fault.Answer(code, "", "404 page not found"), IsRemoval, times: null);
        End(world, "lockdown");
        world.Advance(TimeSpan.FromSeconds(30));
        world.Server.List<V1RoleBinding>("payments").Should().ContainSingle();
        world.Grant()!.Status.Should().Match<GrantStatus>(s => s.Phase == GrantPhase.Active && s.EndedAt == null);
        Condition(world, "Active").Should().Match<Condition>(c => c.Status == "True" && c.Reason == "RevocationObstructed");
        world.Server.Faults.Clear();
        world.Advance(TimeSpan.FromSeconds(5));
        world.Server.List<V1RoleBinding>("payments").Should().BeEmpty();
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Revoked);
    });

    /// <summary>The API server gives up a patch that meets other writes again and again with the same answer as for another UID.</summary>
    [Fact]
    public Task A_binding_that_somebody_writes_all_the_time_is_not_taken_for_another_one() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy(p => p with { Credential = CredentialKind.BindRequester }));
        world.Start();
        world.Server.Put(Sample.Grant());
        world.Advance(TimeSpan.FromSeconds(5));
        bool IsBinding(ApiCall call) => call.Resource == "rolebindings" && call.Namespace == "payments";
        world.Server.Faults.Inject(Fault.Forbidden, c => IsBinding(c) && c.Verb == "delete", times: null);
        world.Server.Faults.Inject(Fault.Conflict, c => IsBinding(c) && c.Verb == "patch", times: null);
        End(world, "revoke");
        world.Advance(TimeSpan.FromSeconds(10));
        Condition(world, "Active").Should().Match<Condition>(c => c.Status == "True" && c.Reason == "RevocationObstructed");
    });

    /// <summary>Calls that hang used to hold a worker each for ten seconds.</summary>
    [Fact]
    public Task Two_hundred_grants_whose_bindings_hang_are_all_cut_within_seconds() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness, new() { TokenCache = TimeSpan.FromSeconds(10) });
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        world.Start(World.Options with { Workers = 8, RevocationWorkers = 32 });
        for (var i = 0; i < 200; i++) world.Server.Put(Sample.Grant(s => s with { Duration = "1h" }, $"inc-{i}"));
        world.Advance(TimeSpan.FromSeconds(10));
        world.Server.List<V1ServiceAccount>("breakglass-grants").Should().HaveCount(200);
        bool IsBinding(ApiCall call) => call.Resource == "rolebindings" && call.Namespace == "payments" && call.Verb is "delete" or "patch";
        world.Server.Faults.Inject(Fault.Hang, IsBinding, times: null);
        world.Server.Put(new BreakGlassLockdown { Metadata = new() { Name = "stop" }, Spec = new() { Reason = "a token leaked" } });
        world.Advance(TimeSpan.FromSeconds(10));
        world.Server.List<V1ServiceAccount>("breakglass-grants").Should().BeEmpty();
        world.Server.Faults.Clear();
        world.Advance(TimeSpan.FromSeconds(180));
        world.Owned().Should().BeEmpty();
    });

    private static Condition Condition(World world, string type) => Conditions.Find(world.Grant()!.Status.Conditions, type)!;

    /// <summary>Whether what cannot be removed stays there.</summary>
    private static bool Obstruct(World world, string obstacle, BindingRecord binding)
    {
        var verbs = obstacle.Contains("patch", StringComparison.Ordinal) ? new[] { "delete", "patch" } : ["delete"];
        bool Which(ApiCall call) => verbs.Contains(call.Verb) && call.Name == binding.Name;
        switch (obstacle)
        {
            case "finalizer" when binding.Namespace is null:
                world.Server.Modify<V1ClusterRoleBinding>(
                    binding.Name, null, b => b with { Metadata = b.Metadata with { Finalizers = ["example.com/hold"] } });
                return false;
            case "finalizer":
                world.Server.Modify<V1RoleBinding>(
                    binding.Name, binding.Namespace, b => b with { Metadata = b.Metadata with { Finalizers = ["example.com/hold"] } });
                return false;
            case "namespace terminating":
                world.Server.Modify<V1RoleBinding>(
                    binding.Name, binding.Namespace, b => b with { Metadata = b.Metadata with { Finalizers = ["example.com/hold"] } });
                world.Server.Delete<V1Namespace>("payments");
                return false;
            default:
                var fault = obstacle.Contains("hang", StringComparison.Ordinal) ? Fault.Hang : obstacle.Contains("denied", StringComparison.Ordinal)
                    ? Denied : Webhook;
                world.Server.Faults.Inject(fault, Which, times: null);
                return true;
        }
    }

    private static void End(World world, string how)
    {
        switch (how)
        {
            case "revoke": world.Server.Modify<BreakGlassGrant>("inc-4711", null, g => g with { Spec = g.Spec with { Revoke = new() } }); break;
            case "lockdown": world.Server.Put(new BreakGlassLockdown { Metadata = new() { Name = "stop" }, Spec = new() { Reason = "stop" } }); break;
            default: world.AdvanceTo(world.Grant()!.Status.ExpiresAt!.Value); break;
        }
    }

    private static bool HasSubjects(World world, BindingRecord binding) => binding.Namespace is null
        ? world.Server.Get<V1ClusterRoleBinding>(binding.Name) is { Subjects.Count: > 0 }
        : world.Server.Get<V1RoleBinding>(binding.Name, binding.Namespace) is { Subjects.Count: > 0 };
}
