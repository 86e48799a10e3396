using System.Text;
using FluentAssertions;
using k8s.Models;
using TestKit;
using Xunit;

namespace Kube.Client.Tests;

public class WatchTests
{
    [Fact]
    public async Task Events_and_bookmarks_come_in_order_and_the_end_of_the_stream_is_no_error()
    {
        using var handler = Lines(
            Event("ADDED", "a", "1"), Event("MODIFIED", "a", "2"), """{"type":"BOOKMARK","object":{"kind":"Namespace","metadata":{"resourceVersion":"9"}}}""",
            Event("DELETED", "a", "10"));
        using var client = handler.NewClient();

        var events = await Within.ListAsync(client.WatchAsync<V1Namespace>(
            new() { ResourceVersion = "5", LabelSelector = "a", FieldSelector = "metadata.name=x", Timeout = TimeSpan.FromSeconds(7.2) }, default), "the end");

        events.Select(e => (e.Type, e.Object.Metadata.ResourceVersion)).Should()
            .Equal((WatchEventType.Added, "1"), (WatchEventType.Modified, "2"), (WatchEventType.Bookmark, "9"), (WatchEventType.Deleted, "10"));
        handler.Requests.Single().PathAndQuery.Should().Be(
            "/api/v1/namespaces?watch=true&labelSelector=a&fieldSelector=metadata.name%3Dx&resourceVersion=5&allowWatchBookmarks=true&timeoutSeconds=8");
    }

    [Fact]
    public async Task A_watch_without_events_ends_normally()
    {
        using var handler = Lines();
        (await Within.ListAsync(handler.NewClient().WatchAsync<V1Namespace>(new(), default), "the end")).Should().BeEmpty();
    }

    [Fact]
    public async Task An_ERROR_event_is_the_typed_error_and_ends_the_watch()
    {
        using var handler = Lines(
            Event("ADDED", "a", "1"),
            """{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","status":"Failure","message":"too old resource version: """
                + """1 (5)","reason":"Expired","code":410}}""",
            Event("ADDED", "b", "2"));
        var seen = new List<string>();
        var act = async () =>
        {
            await foreach (var e in handler.NewClient().WatchAsync<V1Namespace>(new(), default)) seen.Add(e.Object.Metadata.Name);
        };

        var error = (await act.Should().ThrowAsync<KubeApiException>()).Which;

        error.IsGone.Should().BeTrue();
        error.Message.Should().Contain("too old resource version");
        seen.Should().Equal("a");
    }

    [Fact]
    public async Task An_ERROR_event_that_holds_no_Status_ends_the_watch_too()
    {
        using var handler = Lines("""{"type":"ERROR","object":"?"}""");
        var act = () => Within.ListAsync(handler.NewClient().WatchAsync<V1Namespace>(new(), default), "the error");
        (await act.Should().ThrowAsync<KubeApiException>()).Which.IsServerError.Should().BeTrue();
    }

    [Fact]
    public async Task A_refused_watch_is_the_typed_error_and_is_not_tried_again()
    {
        using var handler = new StubHandler(_ => StubHandler.Status(429, "TooManyRequests", retryAfter: 1));
        var act = () => Within.ListAsync(handler.NewClient().WatchAsync<V1Namespace>(new(), default), "the error");
        (await act.Should().ThrowAsync<KubeApiException>()).Which.IsTooManyRequests.Should().BeTrue();
        handler.Requests.Should().HaveCount(1);
    }

    [Theory]
    [InlineData("""{"type":"NEWS","object":{"metadata":{"name":"bad"}}}""", "bad")]
    [InlineData("""{"type":"ADDED","object":{"metadata":{"name":"bad","labels":{"x":[]}}}}""", "bad")]
    [InlineData("""{"type":"ADDED","object":{"metadata":{"name":"bad","namespace":"n","creationTimestamp":"yesterday"}}}""", "n/bad")]
    [InlineData("""{"type":"ADDED"}""", null)]
    [InlineData("""{"type":"ADDED","object":null}""", null)]
    [InlineData("""{"object":{"metadata":{"name":"bad"}}}""", "bad")]
    [InlineData("""not JSON""", null)]
    [InlineData("""[]""", null)]
    public async Task One_event_that_cannot_be_read_is_reported_and_left_out(string line, string? key)
    {
        var skipped = new List<SkippedObject>();
        using var handler = Lines(Event("ADDED", "a", "1"), line, Event("ADDED", "b", "2"));

        var events = await Within.ListAsync(handler.NewClient(options: new() { OnSkipped = skipped.Add }).WatchAsync<V1Namespace>(new(), default), "the end");

        events.Select(e => e.Object.Metadata.Name).Should().Equal("a", "b");
        skipped.Should().ContainSingle().Which.Key.Should().Be(key);
    }

    [Fact]
    public async Task An_event_whose_object_comes_before_its_type_is_read()
    {
        using var handler = Lines($$"""{"object":{{StubHandler.NamespaceJson("a")}},"more":{"x":[1]},"type":"ADDED"}""");
        (await Within.ListAsync(handler.NewClient().WatchAsync<V1Namespace>(new(), default), "the end")).Should().ContainSingle().Which.Object.Metadata.Name
            .Should().Be("a");
    }

    [Fact]
    public async Task A_stream_cut_off_inside_an_event_ends_without_it()
    {
        var skipped = new List<SkippedObject>();
        var text = Event("ADDED", "a", "1") + "\n" + Event("ADDED", "b", "2")[..40];
        using var handler = new StubHandler(_ => StubHandler.Stream(new MemoryStream(Encoding.UTF8.GetBytes(text))));

        var events = await Within.ListAsync(handler.NewClient(options: new() { OnSkipped = skipped.Add }).WatchAsync<V1Namespace>(new(), default), "the end");

        events.Should().ContainSingle();
        skipped.Should().BeEmpty();
    }

    [Fact]
    public async Task Lines_of_several_MiB_in_small_pieces_are_read_whole()
    {
        var big = new string('ä', 2 * 1024 * 1024);
        var line = $$"""{"type":"ADDED","object":{"metadata":{"name":"a","annotations":{"x":"{{big}}"} } } }""";
        using var handler = new StubHandler(_ => StubHandler.Stream(new Drip(Encoding.UTF8.GetBytes(line + "\n" + Event("ADDED", "b", "2") + "\n"), 1500)));

        var events = await Within.ListAsync(handler.NewClient().WatchAsync<V1Namespace>(new(), default), "the end");

        events.Select(e => e.Object.Metadata.Name).Should().Equal("a", "b");
        events[0].Object.AnnotationsOrEmpty["x"].Should().Be(big);
    }

    [Fact]
    public async Task A_watch_that_goes_silent_ends_normally_at_the_clients_own_deadline()
    {
        var time = new FakeClock();
        var silent = new SilentStream(Event("ADDED", "a", "1") + "\n");
        using var handler = new StubHandler(_ => StubHandler.Stream(silent));
        var events = new List<string>();
        async Task WatchAsync()
        {
            await foreach (var e in handler.NewClient(time).WatchAsync<V1Namespace>(new() { Timeout = TimeSpan.FromMinutes(5) }, default))
                events.Add(e.Object.Metadata.Name);
        }

        var watch = WatchAsync();
        await Within.SafetyAsync(silent.WentSilent, "the watch to wait for more");
        time.Advance(TimeSpan.FromSeconds(329));
        watch.IsCompleted.Should().BeFalse();
        time.Advance(TimeSpan.FromSeconds(1));

        await Within.SafetyAsync(watch, "a normal end 30 s after the server's timeout");
        events.Should().Equal("a");
    }

    [Fact]
    public async Task A_caller_who_cancels_gets_the_cancellation()
    {
        using var cancel = new CancellationTokenSource();
        var silent = new SilentStream("");
        using var handler = new StubHandler(_ => StubHandler.Stream(silent));
        var watch = Within.ListAsync(handler.NewClient().WatchAsync<V1Namespace>(new(), cancel.Token), "the end");
        await Within.SafetyAsync(silent.WentSilent, "the watch to wait");
        await cancel.CancelAsync();
        await watch.Invoking(w => w).Should().ThrowAsync<OperationCanceledException>();
    }

    private static StubHandler Lines(params string[] lines) =>
        new(_ => StubHandler.Stream(new MemoryStream(Encoding.UTF8.GetBytes(string.Concat(lines.Select(l => l + "\n"))))));

    private static string Event(string type, string name, string version) => $$"""{"type":"{{type}}","object":{{StubHandler.NamespaceJson(name, version)}}}""";

    /// <summary>Gives at most so many bytes at a time.</summary>
    private sealed class Drip(byte[] content, int most) : MemoryStream(content)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(most, buffer.Length)], cancellationToken);
    }
}
