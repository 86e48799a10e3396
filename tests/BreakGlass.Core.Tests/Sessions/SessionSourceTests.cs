using BreakGlass.Core.Api;
using BreakGlass.Core.Sessions;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Sessions;

/// <summary>From when to when a session had which address and which program.</summary>
public sealed class SessionSourceTests
{
    private readonly SessionRecord _record = new("pod-a");

    [Fact]
    public void Each_address_with_each_program_has_its_first_and_last_time()
    {
        Add("192.0.2.1", "kubectl", 10);
        Add("192.0.2.2", "kubectl", 20);
        Add("192.0.2.1", "kubectl", 30);
        Add("192.0.2.1", "k9s", 5);
        Sources().Should().BeEquivalentTo(
            [Source("192.0.2.1", "kubectl", 10, 30), Source("192.0.2.2", "kubectl", 20, 20), Source("192.0.2.1", "k9s", 5, 5)]);
    }

    [Fact]
    public void What_was_written_before_is_gone_on_with()
    {
        Add("192.0.2.1", "kubectl", 30);
        _record.Restore(new() { Parts = [new() { Observer = "pod-a", Sources = [Source("192.0.2.1", "kubectl", 10, 20), Source("192.0.2.3", "curl", 1, 2)] },
            new() { Observer = "pod-b", Sources = [Source("192.0.2.9", "kubectl", 1, 2)] }] });
        Sources().Should().BeEquivalentTo([Source("192.0.2.1", "kubectl", 10, 30), Source("192.0.2.3", "curl", 1, 2)]);
    }

    [Fact]
    public void Only_so_many_are_kept()
    {
        for (var i = 0; i < 30; i++) Add($"192.0.2.{i}", new('x', 1000), i);
        Sources().Should().HaveCount(SessionRecord.MostSources).And.OnlyContain(s => s.Program.Length == 256);
    }

    [Fact]
    public void A_program_that_only_asks_for_the_version_of_the_server_is_not_a_second_one()
    {
        Add("192.0.2.1", "kubectl", 10);
        var version = Audit.Event(resource: "", name: "", at: 15) with { UserAgent = "kubectl-dispatcher/v1.0", RequestUri = "/version?timeout=5s" };
        _record.Add(version, byName: false);
        Add("192.0.2.1", "kubectl", 20);
        Sources().Should().BeEquivalentTo([Source("192.0.2.1", "kubectl", 10, 20)]);
        _record.Totals.UserAgents.Should().Equal(["kubectl", "kubectl-dispatcher/v1.0"], "it is in the record like every other one");
    }

    [Fact]
    public void Of_a_request_through_the_gateway_the_address_is_that_of_the_gateways_client()
    {
        var happened = Audit.Event() with { SourceIps = ["198.51.100.7", "10.0.0.4"] };
        happened.BeforeGateway().SourceIps.Should().Equal("198.51.100.7");
        (happened with { SourceIps = ["10.0.0.4"] }).BeforeGateway().SourceIps.Should().Equal(["10.0.0.4"], "the client is on the gateway's own address");
    }

    private void Add(string address, string program, int at) =>
        _record.Add(Audit.Event(at: at) with { SourceIps = ["203.0.113.5", address], UserAgent = program }, byName: false);

    private IReadOnlyList<SessionSource> Sources() => _record.Status(Audit.Grant).Parts[0].Sources;

    private static SessionSource Source(string address, string program, int first, int last) =>
        new() { Address = address, Program = program, FirstAt = A.Start.AddSeconds(first), LastAt = A.Start.AddSeconds(last) };
}
