using System.Globalization;
using System.Text;
using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using BreakGlass.Operator.Sessions;
using FluentAssertions;
using Simulation;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.Sessions;

public sealed class SessionBookTests
{
    [Fact]
    public Task Events_of_a_while_are_one_write_of_the_session_and_one_of_the_grant() => With((world, book) =>
    {
        world.Server.Requests.Clear();
        for (var i = 0; i < 50; i++) book.Take(Events(world, i)).Should().BeTrue();
        world.Advance(SessionBook.Period + SessionSummaries.Period);

        Session(world)!.Status.Actions.Should().ContainSingle().Which.Count.Should().Be(50);
        Session(world)!.Metadata.OwnerReferences.Should().ContainSingle().Which.Uid.Should().Be(world.Grant()!.Metadata.Uid);
        world.Grant()!.Status.Session!.Requests.Should().Be(50);
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
        Writes(world).Should().Equal("patch breakglasssessions", "patch breakglasssessions/status", "update breakglassgrants/status");

        world.Server.Requests.Clear();
        world.Advance(TimeSpan.FromMinutes(1));
        Writes(world).Should().BeEmpty("nothing happened");
    });

    [Fact]
    public Task What_cannot_be_written_is_kept_and_written_once() => With((world, book) =>
    {
        book.Take(Events(world, 1));
        using (world.Server.Faults.Inject(Fault.InternalError, c => c.Resource is "breakglasssessions" && c.IsWrite, times: null))
        {
            world.Advance(SessionBook.Period * 3);
            Session(world).Should().BeNull();
            book.Take(Events(world, 2));
        }

        world.Advance(SessionBook.Period * 2);
        Session(world)!.Status.Actions.Should().ContainSingle().Which.Count.Should().Be(2);
    });

    [Fact]
    public Task A_write_whose_answer_is_lost_counts_nothing_twice() => With((world, book) =>
    {
        book.Take(Events(world, 1));
        using (world.Server.Faults.Inject(Fault.LostAnswer, c => c.Resource is "breakglasssessions" && c.IsWrite)) world.Advance(SessionBook.Period * 2);
        world.Advance(SessionBook.Period * 2);
        book.Take(Events(world, 2));
        world.Advance(SessionBook.Period * 2);
        Session(world)!.Status.Actions.Should().ContainSingle().Which.Count.Should().Be(2);
        Session(world)!.Status.Parts.Should().ContainSingle().Which.Totals.Requests.Should().Be(2);
    });

    [Fact]
    public Task The_session_of_a_namesake_that_is_gone_is_left_alone_until_it_is_gone_too() => With((world, book) =>
    {
        world.Server.Put(new BreakGlassSession
        {
            Metadata = new() { Name = "inc-4711", OwnerReferences = [new() { ApiVersion = "v1", Kind = "X", Name = "x", Uid = "another" }] },
            Status = new() { GrantUid = "another" },
        });
        book.Take(Events(world, 1));
        world.Advance(SessionBook.Period * 2);
        Session(world)!.Status.GrantUid.Should().Be("another");

        world.Server.Remove<BreakGlassSession>("inc-4711");
        world.Advance(SessionBook.Period * 2);
        Session(world)!.Status.GrantUid.Should().Be(world.Grant()!.Metadata.Uid);
        Session(world)!.Status.Actions.Should().ContainSingle().Which.Count.Should().Be(1);
    });

    [Fact]
    public Task Events_of_a_grant_that_is_gone_leave_nothing() => With((world, book) =>
    {
        var events = Events(world, 1);
        world.Server.Remove<BreakGlassGrant>("inc-4711");
        world.Settle();
        book.Take(events).Should().BeTrue();
        world.Advance(SessionBook.Period * 2);
        Session(world).Should().BeNull();
    });

    [Fact]
    public Task What_was_counted_is_written_when_the_process_stops_and_then_nothing_is_accepted() => With((world, book) =>
    {
        book.Take(Events(world, 1));
        world.Stop();
        world.Settle();
        Session(world)!.Status.Parts.Should().ContainSingle().Which.Totals.Requests.Should().Be(1);
        book.IsOpen.Should().BeFalse();
        book.Take(Events(world, 2)).Should().BeFalse();
    });

    [Fact]
    public Task Success_after_the_end_is_told_and_a_flood_of_it_is_few_events() => With((world, book) =>
    {
        world.AdvanceUntil(() => world.Grant()!.Status.Phase is GrantPhase.Expired, TimeSpan.FromHours(2), "the end");
        world.Advance(TimeSpan.FromSeconds(30));
        for (var i = 0; i < 20; i++) book.Take(Events(world, i, name: $"x{i}"));
        world.Advance(TimeSpan.FromSeconds(5));

        world.Events().Count(e => e.Reason == EventReasons.AccessAfterRevocation && e.Regarding!.Kind == nameof(BreakGlassGrant)).Should().Be(5);
        world.Logs.Lines.Count(l => l.Contains("used access after it was cut", StringComparison.Ordinal)).Should().Be(20);
        world.Grant()!.Status.Session!.Requests.Should().Be(20, "late events are counted, too");
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Expired);
    });

    [Fact]
    public Task An_API_server_whose_clock_is_ahead_makes_no_grant_look_used_later_and_no_event_count_twice() => With((world, book) =>
    {
        var (first, ahead) = (world.Now, Events(world, 1, shift: TimeSpan.FromHours(1)));
        book.Take(ahead);
        world.Advance(TimeSpan.FromSeconds(10));
        book.Take(ahead).Should().BeTrue();
        world.Advance(SessionBook.Period + SessionSummaries.Period);
        world.Grant()!.Status.Session.Should().Match<SessionSummary>(s => s.Requests == 1 && s.LastActivityAt < first.AddSeconds(2));
    });

    [Fact]
    public Task A_stream_that_is_open_at_the_end_stands_in_the_residue_once() => With((world, book) =>
    {
        book.Take(Events(world, 1, stage: "ResponseStarted"));
        book.Take(Events(world, 2, stage: "ResponseStarted", name: "closed"));
        book.Take(Events(world, 2, stage: "ResponseComplete", name: "closed"));
        world.AdvanceUntil(() => world.Grant()!.Status.Phase is GrantPhase.Expired, TimeSpan.FromHours(2), "the end");
        world.Advance(TimeSpan.FromMinutes(1));
        world.Grant()!.Status.Residue.Should().ContainSingle().Which.Should().StartWith("open get configmaps payments/checkout (since ");
        world.Grant()!.Status.Session!.OpenStreams.Should().Be(1);
    });

    [Fact]
    public Task A_token_that_the_identity_created_is_followed_within_the_body_that_says_so_and_by_the_other_replicas() => With((world, book) =>
    {
        var (grant, app) = (world.Grant()!, "system:serviceaccount:payments:app");
        var (identity, last) = ($"system:serviceaccount:breakglass-grants:{GrantNames.Identity(grant)}", "system:serviceaccount:payments:last");
        string[] events =
        [
            Request(world, 1, identity, "JTI=0", "create", "serviceaccounts", "app", "JTI=1"),
            Request(world, 2, app, "JTI=1", "create", "serviceaccounts", "last", "JTI=2"),
            Request(world, 3, last, "JTI=2", "list", "secrets", ""), Request(world, 4, app, "JTI=9", "list", "secrets", ""),
        ];
        book.Take(Encoding.UTF8.GetBytes(string.Join('\n', events))).Should().BeTrue();
        book.Take(Encoding.UTF8.GetBytes(Request(world, 5, last, "JTI=2", "list", "secrets", ""))).Should().BeTrue();
        world.Advance(SessionBook.Period);
        Session(world)!.Status.Actions.Select(a => (a.Verb, a.Resource, a.TokenOf, a.Count)).Should().BeEquivalentTo(
            [("create", "serviceaccounts", "", 1L), ("create", "serviceaccounts", app, 1L), ("list", "secrets", last, 2L)]);
        Session(world)!.Status.Tokens.Select(t => (t.CredentialId, t.ServiceAccount)).Should().BeEquivalentTo([("JTI=1", app), ("JTI=2", last)]);

        // What another replica wrote.
        var session = Session(world)!;
        world.Server.Put(session with { Status = session.Status with { Tokens =
        [
            .. session.Status.Tokens, new() { Observer = "other", CredentialId = "JTI=7", ServiceAccount = "system:serviceaccount:payments:seven" },
        ] } });
        world.Settle();
        book.Take(Encoding.UTF8.GetBytes(Request(world, 6, "system:serviceaccount:payments:seven", "JTI=7", "get", "configmaps", "x")));
        world.Advance(SessionBook.Period);
        Session(world)!.Status.Actions.Should().ContainSingle(a => a.TokenOf == "system:serviceaccount:payments:seven");
        Session(world)!.Status.Tokens.Should().NotContain(t => t.CredentialId == "JTI=7" && t.Observer != "other", "each replica writes what it saw itself");
    });

    [Fact]
    public Task What_the_gateway_reports_is_counted_and_an_API_servers_event_of_the_same_request_is_not() => Through((world, book) =>
    {
        book.TakeReport(Report(world, 1, "get", "configmaps", "a"), world.Now).Should().BeTrue();
        book.Take(Events(world, 1)).Should().BeTrue();
        book.Take(Events(world, 2)).Should().BeTrue("nothing hides what does not come through the gateway");
        book.TakeReport(Report(world, 2, "get", "configmaps", "checkout"), world.Now);
        book.TakeReport(Report(world, 2, "get", "configmaps", "checkout"), world.Now);
        world.Advance(SessionBook.Period + SessionSummaries.Period);

        Session(world)!.Status.Actions.Select(a => (a.Name, a.Count)).Should().BeEquivalentTo([("a", 1L), ("checkout", 1L)]);
        world.Grant()!.Status.Session!.Requests.Should().Be(2);
        world.Grant()!.Status.Session!.SourceIps.Should().BeEquivalentTo("198.51.100.7", "192.0.2.1");
        book.ReportedUntil.Should().NotBeNull();
    });

    [Fact]
    public Task Of_grants_on_the_direct_path_nothing_is_taken_from_the_gateway() => With((world, book) =>
    {
        book.TakeReport(Report(world, 1, "get", "configmaps", "a"), world.Now).Should().BeTrue();
        world.Advance(SessionBook.Period * 2);
        Session(world).Should().BeNull();
    });

    [Fact]
    public Task The_name_of_a_created_object_comes_from_the_API_server_if_that_reports_as_well() => Through((world, book) =>
    {
        book.TakeReport(Report(world, 1, "create", "pods", ""), world.Now);
        book.TakeReport(Report(world, 2, "create", "pods", ""), world.Now);
        world.Advance(SessionBook.Period);
        book.Take(Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(Events(world, 2, name: "miner")).Replace("\"get\"", "\"create\"", StringComparison.Ordinal)
            .Replace("\"resource\": \"configmaps\"", "\"resource\": \"pods\"", StringComparison.Ordinal)));
        world.Advance(TimeSpan.FromSeconds(10));
        Session(world)!.Status.Actions.Select(a => (a.Verb, a.Resource, a.Name, a.Count)).Should().BeEquivalentTo(
            [("create", "pods", "miner", 1L), ("create", "pods", "", 1L)], "of the other one, no event of the API server came");
    });

    [Fact]
    public Task Use_of_an_open_stream_moves_the_last_activity_and_counts_nothing() => Through((world, book) =>
    {
        book.TakeReport(Report(world, 1, "get", "pods", "web", "ResponseStarted"), world.Now);
        world.Advance(TimeSpan.FromSeconds(30));
        var at = world.Now;
        book.TakeReport(Report(world, 1, "get", "pods", "web", "ResponseStarted", activity: true), world.Now);
        world.Advance(SessionTable.UsePeriod + SessionSummaries.Period);
        world.Grant()!.Status.Session.Should().Match<SessionSummary>(s => s.Requests == 1 && s.OpenStreams == 1 && s.LastActivityAt >= at.AddSeconds(-1));
    });

    [Fact]
    public Task A_stream_that_the_gateway_closes_is_no_residue_and_one_past_the_gateway_is() => Through((world, book) =>
    {
        book.TakeReport(Report(world, 1, "get", "pods", "web", "ResponseStarted"), world.Now);
        book.Take(Events(world, 2, stage: "ResponseStarted"));
        world.AdvanceUntil(() => world.Grant()!.Status.Phase is GrantPhase.Expired, TimeSpan.FromHours(2), "the end");
        world.Advance(TimeSpan.FromMinutes(1));
        world.Grant()!.Status.Residue.Should().ContainSingle().Which.Should().StartWith("open get configmaps payments/checkout (since ");
    });

    [Fact]
    public Task A_success_past_the_gateway_after_the_end_is_told() => Through((world, book) =>
    {
        world.AdvanceUntil(() => world.Grant()!.Status.Phase is GrantPhase.Expired, TimeSpan.FromHours(2), "the end");
        world.Advance(TimeSpan.FromSeconds(30));
        book.Take(Events(world, 1));
        world.Advance(TimeSpan.FromSeconds(5));
        world.Events().Should().Contain(e => e.Reason == EventReasons.AccessAfterRevocation);
    });

    private static byte[] Report(
        World world, int number, string verb, string resource, string name, string stage = "ResponseComplete", bool activity = false)
    {
        var at = world.Now.AddMicroseconds(number + 500).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
        return Encoding.UTF8.GetBytes($$"""
            {"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": [{"auditID": "{{number}}", "stage": "{{stage}}", "verb": "{{verb}}",
             "requestURI": "/api/v1/namespaces/payments/{{resource}}/{{name}}", "sourceIPs": ["198.51.100.7"], "userAgent": "kubectl",
             "user": {"username": "system:serviceaccount:breakglass-grants:{{GrantNames.Identity(world.Grant()!)}}"},
             "objectRef": {"resource": "{{resource}}", "namespace": "payments", "name": "{{name}}"}, "responseStatus": {"code": 200},
             "requestReceivedTimestamp": "{{at}}", "stageTimestamp": "{{at}}",
             "annotations": { {{(activity ? "\"gateway.breakglass.dev/activity\": \"true\"" : "")}} } }]}
            """);
    }

    private static string Request(World world, int number, string user, string credential, string verb, string resource, string name, string? issued = null)
    {
        var at = world.Now.AddMicroseconds(number).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
        return $$"""
            {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "auditID": "t{{number}}", "stage": "ResponseComplete", "verb": "{{verb}}",
             "requestURI": "/api/v1/namespaces/payments/{{resource}}/{{name}}", "sourceIPs": ["192.0.2.1"], "userAgent": "kubectl",
             "user": {"username": "{{user}}", "extra": {"authentication.kubernetes.io/credential-id": ["{{credential}}"]} },
             "objectRef": {"resource": "{{resource}}", "namespace": "payments", "name": "{{name}}", "subresource": "{{(issued is null ? "" : "token")}}"},
             "responseStatus": {"code": 200}, "requestReceivedTimestamp": "{{at}}", "stageTimestamp": "{{at}}",
             "annotations": { {{(issued is null ? "" : $"\"authentication.kubernetes.io/issued-credential-id\": \"{issued}\"")}} } }
            """.ReplaceLineEndings(" ");
    }

    private static BreakGlassSession? Session(World world) => world.Server.Get<BreakGlassSession>("inc-4711");

    private static IEnumerable<string> Writes(World world) => world.Server.Requests.Writes.Select(r => r.Call)
        .Where(c => c.Resource is "breakglasssessions" or "breakglassgrants")
        .Select(c => c.Subresource.Length == 0 ? $"{c.Verb} {c.Resource}" : $"{c.Verb} {c.Resource}/{c.Subresource}");

    private static byte[] Events(World world, int number, string stage = "ResponseComplete", string name = "checkout", TimeSpan shift = default)
    {
        var at = (world.Now + shift).AddMicroseconds(number).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
        return Encoding.UTF8.GetBytes($$"""
            {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "auditID": "{{number}}", "stage": "{{stage}}", "verb": "get",
             "requestURI": "/api/v1/namespaces/payments/configmaps/{{name}}", "sourceIPs": ["192.0.2.1"], "userAgent": "kubectl",
             "user": {"username": "system:serviceaccount:breakglass-grants:{{GrantNames.Identity(world.Grant()!)}}"},
             "objectRef": {"resource": "configmaps", "namespace": "payments", "name": "{{name}}"}, "responseStatus": {"code": 200},
             "requestReceivedTimestamp": "{{at}}", "stageTimestamp": "{{at}}"}
            """);
    }

    private static Task With(Action<World, SessionBook> test) => With(Sample.Policy(), test);

    /// <summary>The same with a grant that goes through the gateway.</summary>
    private static Task Through(Action<World, SessionBook> test) =>
        With(Sample.Policy(s => s with { Session = new() { Path = SessionPath.Gateway } }), test);

    private static Task With(BreakGlassPolicy policy, Action<World, SessionBook> test) => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(policy);
        var replica = world.Start(World.Options with { AuditAddress = new(null, 9444), GatewayUrl = new("https://gateway.example") });
        world.Server.Put(Sample.Grant());
        world.Settle();
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
        test(world, replica.Engine.Sessions!);
    });
}
