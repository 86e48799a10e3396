using BreakGlass.Core.Api;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Simulation;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.Reconciling;

/// <summary>When many grants end at once, none waits for what another could still wait with, and counting them holds up none.</summary>
public class KillSwitchTests
{
    private const int Grants = 20;

    [Fact]
    public Task All_is_proven_to_be_over_before_anything_is_tidied_up() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        var first = world.Start();
        for (var i = 0; i < Grants; i++) world.Server.Put(Sample.Grant(name: $"inc-{i}"));
        world.Settle();
        world.Server.List<V1RoleBinding>("payments").Should().HaveCount(Grants);

        // So that all of them are known to be over before any is looked at.
        first.Stop();
        world.Settle();
        world.Server.Put(new BreakGlassLockdown { Metadata = new() { Name = "stop" }, Spec = new() { Reason = "a token leaked" } });
        world.Server.Requests.Clear();
        world.Start(World.Options with { Workers = 1 });

        var done = world.Server.Requests.All.Select(Stage).OfType<string>().ToList();
        done.Should().HaveCount(3 * Grants);
        done.LastIndexOf("cut").Should().BeLessThan(done.IndexOf("tidy"));
        done.LastIndexOf("proof").Should().BeLessThan(done.IndexOf("tidy"));
        world.Owned().Should().BeEmpty();
    });

    /// <summary>The watch often told of the operator's own status before the answer to it came: it was written again at once, nine times a second.</summary>
    [Fact]
    public Task A_status_that_changed_is_looked_at_again_only_after_a_while() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Start();
        world.Server.Put(new BreakGlassLockdown { Metadata = new() { Name = "stop" }, Spec = new() { Reason = "a token leaked" } });
        world.Settle();
        Lockdown().Status.Conditions.Should().NotBeEmpty();
        world.Server.Modify<BreakGlassLockdown>("stop", null, l => l with { Status = new() });
        world.Settle();
        Lockdown().Status.Conditions.Should().BeEmpty();
        world.Advance(TimeSpan.FromSeconds(1));
        Lockdown().Status.Conditions.Should().NotBeEmpty();

        BreakGlassLockdown Lockdown() => world.Server.Get<BreakGlassLockdown>("stop")!;
    });

    private static string? Stage(RequestRecord request) => request.Call switch
    {
        { Verb: "delete", Resource: "rolebindings", Namespace: "payments" } => "cut",
        { Verb: "create", Resource: "tokenreviews" } => "proof",
        { Verb: "delete", Resource: "roles" } => "tidy",
        _ => null,
    };
}
