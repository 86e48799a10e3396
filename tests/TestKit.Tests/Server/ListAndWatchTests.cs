using FluentAssertions;
using k8s.Models;
using Xunit;

namespace TestKit.Tests.Server;

public sealed class ListAndWatchTests : IDisposable
{
    private readonly FakeClock _clock = new();
    private readonly FakeApiServer _server;
    private readonly Api _api;

    public ListAndWatchTests()
    {
        _server = new(_clock);
        _api = new(_server);
    }

    public void Dispose() => _api.Dispose();

    [Fact]
    public async Task Pages_show_one_moment_whatever_is_written_meanwhile()
    {
        Put("a", "b", "c", "d", "e");
        var first = await _api.Get($"{Api.Accounts}?limit=2");
        Put("aa");
        _server.Remove<V1ServiceAccount>("d", "default");

        var second = await _api.Get($"{Api.Accounts}?limit=2&continue={Uri.EscapeDataString(Continue(first))}");
        var third = await _api.Get($"{Api.Accounts}?limit=2&continue={Uri.EscapeDataString(Continue(second))}");

        first.Names.Concat(second.Names).Concat(third.Names).Should().Equal("a", "b", "c", "d", "e");
        first.Meta["remainingItemCount"]!.GetValue<long>().Should().Be(3);
        (second.Version, third.Version).Should().Be((first.Version, first.Version));
        third.Meta.ContainsKey("continue").Should().BeFalse();
    }

    [Fact]
    public async Task A_page_after_compaction_is_gone_and_can_be_resumed_inconsistently()
    {
        Put("a", "b", "c");
        var first = await _api.Get($"{Api.Accounts}?limit=1");
        Put("d");
        _server.Compact();

        var gone = await _api.Get($"{Api.Accounts}?limit=1&continue={Uri.EscapeDataString(Continue(first))}");
        var rest = await _api.Get($"{Api.Accounts}?continue={Uri.EscapeDataString(Continue(gone))}");

        (gone.Code, gone.Reason).Should().Be((410, "Expired"));
        rest.Names.Should().Equal("b", "c", "d");
    }

    [Fact]
    public async Task A_list_from_the_future_is_told_so()
    {
        var answer = await _api.Get($"{Api.Accounts}?resourceVersion={_server.Revision + 1}");

        (answer.Code, answer.Reason, answer.Cause).Should().Be((504, "Timeout", "ResourceVersionTooLarge"));
        answer.Headers.RetryAfter!.Delta.Should().Be(TimeSpan.FromSeconds(1));
    }

    [Theory]
    [InlineData("labelSelector=app=x", "a")]
    [InlineData("labelSelector=app!=x", "b,c")]
    [InlineData("labelSelector=app", "a,b")]
    [InlineData("labelSelector=!app", "c")]
    [InlineData("labelSelector=app in (x,y),tier notin (z)", "a")]
    [InlineData("fieldSelector=metadata.name=b", "b")]
    [InlineData("fieldSelector=metadata.namespace!=default", "")]
    public async Task Selectors_select(string query, string expected)
    {
        Label("a", ("app", "x"));
        Label("b", ("app", "y"), ("tier", "z"));
        Label("c");

        (await _api.Get($"{Api.Accounts}?{query.Replace(" ", "%20")}")).Names.Should().Equal(expected.Split(',', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task Metadata_alone_holds_no_data()
    {
        await _api.Post(Api.Secrets, """{"metadata":{"name":"s"},"data":{"token":"YQ=="}}""");
        _api.Accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

        var list = await _api.Get(Api.Secrets);
        using var watch = await _api.Watch($"{Api.Secrets}?resourceVersion=0");

        (list.Body["kind"]!.GetValue<string>(), list.Names).Should().BeEquivalentTo(("PartialObjectMetadataList", new[] { "s" }));
        list.Text.Should().NotContain("YQ==");
        (await watch.NextJson())!.ToJsonString().Should().Contain("\"s\"").And.NotContain("YQ==");
    }

    [Fact]
    public async Task A_watch_goes_on_from_a_version_and_sees_each_change_once()
    {
        Put("a");
        var list = await _api.Get(Api.Accounts);
        Put("b");
        using var watch = await _api.Watch($"{Api.Accounts}?resourceVersion={list.Version}");
        Put("c");
        _server.Delete<V1ServiceAccount>("a", "default");

        (await watch.Take(3)).Should().Equal("ADDED b", "ADDED c", "DELETED a");
        var end = watch.Next();
        await _server.Watches.WhenDrained();
        _server.Watches.Close();
        (await end).Should().BeNull();
    }

    [Fact]
    public async Task An_object_that_falls_out_of_the_selection_is_deleted_for_the_watch()
    {
        using var watch = await _api.Watch($"{Api.Accounts}?labelSelector=app=x&resourceVersion={_server.Revision}");
        Label("a", ("app", "y"));
        Label("a", ("app", "x"));
        Label("a", ("app", "x"), ("more", "1"));
        Label("a", ("app", "y"));

        (await watch.Take(3)).Should().Equal("ADDED a", "MODIFIED a", "DELETED a");
    }

    [Fact]
    public async Task A_watch_ends_at_its_timeout_with_a_bookmark_of_the_latest_version()
    {
        using var watch = await _api.Watch($"{Api.Accounts}?resourceVersion={_server.Revision}&timeoutSeconds=30&allowWatchBookmarks=true");
        _server.SkipRevisions(7);

        _clock.Advance(TimeSpan.FromSeconds(30));

        (await watch.NextJson())!["object"]!["metadata"]!["resourceVersion"]!.GetValue<string>().Should().Be($"{_server.Revision}");
        (await watch.Next()).Should().BeNull();
        _server.Watches.Open.Should().BeEmpty();
    }

    [Fact]
    public async Task A_watch_from_before_compaction_gets_an_error_event_and_ends()
    {
        Put("a");
        _server.Compact();
        using var watch = await _api.Watch($"{Api.Accounts}?resourceVersion=1");

        (await watch.Take(2)).Should().Equal("ERROR Expired", "END");
    }

    [Fact]
    public async Task Initial_events_end_with_their_bookmark()
    {
        Put("a", "b");
        using var watch = await _api.Watch($"{Api.Accounts}?sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true");

        (await watch.Take(2)).Should().Equal("ADDED a", "ADDED b");
        (await watch.NextJson())!.ToJsonString().Should().Contain("k8s.io/initial-events-end");
    }

    [Fact]
    public async Task A_held_watch_is_a_stale_cache_until_it_is_released()
    {
        Put("a");
        using var watch = await _api.Watch($"{Api.Accounts}?resourceVersion={_server.Revision}");
        var hold = _server.Watches.HoldBack("serviceaccounts");
        Put("b");

        var next = watch.Next();
        await _server.Watches.WhenDrained();
        (await _api.Get($"{Api.Accounts}?resourceVersion=0")).Names.Should().Equal("a");
        (await _api.Get(Api.Accounts)).Names.Should().Equal("a", "b");
        next.IsCompleted.Should().BeFalse();
        hold.Dispose();
        (await next).Should().Be("ADDED b");
    }

    [Fact]
    public async Task A_silent_watch_delivers_nothing_and_a_broken_one_fails()
    {
        using var watch = await _api.Watch($"{Api.Accounts}?resourceVersion={_server.Revision}&timeoutSeconds=30");
        using (_server.Watches.Silence("serviceaccounts")) Put("a");
        _clock.Advance(TimeSpan.FromMinutes(5));
        _server.Watches.Open.Should().ContainSingle().Which.IsSilent.Should().BeTrue();

        _server.Watches.Break();

        await watch.Invoking(w => w.Next()).Should().ThrowAsync<IOException>();
    }

    private void Put(params string[] names)
    {
        foreach (var name in names) Label(name);
    }

    private void Label(string name, params (string, string)[] labels) =>
        _server.Put(new V1ServiceAccount { Metadata =
            new() { Name = name, NamespaceProperty = "default", Labels = labels.ToDictionary(l => l.Item1, l => l.Item2) } });

    private static string Continue(HttpAnswer page) => page.Meta["continue"]!.GetValue<string>();
}
