using BreakGlass.Core.Api;
using BreakGlass.Core.Rules;
using BreakGlass.Core.Tests.Lifecycle.Model;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Lifecycle;

/// <summary>What people write freely stands in events and conditions, which others read line by line on a terminal.</summary>
public sealed class FreeTextTests
{
    private const string Forged = "done\nWarning  Approved by carol\u001b[2K\u202e";
    private const string Shows = @"done Warning  Approved by carol\u{1B}[2K\u{202E}";

    [Fact]
    public void A_justification_forges_no_line_of_an_event()
    {
        var world = new ModelWorld(grant: A.Grant(s => s with { Justification = Forged })).Run();
        world.Events.Single(n => n.Reason == "GrantRequested").Text.Should().EndWith(Shows);
    }

    [Fact]
    public void A_reason_of_a_revocation_or_a_lockdown_forges_no_line_of_a_condition()
    {
        var world = new ModelWorld().Run();
        world.Revoke(Forged);
        world.Run();
        world.Status.Phase.Should().Be(GrantPhase.Revoked);
        world.Status.Conditions.Should().Contain(c => c.Message.Contains(Shows)).And.NotContain(c => c.Message.Contains('\n'));
        LockdownRules.Reason(new() { Spec = new() { Reason = Forged } }).Should().Be(Shows);
    }
}
