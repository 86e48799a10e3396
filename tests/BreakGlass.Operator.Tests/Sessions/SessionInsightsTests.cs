using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Operator.Caching;
using BreakGlass.Operator.Sessions;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Kube.Runtime;
using Microsoft.Extensions.Logging.Abstractions;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Operator.Tests.Sessions;

/// <summary>What the leader concludes from sessions, and how far replicas tell each other that audit events have arrived.</summary>
public sealed class SessionInsightsTests
{
    private readonly FakeClock _clock = new(A.Start);
    private readonly FakeApiServer _server;
    private readonly KubeClient _client;
    private readonly ClusterCaches _caches;
    private readonly Informer<BreakGlassSession> _sessions;
    private readonly List<string> _looked = [];

    public SessionInsightsTests()
    {
        _server = new(_clock);
        _server.CreateNamespace("breakglass-system");
        _client = _server.CreateClient();
        _caches = new(_client, A.Settings, _clock, NullLoggerFactory.Instance);
        _sessions = new(_client, new() { Transform = s => s with { Status = s.Status with { Actions = [] } } }, _clock, NullLogger.Instance);
    }

    [Fact]
    public async Task A_session_is_compared_with_its_policys_limits_and_with_earlier_sessions()
    {
        var grant = Put(A.Grant() with { Status = new() { Phase = GrantPhase.Active, ActivatedAt = A.Start, ExpiresAt = A.Start.AddMinutes(30) } });
        Put(A.Policy(s => s with { Session = new() { Anomalies = new() { SecretsRead = 3 } } }));
        PutSession("inc-0", "uid-0", A.Start.AddDays(-1), "pods", 0);
        PutSession("other", "uid-9", A.Start.AddDays(-1), "nodes", 0, policy: "other");
        PutSession(grant.Metadata.Name, grant.Metadata.Uid!, A.Start.AddMinutes(1), "nodes", 4);
        var insights = Insights();
        await insights.LookAsync(grant.Metadata.Name, default);

        var facts = insights.With(Facts(grant));
        facts.Anomalies.Select(a => a.Kind).Should().Equal(AnomalyKind.SecretsRead, AnomalyKind.FirstKind);
        facts.LastActivityAt.Should().Be(A.Start.AddMinutes(2));
        _looked.Should().Equal(grant.Metadata.Name);
    }

    [Fact]
    public async Task What_is_reported_already_has_no_grant_looked_at_again()
    {
        var grant = Put(A.Grant() with { Status = new() { Phase = GrantPhase.Active, Anomalies = [AnomalyKind.SecretsRead] } });
        PutSession(grant.Metadata.Name, grant.Metadata.Uid!, A.Start, "pods", 21);
        await Insights().LookAsync(grant.Metadata.Name, default);
        _looked.Should().BeEmpty();
    }

    [Fact]
    public async Task The_session_of_a_namesake_says_nothing()
    {
        var grant = Put(A.Grant());
        PutSession(grant.Metadata.Name, "another", A.Start, "pods", 21);
        var insights = Insights();
        await insights.LookAsync(grant.Metadata.Name, default);
        insights.With(Facts(grant)).Should().Match<GrantFacts>(f => f.Anomalies.Count == 0 && f.LastActivityAt == null);
    }

    [Fact]
    public async Task Replicas_know_of_events_that_only_one_of_them_received()
    {
        Put(A.Policy(s => s with { IdleTimeout = "10m" }));
        DateTimeOffset? received = null;
        var (one, other) = (Pulse(() => received), Pulse(() => null));
        await one.ExchangeAsync(default);
        _server.List<V1Lease>().Should().BeEmpty("there is nothing to say");

        received = A.Start.AddSeconds(5);
        foreach (var pulse in new[] { one, other }) await pulse.ExchangeAsync(default);
        other.Now.LastEventAt.Should().BeNull("what arrived with it may not be written yet");
        _clock.Advance(AuditPulse.Settle);
        other.Now.LastEventAt.Should().Be(received);
        received = A.Start.AddSeconds(8);
        foreach (var pulse in new[] { one, other }) await pulse.ExchangeAsync(default);
        _clock.Advance(AuditPulse.Settle);
        other.Now.LastEventAt.Should().Be(received);
    }

    [Fact]
    public async Task A_time_of_the_future_in_the_lease_does_not_say_that_events_arrive()
    {
        Put(A.Policy(s => s with { IdleTimeout = "10m" }));
        _server.Put(new V1Lease
        {
            Metadata = new() { Name = AuditPulse.OfAudit, NamespaceProperty = "breakglass-system" },
            Spec = new() { RenewTime = A.Start.AddHours(3).UtcDateTime },
        });
        DateTimeOffset? received = null;
        var pulse = Pulse(() => received);
        await pulse.ExchangeAsync(default);
        _clock.Advance(AuditPulse.Settle);
        pulse.Now.LastEventAt.Should().BeNull("an operator whose clock was ahead wrote it");
        received = A.Start.AddSeconds(2);
        await pulse.ExchangeAsync(default);
        await pulse.ExchangeAsync(default);
        _clock.Advance(AuditPulse.Settle);
        pulse.Now.LastEventAt.Should().Be(received, "what this replica wrote in its place is read");
        _server.List<V1Lease>().Should().ContainSingle().Which.Spec!.RenewTime.AsUtc().Should().Be(received);
    }

    [Fact]
    public async Task Nothing_is_exchanged_if_no_policy_has_an_idle_timeout()
    {
        Put(A.Policy());
        await Pulse(() => A.Start).ExchangeAsync(default);
        _server.List<V1Lease>().Should().BeEmpty();
    }

    [Fact]
    public async Task What_the_gateway_reports_is_exchanged_in_a_lease_of_its_own_and_counts_for_grants_that_go_through_it()
    {
        Put(A.Policy(s => s with { IdleTimeout = "10m" }));
        var gateway = Pulse(() => A.Start.AddSeconds(2), AuditPulse.OfGateway);
        await gateway.ExchangeAsync(default);
        _server.List<V1Lease>().Should().ContainSingle().Which.Metadata.Name.Should().Be("breakglass-operator-gateway");
        gateway.Now.IsByGateway.Should().BeTrue();

        var insights = Insights();
        GrantStatus Status(RecordingMode record) => new()
        {
            Phase = GrantPhase.Active, Path = SessionPath.Gateway, Recording = new() { Record = record },
        };
        insights.With(Facts(A.Grant() with { Status = Status(RecordingMode.Requests) })).Audit!.IsByGateway.Should().BeTrue();
        insights.With(Facts(A.Grant() with { Status = Status(RecordingMode.None) })).Audit!.IsByGateway.Should().BeFalse();
        insights.With(Facts(A.Grant() with { Status = new() { Phase = GrantPhase.Active } })).Audit!.IsByGateway.Should().BeFalse();
    }

    private SessionInsights Insights() =>
        new(_client, _caches, _sessions, Pulse(() => null), Pulse(() => null, AuditPulse.OfGateway), _looked.Add, _clock, NullLogger.Instance);

    private AuditPulse Pulse(Func<DateTimeOffset?> here, string lease = AuditPulse.OfAudit) =>
        new(_client, "breakglass-system", lease, _caches, here, _clock, NullLogger.Instance);

    private GrantFacts Facts(BreakGlassGrant grant) =>
        new() { Now = A.Start, Settings = A.Settings, Name = grant.Metadata.Name, Grant = grant, Cluster = AView.Usual() };

    private BreakGlassGrant Put(BreakGlassGrant grant)
    {
        var put = _server.Put(grant);
        _caches.Learn(put);
        return put;
    }

    private void Put(BreakGlassPolicy policy) => _caches.Learn(_server.Put(policy));

    private void PutSession(string name, string uid, DateTimeOffset at, string resource, long secrets, string policy = "payments-oncall") =>
        _sessions.Store.Learn(_server.Put(new BreakGlassSession
        {
            Metadata = new() { Name = name, Labels = A.Labels((BreakGlassApi.PolicyLabel, policy)) },
            Status = new()
            {
                GrantUid = uid, Policy = policy,
                Parts = [new() { Observer = "a", Totals = new() { Requests = 1, SecretsRead = secrets, LastActivityAt = at.AddMinutes(1) } }],
                Actions = [new() { Observer = "a", Verb = "get", Resource = resource, Count = 1, FirstAt = at, LastAt = at.AddMinutes(1) }],
            },
        }));
}
