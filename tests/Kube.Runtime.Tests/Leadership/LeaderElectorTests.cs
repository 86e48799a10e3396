using System.Text.Json.Nodes;
using FluentAssertions;
using k8s;
using k8s.Models;
using Kube.Client;
using Microsoft.Extensions.Logging.Abstractions;
using TestKit;
using Xunit;

namespace Kube.Runtime.Tests.Leadership;

/// <summary>Without jitter, so that a candidate tries every two seconds.</summary>
public sealed class LeaderElectorTests : IDisposable
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(2);

    private static int s_tests;

    /// <summary>Of each test its own: metrics are those of the process, and candidates of the test before may still be on their way out.</summary>
    private readonly string _name = $"op-{Interlocked.Increment(ref s_tests)}";
    private readonly FakeClock _clock = new();
    private readonly FakeApiServer _server;
    private readonly List<Candidate> _candidates = [];

    public LeaderElectorTests()
    {
        _server = new(_clock);
        _server.CreateNamespace("system");
    }

    private V1Lease Lease => _server.Get<V1Lease>(_name, "system")!;

    private DateTime Now => _clock.GetUtcNow().UtcDateTime;

    public void Dispose() => _candidates.ForEach(c => c.Dispose());

    [Fact]
    public async Task The_first_candidate_makes_the_lease_and_leads()
    {
        using var metrics = new MetricsOf(_name);
        var a = await Leader("a");

        Lease.Spec.Should().BeEquivalentTo(new V1LeaseSpec
        {
            HolderIdentity = "a", LeaseDurationSeconds = 15, AcquireTime = Now, RenewTime = Now, LeaseTransitions = 0,
        });
        a.MayWrite.Should().BeTrue();
        a.Elector.Check().Should().BeNull();
        metrics["leader_election_master_status"].Should().Be(1);
    }

    [Fact]
    public async Task It_renews_every_two_seconds_with_one_request()
    {
        var acquired = Now;
        await Leader("a");
        _server.Requests.Clear();

        for (var i = 0; i < 5; i++) await Idle(1, advance: Retry);
        await Idle(1);

        Lease.Spec.RenewTime.Should().Be(Now);
        Lease.Spec.AcquireTime.Should().Be(acquired);
        _server.Requests.All.Should().HaveCount(5).And.OnlyContain(r => r.Call.Is("update", "leases"));
    }

    [Fact]
    public async Task A_few_failed_renewals_are_no_loss()
    {
        var a = await Leader("a");
        _server.Faults.Inject(Fault.InternalError, times: 2);
        _server.Faults.Inject(Fault.Refused, times: 1);

        for (var i = 0; i < 6; i++) await Idle(1, advance: Retry);
        await Idle(1);

        a.MayWrite.Should().BeTrue();
        a.Run.IsCompleted.Should().BeFalse();
        Lease.Spec.RenewTime.Should().Be(Now);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_ends_leadership_at_the_renew_deadline_and_not_before()
    {
        var a = await Leader("a");
        _server.Faults.Inject(Fault.Hang, times: null);

        // Tries: from 2 s to 7 s (half the deadline), from there to 10 s (what is left of it).
        foreach (var seconds in new[] { 2, 5, 3 })
        {
            a.MayWrite.Should().BeTrue();
            await _clock.WhenTimerArmed(TimeSpan.FromSeconds(seconds));
            _clock.Advance(TimeSpan.FromSeconds(seconds));
        }

        await a.Lost.Soon("the work to be told");
        _clock.Elapsed.Should().Be(TimeSpan.FromSeconds(10));
        a.MayWrite.Should().BeFalse();
        a.Run.IsCompleted.Should().BeFalse("it stands for the lease again");
    }

    [Fact]
    public async Task A_leader_that_lost_its_lease_leads_again_in_the_same_process_once_it_can()
    {
        using var metrics = new MetricsOf(_name);
        var a = await Leader("a");
        for (var term = 1; term <= 3; term++)
        {
            _server.Modify<V1Lease>(_name, "system", l => l with { Spec = l.Spec with { HolderIdentity = "b", LeaseDurationSeconds = 2 } });
            await Idle(1, advance: Retry);
            await a.Lost.Soon("the loss");
            metrics["leader_election_master_status"].Should().Be(0);
            a.MayWrite.Should().BeFalse("nothing of the old term is written");

            // The other's two seconds are over at the next try, at the end of an Advance as the loss was: the clock stands while it is made.
            await Idle(1, advance: Retry);
            await a.Leads.Soon("the next term");
            a.MayWrite.Should().BeTrue();
            Lease.Spec.HolderIdentity.Should().Be("a");
        }

        a.Terms.Should().Be(4);
        a.Run.IsCompleted.Should().BeFalse();
    }

    [Fact]
    public async Task Work_that_does_not_end_after_the_loss_ends_the_process_and_is_not_stood_for_again()
    {
        var a = New("a", ignoresCancellation: true);
        await a.Leads.Soon("the lease");
        _server.Modify<V1Lease>(_name, "system", l => l with { Spec = l.Spec with { HolderIdentity = "b" } });

        await Idle(1, advance: Retry);
        await a.Lost.Soon("the loss");
        await _clock.WhenTimerArmed(TimeSpan.FromSeconds(5));
        a.Run.IsCompleted.Should().BeFalse();
        _clock.Advance(TimeSpan.FromSeconds(5));

        var stuck = async () => await a.Run.Soon("the end");
        (await stuck.Should().ThrowAsync<LeadershipLostException>()).WithMessage("*now held by 'b'*could not stop leading within 5 s*");
        a.MayWrite.Should().BeFalse();
        Lease.Spec.HolderIdentity.Should().Be("b");
    }

    [Fact]
    public async Task A_leader_that_was_frozen_past_its_lease_may_write_nothing_before_it_has_noticed()
    {
        var a = await Leader("a");
        a.MayWrite.Should().BeTrue();
        _server.Faults.Inject(Fault.Hang, times: null);
        await Idle(1, advance: Retry);
        _clock.Advance(TimeSpan.FromSeconds(13));
        a.MayWrite.Should().BeFalse();
    }

    [Fact]
    public async Task A_slow_server_costs_nobody_the_lease()
    {
        var a = await Leader("a");
        _server.Faults.Inject(Fault.Latency(TimeSpan.FromSeconds(4)), times: null);
        await Idle(1, advance: Retry);

        for (var i = 0; i < 6; i++)
        {
            await _clock.WhenTimersArmed(t => t.Contains(TimeSpan.FromSeconds(4)) && t.Contains(TimeSpan.FromSeconds(5)), "the slow renewal");
            _clock.Advance(TimeSpan.FromSeconds(4));
        }

        Lease.Spec.RenewTime.Should().BeAfter((FakeClock.DefaultStart + TimeSpan.FromSeconds(20)).UtcDateTime);
        a.MayWrite.Should().BeTrue();
        a.Run.IsCompleted.Should().BeFalse();
    }

    [Fact]
    public async Task A_renewal_whose_answer_was_lost_is_found_by_reading()
    {
        using var metrics = new MetricsOf(_name);
        var a = await Leader("a");
        _server.Faults.Inject(Fault.LostAnswer, "update", "leases");

        await Idle(1, advance: Retry);
        await Idle(1, advance: Retry);
        await Idle(1);

        a.MayWrite.Should().BeTrue();
        metrics["leader_election_slowpath_total"].Should().Be(1);
        Lease.Spec.LeaseTransitions.Should().Be(0);
    }

    [Fact]
    public async Task Anothers_name_in_the_lease_is_a_loss_at_once()
    {
        var a = await Leader("a");
        _server.Modify<V1Lease>(_name, "system", l => l with { Spec = l.Spec with { HolderIdentity = "b" } });

        await Idle(1, advance: Retry);

        await a.Lost.Soon("the loss");
        a.MayWrite.Should().BeFalse();
    }

    [Fact]
    public async Task A_lease_that_somebody_deleted_is_made_again()
    {
        var a = await Leader("a");
        _server.Remove<V1Lease>(_name, "system");

        await Idle(1, advance: Retry);
        await Idle(1);

        a.MayWrite.Should().BeTrue();
        Lease.Spec.HolderIdentity.Should().Be("a");
    }

    [Fact]
    public async Task Of_two_candidates_one_leads_and_the_other_follows_fifteen_seconds_after_the_last_sign_of_life()
    {
        var a = await Leader("a");
        var b = New("b");
        for (var i = 0; i < 10; i++) await Idle(2, advance: Retry);
        await Idle(2);
        b.Leads.IsCompleted.Should().BeFalse();

        // The leader is cut off; its last renewal was now. The last call's limit is two seconds too, so each round is told by what it has armed.
        _server.Faults.Inject(Fault.Refused, c => c.Client == "a", times: null);
        var cutOff = _clock.Elapsed;
        for (var i = 0; i < 5; i++)
        {
            var armings = _clock.Armings;
            _clock.Advance(Retry);
            if (i < 4) await _clock.WhenTimersArmed(t => _clock.Armings == armings + 6 && t.Count == 2, "two limits for the call and a pause, for each");
        }

        await a.Lost.Soon("the loss");
        (_clock.Elapsed - cutOff).Should().Be(TimeSpan.FromSeconds(10));
        a.MayWrite.Should().BeFalse();

        // Whether the follower saw the last renewal at its instant or one try later is open.
        for (var i = 0; i < 4; i++)
        {
            await Idle(2);
            if (_clock.Elapsed - cutOff < TimeSpan.FromSeconds(15)) b.Leads.IsCompleted.Should().BeFalse("the lease still counts");
            _clock.Advance(Retry);
        }

        await b.Leads.Soon("the next leader");
        Lease.Spec.LeaseTransitions.Should().Be(1);
    }

    [Theory]
    [InlineData(-1000)]
    [InlineData(1000)]
    public async Task A_foreign_lease_is_timed_by_our_own_clock_whatever_the_holders_says(int skew)
    {
        var theirs = Now + TimeSpan.FromHours(skew);
        _server.Put(new V1Lease
        {
            Metadata = new() { Name = _name, NamespaceProperty = "system" },
            Spec = new() { HolderIdentity = "x", LeaseDurationSeconds = 15, AcquireTime = theirs, RenewTime = theirs, LeaseTransitions = 7 },
        });
        var a = New("a");
        for (var i = 0; i < 7; i++) await Idle(1, advance: Retry);
        await Idle(1);
        a.Leads.IsCompleted.Should().BeFalse("it was first seen 14 s ago");

        _clock.Advance(Retry);
        await a.Leads.Soon("the lease");
        Lease.Spec.LeaseTransitions.Should().Be(8);
    }

    [Theory]
    [InlineData(15, 14)]
    [InlineData(5, 4)]
    public async Task A_lease_that_runs_out_is_taken_at_that_moment_and_not_at_the_next_try(int runsOut, int lastTry)
    {
        _server.Put(new V1Lease
        {
            Metadata = new() { Name = _name, NamespaceProperty = "system" },
            Spec = new() { HolderIdentity = "x", LeaseDurationSeconds = runsOut, AcquireTime = Now, RenewTime = Now },
        });
        var a = New("a");
        for (var tried = 0; tried < lastTry; tried += 2) await Idle(1, advance: Retry);

        await _clock.WhenTimersArmed(t => t.Count == 1 && t[0] == TimeSpan.FromSeconds(1), "a look at the end of the lease");
        _clock.Advance(TimeSpan.FromSeconds(1));

        await a.Leads.Soon("the lease");
        _clock.Elapsed.Should().Be(TimeSpan.FromSeconds(runsOut));
        Lease.Spec.HolderIdentity.Should().Be("a");
    }

    [Fact]
    public async Task A_lease_that_ran_out_while_the_server_was_away_is_looked_at_once_in_two_seconds()
    {
        _server.Put(new V1Lease
        {
            Metadata = new() { Name = _name, NamespaceProperty = "system" },
            Spec = new() { HolderIdentity = "x", LeaseDurationSeconds = 1, AcquireTime = Now, RenewTime = Now },
        });
        var a = New("a");
        await Idle(1);
        _server.Faults.Inject(Fault.Refused, times: null);
        _clock.Advance(TimeSpan.FromSeconds(1));

        for (var i = 0; i < 3; i++)
        {
            await _clock.WhenTimersArmed(t => t.Count == 1 && t[0] == Retry, "the pause");
            _clock.Advance(Retry);
        }

        await _clock.WhenTimersArmed(t => t.Count == 1 && t[0] == Retry, "the pause");
        _server.Requests.All.Should().HaveCount(5, "the first look, the one at the end of the lease, and one for each pause");
        a.Leads.IsCompleted.Should().BeFalse();
    }

    [Fact]
    public async Task A_lease_that_says_nothing_is_taken()
    {
        _server.PutJson((JsonObject)JsonNode.Parse($$$"""
            {"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"{{{_name}}}","namespace":"system"} }
            """)!);

        await Leader("a");

        (Lease.Spec.HolderIdentity, Lease.Spec.LeaseTransitions).Should().Be(("a", 1));
    }

    [Fact]
    public async Task The_lease_is_kept_until_the_work_has_ended_and_then_released_for_the_next()
    {
        var a = New("a", ignoresCancellation: true);
        await a.Leads.Soon("the lease");
        var b = New("b");
        await Idle(2);
        await a.Stop.CancelAsync();
        await a.Cancelled.Soon("the work to be told");
        for (var i = 0; i < 12; i++) await Idle(2, advance: Retry);
        Lease.Spec.HolderIdentity.Should().Be("a", "its work goes on");

        a.EndWork();
        await a.Run.Soon("the end");
        Lease.Spec.HolderIdentity.Should().BeNull();
        Lease.Spec.LeaseDurationSeconds.Should().Be(1);

        await Idle(1, advance: Retry);
        await b.Leads.Soon("the next leader");
    }

    [Fact]
    public async Task A_conflict_on_release_is_tried_again()
    {
        var a = await Leader("a");
        await Idle(1);
        _server.Faults.Inject(Fault.Conflict, "update", "leases", times: 3);

        await a.Stop.CancelAsync();
        await a.Run.Soon("the end");

        Lease.Spec.HolderIdentity.Should().BeNull();
    }

    [Fact]
    public async Task A_candidate_that_is_stopped_ends_quietly()
    {
        await Leader("a");
        var b = New("b");
        await Idle(2);

        await b.Stop.CancelAsync();
        await b.Run.Soon("the end");
        Lease.Spec.HolderIdentity.Should().Be("a");
    }

    [Fact]
    public async Task A_failure_of_the_work_releases_the_lease_and_comes_through()
    {
        var elector = new LeaderElector(Client("a"), Options("a"), _clock, NullLogger.Instance, () => 0);

        var run = async () => await elector.RunAsync(_ => throw new InvalidDataException("boom"), default).Soon("the end");

        await run.Should().ThrowAsync<InvalidDataException>();
        Lease.Spec.HolderIdentity.Should().BeNull();
    }

    [Fact]
    public async Task A_renewal_that_is_stuck_whatever_its_time_out_shows_in_the_health_check_and_not_as_leader()
    {
        using var stuck = new StuckHandler { InnerHandler = _server.CreateHandler(client: "a") };
        var elector = new LeaderElector(new(stuck, FakeApiServer.Address, _clock, new() { MaxTries = 1 }), Options("a"), _clock, NullLogger.Instance, () => 0);
        var a = new Candidate(elector, ignoresCancellation: false);
        await a.Leads.Soon("the lease");
        stuck.IsStuck = true;
        await Idle(1, advance: Retry);
        await stuck.Reached.Soon("the stuck renewal");

        _clock.Advance(TimeSpan.FromSeconds(13));
        a.MayWrite.Should().BeFalse("others may have taken the lease by now");
        elector.Check().Should().BeNull();
        _clock.Advance(TimeSpan.FromSeconds(21));
        elector.Check().Should().Contain("overdue").And.Contain($"system/{_name}");

        stuck.Free();
        await a.Lost.Soon("the loss");
        a.Elector.Check().Should().BeNull("it leads no more, and is a candidate");
        a.Dispose();
    }

    [Fact]
    public void Times_that_do_not_fit_together_are_refused()
    {
        var act = () => new LeaderElector(Client("a"), Options("a") with { RenewDeadline = TimeSpan.FromSeconds(15) }, _clock, NullLogger.Instance);

        act.Should().Throw<ArgumentException>().WithMessage("*LeaseDuration (00:00:15) > RenewDeadline (00:00:15)*");
    }

    private LeaderElectionOptions Options(string identity) => new() { Namespace = "system", Name = _name, Identity = identity };

    private KubeClient Client(string name) => new(_server.CreateHandler(client: name), FakeApiServer.Address, _clock, new() { MaxTries = 1 });

    private async Task<Candidate> Leader(string identity)
    {
        var candidate = New(identity);
        await candidate.Leads.Soon("the lease");
        return candidate;
    }

    private Candidate New(string identity, bool ignoresCancellation = false)
    {
        var elector = new LeaderElector(Client(identity), Options(identity), _clock, NullLogger.Instance, () => 0);
        var candidate = new Candidate(elector, ignoresCancellation);
        _candidates.Add(candidate);
        return candidate;
    }

    /// <summary>Waits until so many candidates wait and no request is under way.</summary>
    private async Task Idle(int candidates, TimeSpan? advance = null)
    {
        await _clock.WhenTimersArmed(t => t.Count == candidates && t.All(left => left <= Retry), $"{candidates} candidates to wait");
        if (advance is { } by) _clock.Advance(by);
    }

    private sealed class StuckHandler : DelegatingHandler
    {
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _free = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool IsStuck { get; set; }

        public Task Reached => _reached.Task;

        public void Free() => _free.TrySetResult();

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (!IsStuck) return await base.SendAsync(request, cancellationToken);
            _reached.TrySetResult();
            await _free.Task;
            throw new HttpRequestException("stuck");
        }
    }

    private sealed class Candidate : IDisposable
    {
        private readonly TaskCompletionSource _cancelled = New();
        private readonly TaskCompletionSource _end = New();
        private TaskCompletionSource _leads = New();
        private TaskCompletionSource _lost = New();
        private LeadershipTerm? _term;
        private int _terms;

        public Candidate(LeaderElector elector, bool ignoresCancellation)
        {
            Elector = elector;
            Run = Task.Run(() => elector.RunAsync(
                async term =>
                {
                    _term = term;
                    if (Interlocked.Increment(ref _terms) > 1) _lost = New();
                    var lost = _lost;
                    term.Lost.UnsafeRegister(_ =>
                    {
                        _leads = New();
                        lost.TrySetResult();
                    }, null);
                    term.Stopping.UnsafeRegister(static c => ((TaskCompletionSource)c!).TrySetResult(), _cancelled);
                    _leads.TrySetResult();
                    if (ignoresCancellation) await _end.Task;
                    else await _end.Task.WaitAsync(term.Stopping);
                },
                Stop.Token));
        }

        public LeaderElector Elector { get; }

        public CancellationTokenSource Stop { get; } = new();

        public Task Run { get; }

        /// <summary>Completes when it leads, again for each term once the one before was lost.</summary>
        public Task Leads => _leads.Task;

        public Task Cancelled => _cancelled.Task;

        /// <summary>Completes when the term at hand is lost.</summary>
        public Task Lost => _lost.Task;

        public int Terms => Volatile.Read(ref _terms);

        /// <summary>Whether what belongs to the last term may be written.</summary>
        public bool MayWrite => _term!.IsHeld;

        public void EndWork() => _end.TrySetResult();

        public void Dispose()
        {
            _end.TrySetResult();
            Stop.Cancel();
        }

        private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
