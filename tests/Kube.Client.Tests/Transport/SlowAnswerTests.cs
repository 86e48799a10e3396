using System.Net;
using FluentAssertions;
using k8s.Models;
using Xunit;

namespace Kube.Client.Tests;

/// <summary>
/// An answer whose headers are there and whose body is not yet holds no thread. A client that reads it synchronously blocks a thread for each call; with all
/// threads of the pool blocked, the process stands still until the pool makes more of them, one or two a second.
/// </summary>
public sealed class SlowAnswerTests
{
    private const int Calls = 50;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    private static readonly Dictionary<string, (int Code, string Body, Func<KubeClient, Task> Call)> Answers = new()
    {
        ["read"] = (200, StubHandler.NamespaceJson("x"), client => client.GetAsync<V1Namespace>("x", null, default)),
        ["list"] = (200, """{"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"x"}}]}""", async client =>
            (await client.ListAsync<V1Namespace>(new(), default)).Items.Should().ContainSingle()),
        ["create"] = (201, StubHandler.NamespaceJson("x"), client => client.CreateAsync(StubHandler.NewNamespace("x"), default)),
        ["delete"] = (200, StubHandler.NamespaceJson("x"), client => client.DeleteIsHeldAsync<V1Namespace>("x", null, DeleteOptions.Default, default)),
        ["token"] = (201, """{"status":{"token":"t","expirationTimestamp":"2026-11-22T01:02:03Z"}}""", client =>
            client.CreateTokenAsync("ns", "sa", new TokenRequest(), default)),
        ["version"] = (200, """{"major":"1","minor":"36","gitVersion":"v1.36.2"}""", client => client.GetVersionAsync(default)),
        ["refusal"] = (403, """{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","message":"no","code":403}""", async client =>
        {
            var act = () => client.GetAsync<V1Namespace>("x", null, default);
            (await act.Should().ThrowAsync<KubeApiException>()).Which.Status.Message.Should().Be("no");
        }),
        ["watch"] = (200, """{"type":"ADDED","object":{"metadata":{"name":"x"}}}""" + "\n", async client =>
        {
            await foreach (var change in client.WatchAsync<V1Namespace>(new(), default)) change.Object.Metadata.Name.Should().Be("x");
        }),
    };

    public static TheoryData<string> Kinds => new(Answers.Keys);

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task One_thread_gets_fifty_calls_under_way_before_the_body_of_one_answer_is_there(string kind)
    {
        var (code, body, call) = Answers[kind];
        var there = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var handler = new StubHandler(_ => new((HttpStatusCode)code)
        {
            Content = new StreamContent(new LateStream(body, there.Task)) { Headers = { ContentType = new("application/json") } },
        });
        using var client = handler.NewClient(options: new() { RequestTimeout = TimeSpan.FromMinutes(5), MaxTries = 1 });
        var calls = new List<Task>();

        // The headers come at once, so all of a call up to the wait for the body runs on this thread: whatever waits for anything there keeps it from
        // the next call.
        var starter = new Thread(() =>
        {
            for (var i = 0; i < Calls; i++) calls.Add(call(client));
        });
        starter.Start();
        var underWay = starter.Join(Limit);
        var answered = underWay ? calls.Count(c => c.IsCompleted) : 0;
        there.SetResult();
        starter.Join();

        underWay.Should().BeTrue("no call may hold the thread while its answer is on the way");
        answered.Should().Be(0);
        handler.Requests.Should().HaveCount(Calls);
        await Within.SafetyAsync(Task.WhenAll(calls), "every call to be answered");
    }
}
