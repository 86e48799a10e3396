using BreakGlass.Core.Api;
using BreakGlass.Core.Tests.Lifecycle.Model;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Issues;

/// <summary>
/// A binding of the requester's own name that lost its marks before its UID was recorded was taken for somebody else's, left alone, and outlived
/// its grant.
/// </summary>
public class StrippedBeforeItWasRecordedTests
{
    [Fact]
    public void It_ends_with_the_grant_all_the_same()
    {
        var world = new ModelWorld(A.Policy(s => s with { Credential = CredentialKind.BindRequester }));
        world.Run();
        world.ForgeStatus(status => status with { Phase = GrantPhase.Pending, Bindings = [.. status.Bindings.Select(b => b with { Uid = null })] });
        foreach (var binding in world.Cluster.AccessBindings.ToList()) world.StripEverything(binding);
        world.RunUntil(world.Status.ExpiresAt!.Value.AddSeconds(2));

        world.Cluster.AccessBindings.Should().BeEmpty();
        world.Status.EndReason.Should().Be(EndReason.Expired);
    }
}
