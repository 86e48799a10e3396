using BreakGlass.Core.Api;
using BreakGlass.Core.Guard;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Operator.Certificates;
using BreakGlass.Operator.Guard;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Simulation;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.Guard;

/// <summary>What of the guard is there, asked with the operator's own rights, and told by the policies.</summary>
public sealed class GuardProbeTests
{
    private readonly FakeClock _clock = new();

    [Fact]
    public async Task It_tells_what_is_installed_by_what_the_server_has_and_asks_once_a_minute()
    {
        var server = Server(new(1, 34));
        using var client = server.CreateClient(InstalledRbac.Operator);
        var probe = new GuardProbe(client, _clock);
        (await probe.AskAsync(default)).Should().Be(new GuardInstallation(false, false));

        server.Put(Webhook);
        server.Put(new V1ValidatingAdmissionPolicy { Metadata = new() { Name = GuardInstallation.PolicyName } });
        (await probe.AskAsync(default)).Should().Be(new GuardInstallation(false, false), "an answer holds for a while");
        _clock.Advance(GuardProbe.Holds);
        (await probe.AskAsync(default)).Should().Be(new GuardInstallation(true, false), "a policy without its binding does nothing");

        server.Put(new V1ValidatingAdmissionPolicyBinding { Metadata = new() { Name = GuardInstallation.PolicyName } });
        _clock.Advance(GuardProbe.Holds);
        (await probe.AskAsync(default)).Should().Be(new GuardInstallation(true, true));
    }

    [Fact]
    public async Task Servers_before_1_30_have_no_admission_policies_and_none_is_missed()
    {
        var server = Server(new(1, 29));
        server.Put(Webhook);
        using var client = server.CreateClient(InstalledRbac.Operator);
        (await new GuardProbe(client, _clock).AskAsync(default)).Should().Be(new GuardInstallation(true, null));
    }

    [Fact]
    public async Task An_operator_without_the_right_to_look_says_nothing()
    {
        var server = Server(new(1, 34));
        using var client = server.CreateClient(FakeUser.ServiceAccount("breakglass-system", "another"));
        (await new GuardProbe(client, _clock).AskAsync(default)).Should().BeNull();
    }

    [Fact]
    public Task The_policies_say_so() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        world.Start();
        Conditions.Find(world.Policy()!.Status.Conditions, "Guarded").Should().Match<Condition>(c => c.Status == "False" && c.Reason == "GuardMissing");
        world.Server.Put(Webhook);
        world.Server.Put(new V1ValidatingAdmissionPolicy { Metadata = new() { Name = GuardInstallation.PolicyName } });
        world.Server.Put(new V1ValidatingAdmissionPolicyBinding { Metadata = new() { Name = GuardInstallation.PolicyName } });
        world.Advance(TimeSpan.FromMinutes(11));
        Conditions.IsTrue(world.Policy()!.Status.Conditions, "Guarded").Should().BeTrue();
    });

    private static V1MutatingWebhookConfiguration Webhook => new() { Metadata = new() { Name = CaBundles.GuardConfigurationName } };

    private FakeApiServer Server(Version version)
    {
        var server = new FakeApiServer(_clock, new() { Version = version });
        InstalledRbac.Install(server);
        return server;
    }
}
