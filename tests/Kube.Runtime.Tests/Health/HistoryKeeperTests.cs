using System.Net;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using TestKit;
using Xunit;

namespace Kube.Runtime.Tests.Health;

/// <summary>
/// An API server whose data was restored accepts old watches and shows nothing on them; the process learns of it by the versions of its own reads.
/// </summary>
public sealed class HistoryKeeperTests : IDisposable
{
    private readonly FakeClock _clock = new();
    private readonly Versions _server = new();
    private readonly KubeClient _client;
    private readonly CancellationTokenSource _stop = new();

    public HistoryKeeperTests() => _client = new(_server, new("https://api.test"), _clock, new() { MaxTries = 1 });

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
        _stop.Dispose();
    }

    [Fact]
    public async Task Data_that_is_older_than_it_was_ends_the_process_with_a_sentence_that_says_both_versions()
    {
        var running = await AfterAsync("900", "901");
        _server.Version = "400";
        Pass();
        (await FluentActions.Awaiting(() => running.Soon("the end")).Should().ThrowAsync<HistoryRewoundException>())
            .WithMessage("*restored from a backup*400*901*start again*");
    }

    [Fact]
    public async Task One_strange_answer_is_asked_about_again_and_ends_nothing()
    {
        var running = await AfterAsync("900");
        _server.Next.Enqueue("400");
        var before = _server.Asked;
        Pass();
        await UntilAskedAsync(before + 2);
        await GoesOnAsync(running);
    }

    [Theory]
    [InlineData("900", "900")]
    [InlineData("900", "1000")]
    [InlineData("999999999999", "1000000000000")]
    [InlineData("900", "")]
    [InlineData("900", "not-a-number")]
    [InlineData("", "400")]
    public async Task Nothing_happens_while_versions_go_on_or_say_nothing(string first, string second)
    {
        var running = await AfterAsync(first, second);
        await GoesOnAsync(running);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_asked_again_and_compared_with_what_was_seen_before()
    {
        var running = await AfterAsync("900", null, null);
        _server.Version = "899";
        Pass();
        await FluentActions.Awaiting(() => running.Soon("the end")).Should().ThrowAsync<HistoryRewoundException>();
    }

    private async Task<Task> AfterAsync(params string?[] versions)
    {
        _server.Version = versions[0];
        var running = new HistoryKeeper<V1Namespace>(_client, _clock).RunAsync(_stop.Token);
        await UntilAskedAsync(1);
        foreach (var version in versions.Skip(1))
        {
            var asked = _server.Asked;
            _server.Version = version;
            Pass();
            await UntilAskedAsync(asked + 1);
        }

        return running;
    }

    private void Pass() => _clock.Advance(HistoryKeeper<V1Namespace>.Period);

    private Task UntilAskedAsync(int times) => _server.Changed.Until(() => _server.Asked >= times, $"{times} questions");

    private async Task GoesOnAsync(Task running)
    {
        running.IsCompleted.Should().BeFalse();
        await _stop.CancelAsync();
        await running.Soon("the end");
    }

    /// <summary>A server whose lists have the versions that it is told.</summary>
    private sealed class Versions : HttpMessageHandler
    {
        private int _asked;

        /// <summary>The version; null if it does not answer.</summary>
        public string? Version { get; set; }

        /// <summary>What it says before that.</summary>
        public Queue<string> Next { get; } = new();

        public int Asked => Volatile.Read(ref _asked);

        public Signal Changed { get; } = new();

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.RequestUri!.Query.Should().Be("?limit=1", "a read with a version could be answered from a cache");
            var version = Next.TryDequeue(out var next) ? next : Version;
            var answer = version is null
                ? new HttpResponseMessage(HttpStatusCode.InternalServerError) { Content = new StringContent("no") }
                : new HttpResponseMessage(HttpStatusCode.OK)
                {
                    Content = new StringContent(
                        $$"""{"kind":"NamespaceList","apiVersion":"v1","metadata":{"resourceVersion":"{{version}}"},"items":[]}""",
                        new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")),
                };
            Interlocked.Increment(ref _asked);
            Changed.Raise();
            return Task.FromResult(answer);
        }
    }
}
