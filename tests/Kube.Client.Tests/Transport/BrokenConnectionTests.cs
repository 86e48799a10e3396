using System.Net;
using System.Net.Sockets;
using FluentAssertions;
using k8s.Models;
using TestKit;
using Xunit;

namespace Kube.Client.Tests;

public class BrokenConnectionTests
{
    private static readonly KubeClientOptions Quick = Within.Patience with { RetryDelay = TimeSpan.FromMilliseconds(1) };

    [Theory]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("PATCH")]
    [InlineData("DELETE")]
    public async Task A_write_whose_answer_is_lost_is_sent_once_and_says_that_it_may_have_happened(string method)
    {
        await using var server = new RawServer(async (head, stream, socket) =>
        {
            // The first request shows a working connection: the stack must not take the loss on it for a stale idle one.
            if (head.StartsWith("GET", StringComparison.Ordinal)) await RawServer.SendJsonAsync(stream, StubHandler.NamespaceJson("x"));
            else RawServer.Reset(socket);
        });
        using var client = server.NewClient(Quick);
        await Within.SafetyAsync(client.GetAsync<V1Namespace>("x", null, default), "an answer");

        var obj = StubHandler.NewNamespace("x");
        Func<Task> act = method switch
        {
            "POST" => () => client.CreateAsync(obj, default),
            "PUT" => () => client.ReplaceAsync(obj, default),
            "PATCH" => () => client.MergePatchAsync<V1Namespace>("x", null, [], default),
            _ => () => client.DeleteAsync<V1Namespace>("x", null, DeleteOptions.Default, default),
        };
        var lost = () => Within.SafetyAsync(act(), "the loss to be noticed");
        (await lost.Should().ThrowAsync<KubeConnectionException>()).Which.MayHaveHappened.Should().BeTrue();
        server.Requests.Should().Be(2);
    }

    [Fact]
    public async Task A_write_whose_answer_breaks_off_says_that_it_may_have_happened()
    {
        await using var server = new RawServer(async (_, stream, socket) =>
        {
            await RawServer.SendAsync(stream, "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"metadata\":");
            socket.Shutdown(SocketShutdown.Both);
        });
        using var client = server.NewClient(Quick);
        var act = () => Within.SafetyAsync(client.CreateAsync(StubHandler.NewNamespace("x"), default), "the loss to be noticed");
        (await act.Should().ThrowAsync<KubeConnectionException>()).Which.MayHaveHappened.Should().BeTrue();
        server.Requests.Should().Be(1);
    }

    [Fact]
    public async Task A_read_whose_connection_breaks_is_sent_again()
    {
        var tries = 0;
        await using var server = new RawServer(async (_, stream, socket) =>
        {
            if (++tries < 3) RawServer.Reset(socket);
            else await RawServer.SendJsonAsync(stream, StubHandler.NamespaceJson("x"));
        });
        using var client = server.NewClient(Quick);
        await Within.SafetyAsync(client.GetAsync<V1Namespace>("x", null, default), "an answer in the end");
    }

    [Fact]
    public async Task A_server_that_does_not_answer_costs_the_deadline_and_no_more()
    {
        var time = new FakeClock();
        using var arrived = new SemaphoreSlim(0);
        await using var server = new RawServer((_, stream, _) =>
        {
            arrived.Release();
            return stream.ReadExactlyAsync(new byte[1]).AsTask();
        });
        using var client = server.NewClient(Within.Patience with { RequestTimeout = TimeSpan.FromMilliseconds(200) }, time);
        async Task LateAsync(Task request)
        {
            await Within.SafetyAsync(arrived.WaitAsync(), "the request to arrive");
            time.Advance(TimeSpan.FromMilliseconds(200));
            await Within.SafetyAsync(request, "the deadline");
        }

        var write = () => LateAsync(client.CreateAsync(StubHandler.NewNamespace("x"), default));
        var error = (await write.Should().ThrowAsync<KubeConnectionException>().WithMessage("POST /api/v1/namespaces*no answer within 0.2 s*")).Which;
        error.Failure.Should().Be(ConnectionFailure.TimedOut);
        error.MayHaveHappened.Should().BeTrue();
        var read = () => LateAsync(client.GetAsync<V1Namespace>("x", null, default));
        (await read.Should().ThrowAsync<KubeConnectionException>()).Which.MayHaveHappened.Should().BeFalse();
    }

    [Fact]
    public async Task Where_nothing_listens_it_says_so_and_nothing_was_sent()
    {
        using var reserved = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        reserved.Bind(new IPEndPoint(IPAddress.Loopback, 0)); // bound and not listening: nobody else can listen there meanwhile
        var server = new Uri($"https://127.0.0.1:{((IPEndPoint)reserved.LocalEndPoint!).Port}");
        using var client = new KubeClient(new ClusterConnection { Server = server }, TimeProvider.System, Quick);
        var act = () => Within.SafetyAsync(client.CreateAsync(StubHandler.NewNamespace("x"), default), "a refusal");
        var error = (await act.Should().ThrowAsync<KubeConnectionException>().WithMessage($"*{server.Authority}*Is the server up*")).Which;
        error.Failure.Should().Be(ConnectionFailure.Refused);
        error.MayHaveHappened.Should().BeFalse();
    }

    [Fact]
    public async Task A_host_name_without_an_address_is_said_to_be_one()
    {
        using var client = new KubeClient(
            new ClusterConnection { Server = new Uri("https://nowhere.invalid:6443") }, TimeProvider.System, Quick with { MaxTries = 1 });
        var act = () => Within.SafetyAsync(client.GetAsync<V1Namespace>("x", null, default), "a refusal");
        (await act.Should().ThrowAsync<KubeConnectionException>()).Which.Failure.Should().Be(ConnectionFailure.NameResolution);
    }

    [Fact]
    public async Task A_watch_whose_connection_breaks_is_a_connection_error_and_one_that_the_server_ends_is_none()
    {
        const string Event = """{"type":"ADDED","object":{"metadata":{"name":"a"}}}""" + "\n";
        var clean = true;
        await using var server = new RawServer(async (_, stream, socket) =>
        {
            await RawServer.SendAsync(stream, $"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{Event.Length:x}\r\n{Event}\r\n");
            if (clean) await RawServer.SendAsync(stream, "0\r\n\r\n");
            else socket.Shutdown(SocketShutdown.Both);
        });
        using var client = server.NewClient();

        (await Within.ListAsync(client.WatchAsync<V1Namespace>(new(), default), "the end")).Should().ContainSingle();

        clean = false;
        var seen = 0;
        var act = async () =>
        {
            await foreach (var _ in client.WatchAsync<V1Namespace>(new(), default)) seen++;
        };
        var broken = () => Within.SafetyAsync(act(), "the break to be noticed");
        (await broken.Should().ThrowAsync<KubeConnectionException>()).Which.Failure.Should().Be(ConnectionFailure.Reset);
        seen.Should().Be(1, "what came before the break counts");
    }

    [Fact]
    public async Task A_watch_that_the_server_closes_because_we_fell_behind_gives_all_that_was_sent_and_ends_normally()
    {
        const int Sent = 1500; // about 100 KB: the sockets hold it all while nobody reads
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new RawServer(async (_, stream, _) =>
        {
            await RawServer.SendAsync(stream, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            for (var i = 0; i < Sent; i++)
            {
                var line = $$$"""{"type":"ADDED","object":{"metadata":{"name":"n{{{i}}}"} } }""" + "\n";
                await RawServer.SendAsync(stream, $"{line.Length:x}\r\n{line}\r\n");
            }

            await RawServer.SendAsync(stream, "0\r\n\r\n");
            closed.SetResult();
        });
        using var client = server.NewClient();
        var names = new List<string>();
        async Task FollowAsync()
        {
            await foreach (var e in client.WatchAsync<V1Namespace>(new(), default))
            {
                // The slow one: it looks at the second event only when the server has long turned away.
                if (names.Count == 1) await closed.Task;
                names.Add(e.Object.Metadata.Name);
            }
        }

        await Within.SafetyAsync(FollowAsync(), "all events and a normal end");
        names.Should().Equal(Enumerable.Range(0, Sent).Select(i => $"n{i}"));
    }

    [Fact]
    public async Task A_connection_that_does_not_open_in_time_means_that_nothing_was_sent()
    {
        using var handler = new StubHandler(_ => throw new TaskCanceledException("slow", new TimeoutException()));
        var act = () => handler.NewClient(options: Quick with { MaxTries = 2 }).CreateAsync(StubHandler.NewNamespace("x"), default);
        var error = (await act.Should().ThrowAsync<KubeConnectionException>().WithMessage("*cannot connect in time*")).Which;
        error.MayHaveHappened.Should().BeFalse();
        handler.Requests.Should().HaveCount(2);
    }

    [Fact]
    public async Task A_watch_whose_connection_goes_silent_ends_at_the_clients_own_deadline()
    {
        const string Event = """{"type":"ADDED","object":{"metadata":{"name":"a"}}}""" + "\n";
        var time = new FakeClock();
        await using var server = new RawServer(async (_, stream, _) =>
        {
            await RawServer.SendAsync(stream, $"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{Event.Length:x}\r\n{Event}\r\n");
            await stream.ReadExactlyAsync(new byte[1]);
        });
        using var client = server.NewClient(Within.Patience with { WatchGrace = TimeSpan.FromMilliseconds(100) }, time);
        await using var watch = client.WatchAsync<V1Namespace>(new() { Timeout = TimeSpan.FromMilliseconds(100) }, default).GetAsyncEnumerator();
        (await Within.SafetyAsync(watch.MoveNextAsync().AsTask(), "the only event")).Should().BeTrue();
        var next = watch.MoveNextAsync().AsTask();
        time.Advance(TimeSpan.FromMilliseconds(199));
        next.IsCompleted.Should().BeFalse("its time is not over");
        time.Advance(TimeSpan.FromMilliseconds(1));
        (await Within.SafetyAsync(next, "a normal end")).Should().BeFalse();
    }
}
