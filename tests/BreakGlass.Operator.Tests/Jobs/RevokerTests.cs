using BreakGlass.Core;
using BreakGlass.Core.Api;
using BreakGlass.Operator.Jobs;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Kube.Runtime;
using Microsoft.Extensions.Logging.Abstractions;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Operator.Tests.Jobs;

/// <summary>The end of everything before an uninstall, with an operator that does its part and without.</summary>
public class RevokerTests
{
    private readonly FakeClock _clock = new();
    private readonly FakeApiServer _server;

    public RevokerTests()
    {
        _server = new(_clock);
        _server.CreateNamespace("payments");
        _server.CreateNamespace("breakglass-grants");
    }

    [Fact]
    public async Task A_grant_is_asked_to_end_and_its_end_on_record_is_waited_for()
    {
        PutActive();
        var running = Run();
        await _server.Until(() => Grant.Spec.Revoke is not null, "the grant asked to end");
        Grant.Spec.Revoke!.Reason.Should().Be("BreakGlass is being uninstalled");
        _server.Modify<BreakGlassGrant>(
            "inc-4711", null, g => g with { Metadata = g.Metadata with { Finalizers = [] }, Status = g.Status with { Phase = GrantPhase.Revoked } });
        _server.Delete<V1RoleBinding>("breakglass-made-access", "payments");
        _clock.Advance(Revoker.Period);
        (await running.Soon("the end")).Should().Be((0, 0, 0));
    }

    [Fact]
    public async Task Where_no_operator_does_its_part_access_is_removed_all_the_same()
    {
        PutActive();
        var running = Run();
        await _clock.WhenTimerArmed(Revoker.Period);
        _clock.Advance(Revoker.OperatorTimeout);
        (await running.Soon("the end")).Should().Be((1, 0, 1));
        _server.List<V1RoleBinding>("payments").Should().BeEmpty("it goes though its time is not over");
        Grant.FinalizersOrEmpty.Should().NotBeEmpty("the record is for an operator to complete");
    }

    [Fact]
    public async Task Where_no_webhook_answers_access_is_removed_all_the_same()
    {
        PutActive();
        using var fault = _server.Faults.Inject(Fault.InternalError, c => c.Verb == "patch" && c.Resource == "breakglassgrants", times: null);
        var running = Run();
        await _clock.WhenTimerArmed(Revoker.Period);
        _clock.Advance(Revoker.OperatorTimeout);
        (await running.Soon("the end")).Should().Be((1, 0, 1));
    }

    [Fact]
    public async Task Finished_grants_and_missing_kinds_take_no_time()
    {
        _server.Put(A.FinishedGrant(GrantPhase.Expired));
        (await Run().Soon("the end")).Should().Be((0, 0, 0));
        _server.Resources.Unregister(BreakGlassApi.Group, BreakGlassApi.Version, "breakglassgrants");
        (await Run().Soon("the end")).Should().Be((0, 0, 0));
    }

    [Fact]
    public async Task A_proxy_that_answers_404_for_the_grants_does_not_say_that_there_are_none()
    {
        PutActive();
        using var proxy = _server.Faults.Inject(Fault.Answer(404, "", "404 page not found"), "list", "breakglassgrants", times: null);
        var running = Run();
        await _clock.WhenTimerArmed(Revoker.Period);
        _clock.Advance(Revoker.OperatorTimeout);
        (await running.Soon("the end")).Should().Be((1, 1, 1), "neither the grants nor what they record could be read");
    }

    private BreakGlassGrant Grant => _server.List<BreakGlassGrant>().Single();

    private Task<(int Removed, int Failed, int Open)> Run() =>
        new Revoker(_server.CreateClient(), new(), new SteadyClock(_clock), NullLogger.Instance).RevokeAllAsync(CancellationToken.None);

    private void PutActive()
    {
        _server.Put(A.Grant());
        _server.Modify<BreakGlassGrant>("inc-4711", null, g => g with
        {
            Metadata = g.Metadata with { Finalizers = [BreakGlassApi.RevokeFinalizer] },
            Status = new() { Phase = GrantPhase.Active, ActivatedAt = _clock.GetUtcNow(), ExpiresAt = _clock.GetUtcNow().AddHours(1) },
        });
        _server.Put(new V1RoleBinding
        {
            Metadata = new()
            {
                Name = "breakglass-made-access",
                NamespaceProperty = "payments",
                Labels = new Dictionary<string, string> { [BreakGlassApi.GrantLabel] = "made" },
                Annotations = new Dictionary<string, string> { [BreakGlassApi.GrantUidAnnotation] = "grant-1",
                    [BreakGlassApi.ExpiresAtAnnotation] = Timestamp.Text(_clock.GetUtcNow().AddHours(1)) },
            },
            RoleRef = new() { Kind = V1ClusterRole.KubeKind, Name = "edit" },
            Subjects = [new() { Kind = "User", ApiGroup = V1Role.KubeGroup, Name = "alice" }],
        });
    }
}
