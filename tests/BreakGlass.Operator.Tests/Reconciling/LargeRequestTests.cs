using BreakGlass.Core.Api;
using FluentAssertions;
using Simulation;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.Reconciling;

/// <summary>A request of many words waits in the caches without them, and is decided on as it was written.</summary>
public class LargeRequestTests
{
    private static readonly string Long = new('x', 4000);

    [Fact]
    public Task A_waiting_request_of_many_words_opens_as_it_was_written_once_it_is_approved() => With(world =>
    {
        var grant = Ask(world);
        world.Settle();
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.AwaitingApproval);
        world.Server.Put(new BreakGlassApproval
        {
            Metadata = new() { Name = "yes" },
            Spec = new() { Grant = "inc-4711", GrantUid = grant.Metadata.Uid, Decision = "Approve", Approver = new() { Username = "carol" } },
        });
        world.Settle();
        var opened = world.Grant()!;
        (opened.Status.Phase, opened.Spec.Justification).Should().Be((GrantPhase.Active, Long));
        opened.Status.CredentialJwe.Should().NotBeNullOrEmpty("the recipient's key is not forgotten");
    });

    [Fact]
    public Task A_waiting_request_of_many_words_that_is_never_approved_is_denied() => With(world =>
    {
        Ask(world);
        world.Advance(TimeSpan.FromMinutes(11));
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Denied);
    });

    [Fact]
    public Task A_waiting_request_of_many_words_of_which_one_is_changed_never_opens() => With(world =>
    {
        Ask(world);
        world.Settle();
        world.Server.Modify<BreakGlassGrant>("inc-4711", null, g => g with { Spec = g.Spec with { Duration = "90m" } });
        world.Advance(TimeSpan.FromMinutes(11));
        world.Grant()!.Status.ActivatedAt.Should().BeNull();
        world.Owned().Should().BeEmpty();
    });

    private static BreakGlassGrant Ask(World world)
    {
        world.Server.Put(Sample.Policy(
            s => s with { Mode = PolicyMode.JustInTime,
                Approval = new() { Required = 1, Timeout = "10m", Approvers = [new() { Kind = "User", Name = "carol" }] } }, "asks-first"));
        return world.Server.Put(Sample.Grant(s => s with { Policy = "asks-first", Justification = Long, RecipientKey = Sample.RecipientKey }));
    }

    private static Task With(Action<World> test) => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Start();
        test(world);
    });
}
