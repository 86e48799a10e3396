using System.Net;
using BreakGlass.Core.Api;
using BreakGlass.Operator.Admission;
using BreakGlass.Operator.Certificates;
using FluentAssertions;
using Kube.Runtime;
using Microsoft.Extensions.Logging.Abstractions;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Operator.Tests.Admission;

public sealed class WarmUpTests : IAsyncLifetime, IDisposable
{
    private readonly ServedCertificate _served = new(NullLogger.Instance);
    private readonly List<AdmissionRequest> _asked = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly FakeClock _clock = new(); // stands still while requests are under way: none times out, whatever the machine does
    private WebhookServer? _server;
    private WarmUp? _warmUp;
    private volatile bool _mayBegin;
    private WebhookHarness? _webhooks;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_server is not null) await _server.DisposeAsync();
    }

    public void Dispose()
    {
        _stop.Dispose();
        _webhooks?.Dispose();
    }

    [Fact]
    public async Task It_is_done_only_once_its_requests_were_answered_through_the_port_and_not_before()
    {
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var running = await StartAsync(async (request, _) =>
        {
            reached.TrySetResult();
            await answer.Task;
            lock (_asked) _asked.Add(request);
            return AdmissionAnswer.Allow();
        });
        _warmUp!.IsDone.Should().BeFalse("nothing could be answered yet");
        await _clock.WhenTimerArmed("the next look");
        _mayBegin = true;
        _clock.AdvanceToNextTimer();
        await reached.Task.Soon("the first request");
        _warmUp.IsDone.Should().BeFalse("it was not answered yet");
        answer.SetResult();
        await running.Soon("the answers");
        _warmUp.IsDone.Should().BeTrue();
        _asked.Should().HaveCount(4).And.OnlyContain(r => r.DryRun == true && r.Uid == _warmUp.Uid);
    }

    [Fact]
    public async Task A_webhook_that_does_not_answer_is_asked_again_and_a_refusal_is_an_answer()
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _mayBegin = true;
        var running = await StartAsync(async (_, cancellationToken) =>
        {
            if (reached.TrySetResult()) await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            return AdmissionAnswer.Deny("there is no such policy");
        });
        await reached.Task.Soon("the first request");
        _clock.Advance(TimeSpan.FromSeconds(30));
        await _clock.WhenTimerArmed(TimeSpan.FromSeconds(1));
        _warmUp!.IsDone.Should().BeFalse("the first request was not answered");
        _clock.AdvanceToNextTimer();
        await running.Soon("the answers");
        _warmUp.IsDone.Should().BeTrue();
    }

    [Fact]
    public async Task It_goes_the_whole_way_of_a_request_that_is_let_in_and_stores_nothing()
    {
        var webhooks = _webhooks = await WebhookHarness.OpenAsync();
        var policy = A.Policy();
        webhooks.Server.Put(policy);
        webhooks.Server.Requests.Clear();
        _mayBegin = true;
        var answers = new List<AdmissionAnswer>();
        AdmissionHandler Watched(AdmissionHandler handler) => async (request, cancellationToken) =>
        {
            var answer = await handler(request, cancellationToken);
            lock (answers) answers.Add(answer);
            return answer;
        };
        var running = await StartAsync(Watched(webhooks.Mutate), Watched(webhooks.Validate), policy);
        await running.Soon("the answers");
        answers.Should().HaveCount(4);
        answers.Where(a => !a.Allowed).Select(a => a.Message)
            .Should().OnlyContain(m => m!.Contains("policy", StringComparison.Ordinal), "only the seal of the policy is missing here");
        webhooks.Server.Requests.Writes.Should().BeEmpty();
        webhooks.Server.List<BreakGlassGrant>().Should().BeEmpty();
    }

    private Task<Task> StartAsync(AdmissionHandler handler) => StartAsync(handler, handler);

    private async Task<Task> StartAsync(AdmissionHandler mutate, AdmissionHandler validate, params BreakGlassPolicy[] policies)
    {
        _served.Serve(ManagedCertificates.New(["breakglass-operator-webhook.breakglass-system.svc"], TimeProvider.System.GetUtcNow()).Leaf, "test");
        AdmissionEndpoint[] endpoints =
        [
            new(Webhooks.MutatePath, mutate, TimeProvider.System, NullLogger.Instance),
            new(Webhooks.ValidatePath, validate, TimeProvider.System, NullLogger.Instance),
        ];
        _server = new(IPAddress.Loopback, 0, () => _served.Context, endpoints, NullLogger.Instance, patience: Eventually.Limit);
        await _server.StartAsync(CancellationToken.None);
        _warmUp = new(IPAddress.Loopback, () => _server.Port, _server.OwnPath, _served, () => _mayBegin, () => policies, _clock, NullLogger.Instance);
        return _warmUp.RunAsync(_stop.Token);
    }
}
