using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Xunit;

namespace TestKit.Tests.Server;

public sealed class FaultTests : IDisposable
{
    private readonly FakeClock _clock = new();
    private readonly FakeApiServer _server;
    private readonly Api _api;

    public FaultTests()
    {
        _server = new(_clock);
        _api = new(_server, client: "op");
    }

    public void Dispose() => _api.Dispose();

    [Fact]
    public async Task A_fault_strikes_the_requests_it_is_meant_for_and_no_others()
    {
        var rule = _server.Faults.Inject(Fault.TooManyRequests(7), "create", "secrets", after: 1, times: 1);

        var answers = new[] { await Make("a"), await Make("b"), await Make("c") };

        answers.Select(a => a.Code).Should().Equal(201, 429, 201);
        answers[1].Headers.RetryAfter!.Delta.Should().Be(TimeSpan.FromSeconds(7));
        rule.Hits.Should().Be(1);
        Secrets().Should().Equal("a", "c");
    }

    [Fact]
    public async Task A_lost_answer_is_a_write_that_happened_and_a_dropped_request_is_none()
    {
        _server.Faults.Inject(Fault.LostAnswer, "create", "secrets");
        _server.Faults.Inject(Fault.DroppedBeforeWrite, "create", "secrets", after: 1);

        (await this.Invoking(_ => Make("a")).Should().ThrowAsync<HttpRequestException>()).Which.HttpRequestError.Should().Be(HttpRequestError.ResponseEnded);
        (await this.Invoking(_ => Make("b")).Should().ThrowAsync<HttpRequestException>()).Which.HttpRequestError.Should().Be(HttpRequestError.ResponseEnded);

        Secrets().Should().Equal("a");
        _server.Requests.Writes.Should().ContainSingle().Which.Fault.Should().Be("lost answer");
    }

    [Fact]
    public async Task Latency_passes_on_the_fake_clock_and_goes_with_other_faults()
    {
        _server.Faults.Inject(Fault.Latency(TimeSpan.FromSeconds(3)));
        _server.Faults.Inject(Fault.Conflict);
        var made = Make("a");
        await _clock.WhenTimerArmed(TimeSpan.FromSeconds(3));
        _server.Requests.All.Should().BeEmpty();

        _clock.Advance(TimeSpan.FromSeconds(3));

        (await made.Soon("the delayed answer")).Code.Should().Be(409);
    }

    [Fact]
    public async Task A_hanging_request_ends_only_when_the_client_gives_up()
    {
        _server.Faults.Inject(Fault.Hang);
        using var cancel = new CancellationTokenSource();
        var hanging = _api.Send(HttpMethod.Get, Api.Secrets, ct: cancel.Token);
        await _server.Requests.WhenSeen(r => r.Fault == "hang", "the hanging request");
        hanging.IsCompleted.Should().BeFalse();

        await cancel.CancelAsync();

        await hanging.Invoking(h => h.Soon("the cancelled request")).Should().ThrowAsync<OperationCanceledException>();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_dies_right_after_its_nth_write(bool answerLost)
    {
        using var watch = await _api.Watch(Api.Secrets);
        using var other = new Api(_server);
        _api.Handler.KillAfterWrite(2, answerLost);

        await Make("a");
        await _api.Get(Api.Secrets);
        var last = this.Invoking(_ => Make("b"));
        if (answerLost) await last.Should().ThrowAsync<HttpRequestException>();
        else await last.Should().NotThrowAsync();

        await this.Invoking(_ => Make("c")).Should().ThrowAsync<HttpRequestException>();
        await watch.Invoking(async w => (await w.Take(3)).Should().NotContain("END")).Should().ThrowAsync<IOException>();
        await _api.Handler.Died.Soon("the death");
        Secrets().Should().Equal("a", "b");
        (_api.Handler.IsDead, _api.Handler.Writes).Should().Be((true, 2));
        (await other.Get(Api.Secrets)).Code.Should().Be(200);
    }

    [Fact]
    public async Task The_log_tells_writes_from_reviews_and_reads()
    {
        await Make("a");
        await _api.Get(Api.Secrets);
        await _api.Post("apis/authorization.k8s.io/v1/selfsubjectaccessreviews", """{"spec":{"nonResourceAttributes":{"path":"/","verb":"get"}}}""");
        await _api.Delete($"{Api.Secrets}/none");

        _server.Requests.All.Select(r => r.Code).Should().Equal(201, 200, 201, 404);
        _server.Requests.Writes.Should().ContainSingle().Which.ToString().Should().Be("#1 op POST /api/v1/namespaces/default/secrets -> 201");
    }

    [Fact]
    public void Garbage_collection_follows_owners_by_uid_and_keeps_what_has_one_left()
    {
        var a = _server.Put(new V1ServiceAccount { Metadata = new() { Name = "a", NamespaceProperty = "default" } });
        var b = _server.Put(new V1ServiceAccount { Metadata = new() { Name = "b", NamespaceProperty = "default" } });
        Own("both", a, b);
        Own("one", a);
        _server.CollectGarbage().Should().Be(0);

        _server.Delete<V1ServiceAccount>("a", "default");

        _server.CollectGarbage().Should().Be(1);
        Secrets().Should().Equal("both");
    }

    [Fact]
    public async Task Foreground_deletion_waits_for_dependents_and_orphaning_lets_them_live()
    {
        var a = _server.Put(new V1ServiceAccount { Metadata = new() { Name = "a", NamespaceProperty = "default" } });
        var b = _server.Put(new V1ServiceAccount { Metadata = new() { Name = "b", NamespaceProperty = "default" } });
        Own("of-a", a);
        Own("of-b", b);

        (await _api.Delete($"{Api.Accounts}/a?propagationPolicy=Foreground")).Meta["deletionTimestamp"].Should().NotBeNull();
        await _api.Delete($"{Api.Accounts}/b", """{"propagationPolicy":"Orphan"}""");
        _server.CollectGarbage();

        Secrets().Should().Equal("of-b");
        _server.List<V1ServiceAccount>("default").Should().BeEmpty();
        _server.Get<V1Secret>("of-b", "default")!.OwnersOrEmpty.Should().BeEmpty();
    }

    [Fact]
    public async Task A_namespace_stays_while_a_finalizer_holds_something_in_it()
    {
        await _api.Post(Api.Secrets, """{"metadata":{"name":"held","finalizers":["example.com/x"]}}""");
        await Make("free");
        await _api.Delete("api/v1/namespaces/default");

        _server.FinishNamespaceDeletion("default").Should().BeFalse();
        Secrets().Should().Equal("held");
        await _api.Patch($"{Api.Secrets}/held", """{"metadata":{"finalizers":[]}}""");
        _server.FinishNamespaceDeletion("default").Should().BeTrue();
    }

    private void Own(string name, params V1ServiceAccount[] owners) => _server.Put(new V1Secret
    {
        Metadata = new()
        {
            Name = name,
            NamespaceProperty = "default",
            OwnerReferences = [.. owners.Select(
                o => new V1OwnerReference { ApiVersion = "v1", Kind = "ServiceAccount", Name = o.Metadata.Name, Uid = o.Metadata.Uid! })],
        },
    });

    private Task<HttpAnswer> Make(string name) => _api.Post(Api.Secrets, $$$"""{"metadata":{"name":"{{{name}}}"}}""");

    private IEnumerable<string> Secrets() => _server.List<V1Secret>("default").Select(s => s.Metadata.Name);
}
