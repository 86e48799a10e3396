using System.Collections.Concurrent;
using FluentAssertions;
using k8s.Models;
using Microsoft.AspNetCore.Http;
using TestKit;
using Xunit;

namespace Kube.Client.Tests;

/// <summary>GOAWAY is how kube-apiserver sends clients elsewhere (<c>--goaway-chance</c>, shutdown).</summary>
public sealed class GoAwayTests : IDisposable
{
    private readonly TestAuthority _authority = new();

    public void Dispose() => _authority.Dispose();

    [Fact]
    public async Task Requests_go_on_over_new_connections_and_no_write_is_done_twice()
    {
        var done = new ConcurrentBag<string>();
        var count = 0;
        await using var server = await TestServer.StartAsync(_authority.IssueServer(["127.0.0.1"]), async c =>
        {
            done.Add((await new StreamReader(c.Request.Body).ReadToEndAsync()).Split("\"name\":\"")[1].Split('"')[0]);
            if (Interlocked.Increment(ref count) % 7 == 0) c.Connection.RequestClose();
            await TestServer.WriteNamespaceAsync(c);
        });
        using var client = Client(server);

        for (var round = 0; round < 5; round++)
        {
            var writes = Enumerable.Range(0, 20).Select(i => WriteAsync($"n{round}-{i}"));
            await Within.SafetyAsync(Task.WhenAll(writes), "every write to be answered");
        }

        done.Should().HaveCount(100).And.OnlyHaveUniqueItems();
        server.Connections.Should().BeGreaterThan(1);

        // A connection can break under a write that crosses the GOAWAY on its way. The client does not guess whether it was done, and says so;
        // whoever reads that looks, and writes again only what is not there.
        async Task WriteAsync(string name)
        {
            try
            {
                await client.CreateAsync(StubHandler.NewNamespace(name), default);
            }
            catch (KubeConnectionException e) when (e.MayHaveHappened && !done.Contains(name))
            {
                await WriteAsync(name);
            }
            catch (KubeConnectionException e) when (e.MayHaveHappened)
            {
                // It is there.
            }
        }
    }

    [Fact]
    public async Task A_watch_gets_what_comes_after_the_GOAWAY_and_the_next_one_has_a_new_connection()
    {
        await using var server = await TestServer.StartAsync(_authority.IssueServer(["127.0.0.1"]), async c =>
        {
            await WriteEventAsync(c, "a");
            c.Connection.RequestClose();
            await WriteEventAsync(c, "b");
        });
        using var client = Client(server);

        // The stream can end a moment before the GOAWAY is there, and then one more watch begins on the same connection.
        for (var round = 1; server.Connections < 3; round++)
        {
            round.Should().BeLessThan(100, "the connection of each of these watches is to be left");
            var events = await Within.ListAsync(client.WatchAsync<V1Namespace>(new(), default), "the end of the stream");
            events.Select(e => e.Object.Metadata.Name).Should().Equal("a", "b");
        }
    }

    [Fact]
    public async Task A_watch_that_goes_silent_after_the_GOAWAY_ends_at_the_clients_own_deadline()
    {
        var time = new FakeClock();
        await using var server = await TestServer.StartAsync(_authority.IssueServer(["127.0.0.1"]), async c =>
        {
            await WriteEventAsync(c, "a");
            c.Connection.RequestClose();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, c.RequestAborted);
        });
        using var client = Client(server, time);
        await using var watch = client.WatchAsync<V1Namespace>(new(), default).GetAsyncEnumerator();
        (await Within.SafetyAsync(watch.MoveNextAsync().AsTask(), "the first event")).Should().BeTrue();

        var next = watch.MoveNextAsync().AsTask();
        time.Advance(TimeSpan.FromSeconds(330));

        (await Within.SafetyAsync(next, "a normal end")).Should().BeFalse();
    }

    [Fact]
    public async Task Watches_and_requests_and_the_lease_have_connections_of_their_own()
    {
        await using var server = await TestServer.StartAsync(_authority.IssueServer(["127.0.0.1"]), async c =>
        {
            if (!c.Request.Query.ContainsKey("watch"))
            {
                await TestServer.WriteNamespaceAsync(c);
                return;
            }

            await WriteEventAsync(c, "a");
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, c.RequestAborted);
        });
        using var client = Client(server);
        using var lease = client.WithOwnConnection();
        await using var one = client.WatchAsync<V1Namespace>(new(), default).GetAsyncEnumerator();
        await using var two = client.WatchAsync<V1Namespace>(new(), default).GetAsyncEnumerator();
        await Within.SafetyAsync(one.MoveNextAsync().AsTask(), "the first watch");
        await Within.SafetyAsync(two.MoveNextAsync().AsTask(), "the second watch");
        server.Connections.Should().Be(1);
        await Within.SafetyAsync(client.GetAsync<V1Namespace>("x", null, default), "an answer");
        await Within.SafetyAsync(client.GetAsync<V1Namespace>("x", null, default), "an answer");
        server.Connections.Should().Be(2);
        await Within.SafetyAsync(lease.GetAsync<V1Namespace>("x", null, default), "an answer");
        server.Connections.Should().Be(3);
    }

    private static async Task WriteEventAsync(HttpContext context, string name)
    {
        await context.Response.WriteAsync($$$$"""{"type":"ADDED","object":{"metadata":{"name":"{{{{name}}}}"}}}""" + "\n");
        await context.Response.Body.FlushAsync();
    }

    private KubeClient Client(TestServer server, TimeProvider? time = null) =>
        new(new ClusterConnection { Server = server.Address, CertificateAuthority = PemSource.FromPem(_authority.Pem) }, time ?? TimeProvider.System,
            Within.Patience);
}
