using System.Globalization;
using BreakGlass.Core.Api;
using BreakGlass.Core.Sessions;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Sessions;

public sealed class SessionRecordTests
{
    private readonly SessionRecord _record = new("pod-a");

    [Fact]
    public void Equal_requests_are_one_row_with_their_first_and_last_time_in_any_order()
    {
        foreach (var at in (int[])[30, 10, 20]) _record.Add(Audit.Event(at: at), byName: false);
        _record.Add(Audit.Event(code: 403), byName: false);

        _record.Actions.Select(a => (a.Verb, a.Resource, a.Name, a.Result, a.Count)).Should()
            .Equal(("get", "configmaps", "checkout", ActionResult.Allowed, 3), ("get", "configmaps", "checkout", ActionResult.Denied, 1));
        (_record.Actions[0].FirstAt, _record.Actions[0].LastAt).Should().Be((A.Start.AddSeconds(10), A.Start.AddSeconds(30)));
        _record.Totals.Should().BeEquivalentTo(new SessionSummary
        {
            Requests = 4, Denied = 1, LastActivityAt = A.Start.AddSeconds(60), SourceIps = ["192.0.2.1"], UserAgents = ["kubectl"],
        });
    }

    [Fact]
    public void Totals_count_what_people_ask_for()
    {
        foreach (var happened in (AuditEvent[])
        [
            Audit.Event("patch"), Audit.Event("delete", code: 404),
            Audit.Event("create", "pods") with { RequestUri = "/api/v1/namespaces/payments/pods?dryRun=All" },
            Audit.Event("create", "selfsubjectaccessreviews") with { ApiGroup = "authorization.k8s.io" },
            Audit.Event("create", "pods", "web", 101) with { Subresource = "exec", RequestUri = "/x?command=sh&command=-c&command=env%20%7C+sort" },
            Audit.Event("get", "pods", "web", 101) with { Subresource = "attach" }, Audit.Event("create", "pods", "web", 403) with { Subresource = "exec" },
            Audit.Event("create", "pods", "web", 101) with { Subresource = "portforward" },
            Audit.Event("list", "secrets", ""), Audit.Event("get", "secrets", "db", 403), Audit.Event("create", "secrets", "mine", 201),
            Audit.Event() with { Stage = "Panic", Code = null },
        ]) _record.Add(happened, byName: true);

        _record.Totals.Should().BeEquivalentTo(
            new { Requests = 12, Writes = 2, Denied = 2, Exec = 2, PortForward = 1, SecretsRead = 1, ByName = true, Truncated = false });
        _record.Actions.Should().Contain(a => a.Command == "sh -c env | sort");
        _record.Actions.Should().Contain(a => a.Result == ActionResult.Failed && a.Verb == "get");
    }

    [Fact]
    public void Past_400_rows_the_rest_is_counted_by_result()
    {
        for (var i = 0; i < 600; i++) _record.Add(Audit.Event(name: Text(i), code: i % 2 == 0 ? 200 : 403, at: i), byName: false);
        _record.Add(Audit.Event(name: "0", at: 900), byName: false);

        _record.Actions.Count(a => a.Name != "*").Should().Be(400);
        _record.Actions.Where(a => a.Name == "*").Select(a => (a.Verb, a.Result, a.Count)).Should()
            .BeEquivalentTo([("*", ActionResult.Allowed, 100L), ("*", ActionResult.Denied, 100L)]);
        _record.Actions.Sum(a => a.Count).Should().Be(601);
        _record.Totals.Truncated.Should().BeTrue();
        _record.Actions.Single(a => a.Name == "0").Count.Should().Be(2, "a row that exists is counted in, however many there are");
    }

    [Fact]
    public void A_flood_of_requests_does_not_hide_those_that_unusual_use_is_known_by()
    {
        for (var i = 0; i < 700; i++) _record.Add(Audit.Event(name: Text(i).PadLeft(253, 'x'), code: 404, at: i), byName: false);
        AuditEvent[] telling =
        [
            Audit.Event("list", "secrets", "", at: 900) with { Namespace = "" }, Audit.Event("create", "pods", "web") with { Subresource = "exec" },
            Audit.Event("get", "configmaps", "x") with { ImpersonatedUser = "bob" }, Audit.Event("create", "jobs", "miner") with { ApiGroup = "batch" },
            Audit.Event("patch", "secrets", "copied"), Audit.Event("create", "serviceaccounts", "web") with { Subresource = "token" },
        ];
        foreach (var happened in telling) _record.Add(happened, byName: false);
        _record.Actions.TakeLast(telling.Length).Select(a => $"{a.Verb} {a.Resource} {a.AsUser}".TrimEnd()).Should()
            .Equal("list secrets", "create pods", "get configmaps bob", "create jobs", "patch secrets",
                "create serviceaccounts");

        for (var i = 0; i < 700; i++) _record.Add(Audit.Event("create", "pods", Text(i)) with { Subresource = "exec" }, byName: false);
        _record.Actions.Count(a => a.Name != "*").Should().BeLessThanOrEqualTo(500);
    }

    [Fact]
    public void Long_names_use_up_the_room_before_500_rows()
    {
        for (var i = 0; i < 499; i++) _record.Add(Audit.Event(name: Text(i).PadLeft(253, 'x')), byName: false);
        _record.Actions.Sum(a => a.Name.Length).Should().BeLessThan(SessionRecord.MostText);
        _record.Totals.Truncated.Should().BeTrue();
    }

    [Fact]
    public void Five_addresses_and_programs_are_named_and_further_ones_counted_once()
    {
        for (var round = 0; round < 2; round++)
        {
            for (var i = 0; i < 8; i++)
                _record.Add(Audit.Event() with { SourceIps = ["198.51.100.1", $"192.0.2.{Text(i)}"], UserAgent = $"tool/{Text(i)}" }, byName: false);
        }

        _record.Totals.SourceIps.Should().Equal("192.0.2.0", "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4");
        (_record.Totals.MoreSourceIps, _record.Totals.UserAgents.Count, _record.Totals.MoreUserAgents).Should().Be((3, 5, 3));
    }

    [Fact]
    public void What_was_written_before_is_added_once_and_what_others_wrote_is_left_to_them()
    {
        var before = new SessionRecord("pod-a");
        for (var i = 0; i < 3; i++) before.Add(Audit.Event(at: i), byName: false);
        var other = new SessionRecord("pod-b");
        other.Add(Audit.Event("list", name: ""), byName: false);
        var stored = before.Status(Audit.Grant) with
        {
            Parts = [.. other.Status(Audit.Grant).Parts, .. before.Status(Audit.Grant).Parts], Actions = [.. other.Actions, .. before.Actions],
        };

        _record.Add(Audit.Event(at: 90), byName: false);
        _record.Restore(stored);

        var now = _record.Status(Audit.Grant);
        now.Parts.Should().ContainSingle().Which.Totals.Requests.Should().Be(4);
        now.Actions.Should().ContainSingle().Which.Should().BeEquivalentTo(new { Observer = "pod-a", Count = 4, LastAt = A.Start.AddSeconds(90) });
        SessionTotals.Of(stored with { Parts = [other.Status(Audit.Grant).Parts[0], now.Parts[0]] })!.Requests.Should().Be(5);
    }

    [Fact]
    public void Rows_of_other_replicas_leave_less_room()
    {
        _record.SeeOthers(new() { Actions = [.. Enumerable.Range(0, SessionRecord.MostRows - SessionRecord.RowsForTelling - 1)
            .Select(i => new SessionAction { Observer = "pod-b", Name = Text(i) })] });
        _record.Add(Audit.Event(name: "a"), byName: false);
        _record.Add(Audit.Event(name: "b"), byName: false);
        _record.Actions.Select(a => a.Name).Should().Equal("a", "*");
    }

    private static string Text(int i) => i.ToString(CultureInfo.InvariantCulture);
}
