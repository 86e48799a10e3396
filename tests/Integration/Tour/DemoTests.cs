using FluentAssertions;
using Integration.Docs;
using TestKit;
using Xunit;

namespace Integration.Tour;

/// <summary><c>make demo</c> as people run it. It checks what it shows, and ends early if something is otherwise.</summary>
[Trait("Category", "Long")]
public sealed class DemoTests
{
    [Fact]
    public async Task The_demo_comes_to_its_end_with_a_closed_shell_access_by_voucher_and_a_drill_that_passed()
    {
        var (code, said) = await Shell.RunAsync(
            Path.Combine(Golden.RepositoryRoot, "hack", "demo.sh"), [], new Dictionary<string, string> { ["NO_COLOR"] = "1" },
            limit: TimeSpan.FromMinutes(20));

        code.Should().Be(0, said);
        said.Should().MatchRegex(@"breakglass: the grant inc-4713 (is revoked|ended at \S+ \(Revoked: [^\n]*): the incident is over").And.Contain("Done in ");
        said.Should().Contain("while people cannot sign in").And.Contain("after the authority was suspended")
            .And.Contain("drill 'payments-weekly' passed: access ");
    }
}
