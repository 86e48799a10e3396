using System.Net;
using System.Text;
using BreakGlass.Core;
using BreakGlass.Core.Leftovers;
using BreakGlass.Operator.Execution;
using BreakGlass.Operator.Leftovers;
using BreakGlass.Operator.Tests.Execution;
using BreakGlass.Operator.Tests.Time;
using FluentAssertions;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Operator.Tests.Leftovers;

/// <summary>The heap is the whole process's: nothing else may run while a test measures what it holds.</summary>
[CollectionDefinition("leftovers, alone", DisableParallelization = true)]
public class LeftoversAlone;

/// <summary>What is found of a grant's leftovers, and that a grant that left very much behind costs the operator no memory.</summary>
[Collection("leftovers, alone")]
public sealed class LeftoverFinderTests : IDisposable
{
    private readonly FakeClock _clock = new();
    private CoreSettings _settings = new() { LooksForLeftovers = true, ListsWorkloads = true };
    private readonly CannedServer _server;

    public LeftoverFinderTests() => _server = new CannedServer(_clock)
        .Answers("/version", """{"major":"1","minor":"34","gitVersion":"v1.34.0"}""")
        .Answers("/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/breakglass-operator-stamp",
        """{"kind":"MutatingWebhookConfiguration","metadata":{"name":"breakglass-operator-stamp"},"webhooks":[]}""");

    public void Dispose() => _server.Dispose();

    [Fact]
    public async Task What_carries_the_grants_UID_is_found_in_a_fixed_order_by_its_metadata_alone()
    {
        _server.Answers("/apis/batch/v1/cronjobs", List(("payments", "b"), ("payments", "a"))).Answers("/api/v1/services", List(("shop", "s")));
        var seen = await FindAsync();
        seen.Found.Select(o => $"{o.Resource} {o.Namespace}/{o.Name}")
            .Should().Equal("cronjobs.batch payments/a", "cronjobs.batch payments/b", "services shop/s");
        (seen.Stamped, seen.Unseen.Count, seen.Failed).Should().Be((true, 0, false), "a kind that the server does not have has no objects");
        _server.Asked.Where(a => a.Contains("labelSelector", StringComparison.Ordinal))
            .Should().HaveCount(LeftBehind.Kinds(_settings).Count).And.OnlyContain(a => a.Contains("grant-1", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(HttpStatusCode.Forbidden, false)]
    [InlineData(HttpStatusCode.InternalServerError, true)]
    public async Task A_kind_that_cannot_be_listed_is_named_and_costs_no_other(HttpStatusCode code, bool passes)
    {
        _server.Answers("/apis/batch/v1/jobs", $$"""{"kind":"Status","apiVersion":"v1","status":"Failure","code":{{(int)code}},"message":"no"}""", code)
            .Answers("/apis/batch/v1/cronjobs", List(("payments", "stay")));
        var seen = await FindAsync();
        seen.Found.Should().ContainSingle();
        seen.Unseen.Should().Equal("jobs.batch");
        seen.Failed.Should().Be(passes);
    }

    [Fact]
    public async Task Workloads_are_listed_only_by_an_operator_that_was_given_the_right_to()
    {
        _settings = _settings with { ListsWorkloads = false };
        _server.Answers("/apis/batch/v1/cronjobs", List(("payments", "stay"))).Answers("/api/v1/namespaces", List(("", "made")));
        var seen = await FindAsync();
        seen.Found.Select(o => o.Name).Should().Equal("made");
        seen.Unseen.Should().BeEmpty("nothing is asked for that would be refused");
    }

    [Fact]
    public async Task Where_nothing_marks_nothing_is_asked()
    {
        _server.Answers("/version", """{"major":"1","minor":"27","gitVersion":"v1.27.0"}""");
        (await FindAsync()).Stamped.Should().BeFalse();
        _server.Asked.Should().NotContain(a => a.Contains("labelSelector", StringComparison.Ordinal));
    }

    /// <summary>The API server's cache gives all of them in one answer, whatever limit is asked for, and each may carry 256 KiB of annotations.</summary>
    [Fact]
    public async Task A_grant_that_left_a_hundred_thousand_large_objects_behind_does_not_fill_the_memory()
    {
        using var endless = new Endless(new string('x', 256 * 1024));
        _server.Answers("/apis/batch/v1/jobs", endless);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var seen = await FindAsync();
        seen.Found.Should().HaveCount(LeftBehind.MostOfAKind);
        endless.Given.Should().BeLessThan(200L * 1024 * 1024, "the rest of the answer is not read");
        (GC.GetTotalMemory(forceFullCollection: true) - before).Should().BeLessThan(16 * 1024 * 1024, "nothing but names is kept");
        LeftBehind.Record(A.Grant(), seen, A.Start).Conditions.Single().Message.Should().StartWith("500 or more object(s)");
    }

    [Fact]
    public async Task What_the_session_made_without_a_mark_is_looked_up_by_name()
    {
        _settings = _settings with { RecordsSessions = true };
        _server.Answers("/apis/batch/v1/cronjobs", List(("payments", "marked")))
            .Answers("/apis/apps/v1/namespaces/payments/deployments", List(("payments", "hidden")))
            .Answers("/apis/rbac.authorization.k8s.io/v1/namespaces/payments/roles", List(("payments", "view, or = more")))
            .Answers("/apis/breakglass.dev/v1alpha1/breakglasssessions/inc-4711", Session(
                Row("create", "batch", "cronjobs", "marked"), Row("create", "apps", "deployments", "hidden", "system:admin"),
                Row("patch", "rbac.authorization.k8s.io", "roles", "view, or = more"), Row("create", "", "secrets", "copied"),
                Row("create", "batch", "jobs", ""), Row("create", "batch", "jobs", "gone")));
        var seen = await FindAsync();
        seen.Found.Select(o => o.ToString()).Should().Equal("left: cronjobs.batch payments/marked (UID u)", "left: deployments.apps payments/hidden (UID u)",
            "left: roles.rbac.authorization.k8s.io payments/view, or = more (UID u)");
        seen.Unchecked.Select(m => m.ToString()).Should().Equal("secrets payments/copied (create)");
        seen.Recorded.Should().BeTrue();
        _server.Asked.Should().ContainSingle(a => a.StartsWith("/apis/apps/v1/namespaces/payments/deployments", StringComparison.Ordinal))
            .Which.Should().Contain("fieldSelector=metadata.name%3Dhidden");
        _server.Asked.Should().ContainSingle(a => a.Contains("/roles?", StringComparison.Ordinal) && a.Contains("fieldSelector", StringComparison.Ordinal))
            .Which.Should().Contain(@"view%5C%2C%20or%20%5C%3D%20more");
        _server.Asked.Should().NotContain(a => a.Contains("secrets", StringComparison.Ordinal), "the operator may read no Secret");
    }

    [Theory]
    [InlineData(HttpStatusCode.Forbidden, false)]
    [InlineData(HttpStatusCode.InternalServerError, true)]
    public async Task What_cannot_be_looked_up_is_not_checked(HttpStatusCode code, bool passes)
    {
        _settings = _settings with { RecordsSessions = true };
        _server.Answers("/apis/apps/v1/namespaces/payments/deployments",
                $$"""{"kind":"Status","apiVersion":"v1","status":"Failure","code":{{(int)code}},"message":"no"}""", code)
            .Answers("/apis/breakglass.dev/v1alpha1/breakglasssessions/inc-4711", Session(Row("create", "apps", "deployments", "x")));
        var seen = await FindAsync();
        seen.Unchecked.Should().ContainSingle().Which.Place.Should().Be("deployments.apps payments/x");
        seen.Failed.Should().Be(passes);
    }

    [Fact]
    public async Task The_session_of_a_namesake_says_nothing_and_one_that_cannot_be_read_is_named()
    {
        _settings = _settings with { RecordsSessions = true };
        _server.Answers("/apis/breakglass.dev/v1alpha1/breakglasssessions/inc-4711",
            Session(Row("create", "", "secrets", "copied")).Replace("grant-1", "another", StringComparison.Ordinal));
        (await FindAsync()).Should().BeEquivalentTo(new { Recorded = false, Unchecked = Array.Empty<MadeObject>() });
        _server.Answers("/apis/breakglass.dev/v1alpha1/breakglasssessions/inc-4711",
            """{"kind":"Status","apiVersion":"v1","status":"Failure","code":403,"message":"no"}""", HttpStatusCode.Forbidden);
        (await FindAsync()).Should().BeEquivalentTo(new { Failed = true, Unseen = (string[])["breakglasssessions.breakglass.dev"] });
    }

    private static string Session(params string[] rows) => $$"""
        {"apiVersion":"breakglass.dev/v1alpha1","kind":"BreakGlassSession","metadata":{"name":"inc-4711"},
        "status":{"grantUid":"grant-1","actions":[{{string.Join(',', rows)}}]} }
        """;

    private static string Row(string verb, string group, string resource, string name, string asUser = "") => $$"""
        {"observer":"a","id":"{{resource}}-{{name}}","verb":"{{verb}}","apiGroup":"{{group}}","resource":"{{resource}}","namespace":"payments","name":"{{name}}",
        "result":"Allowed","asUser":"{{asUser}}","count":1,"firstAt":"2026-11-22T01:03:03.123Z","lastAt":"2026-11-22T01:03:03.123Z"}
        """;

    private async Task<LeftoversSeen> FindAsync()
    {
        using var client = _server.Client();
        var finding = new LeftoverFinder(client, new StampProbe(client, _clock), _settings).FindAsync(A.Grant(), CancellationToken.None);
        await _clock.DriveAsync(finding);
        return await finding;
    }

    private static string List(params (string Namespace, string Name)[] objects) =>
        $$"""{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":{},"items":"""
            + $$"""[{{string.Join(',', objects.Select(o => $$"""{"metadata":{"name":"{{o.Name}}","namespace":"{{o.Namespace}}","uid":"u"} }"""))}}] }""";

    /// <summary>A list that never ends, object by object.</summary>
    private sealed class Endless(string filler) : Stream
    {
        private byte[] _now = Encoding.UTF8.GetBytes("""{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":{},"items":[""");
        private int _at;
        private int _objects;

        public long Given { get; private set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            if (_at == _now.Length)
            {
                var comma = _objects++ == 0 ? "" : ",";
                (_now, _at) = (Encoding.UTF8.GetBytes(
                    $$"""{{comma}}{"metadata":{"name":"j{{_objects}}","namespace":"payments","uid":"u{{_objects}}","annotations":{"a":"{{filler}}"} } }"""),
                    0);
            }

            var size = Math.Min(count, _now.Length - _at);
            _now.AsSpan(_at, size).CopyTo(buffer.AsSpan(offset));
            _at += size;
            Given += size;
            return size;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
