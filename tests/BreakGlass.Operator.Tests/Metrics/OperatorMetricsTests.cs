using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using BreakGlass.Core.Api;
using BreakGlass.Operator.Metrics;
using FluentAssertions;
using Microsoft.AspNetCore.Http;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.Metrics;

public sealed partial class OperatorMetricsTests : IDisposable
{
    private readonly OperatorMetrics _metrics;
    private readonly MetricsEndpoint _endpoint;
    private Func<MetricsSnapshot> _snapshot = () => new MetricsSnapshot();

    public OperatorMetricsTests()
    {
        _metrics = new OperatorMetrics(() => _snapshot(), "1.2.3", ["RequesterNotAllowed", "PolicyNotFound"], ["RoleBinding", "ServiceAccount"]);
        _endpoint = new MetricsEndpoint(_metrics, "1.2.3", otlpEndpoint: null);
    }

    [Theory]
    [InlineData(null, "operator.txt")]
    [InlineData("application/openmetrics-text", "operator.openmetrics.txt")]
    public async Task The_names_and_labels_are_those_of_the_contract(string? accept, string golden)
    {
        await LiveAsync();
        Golden.Check(Own(await ScrapeAsync(accept)), golden);
    }

    [Fact]
    public async Task Before_anything_happens_all_that_needs_no_policy_is_there_at_0()
    {
        var text = await ScrapeAsync();
        foreach (var sample in new[]
        {
            "drift_repairs_total{kind=\"RoleBinding\"} 0", "orphans_removed_total{kind=\"ServiceAccount\"} 0", "lingering_grants{} 0", "unproven_grants{} 0",
            "lockdowns{} 0", "gateway_configured{} 0",
            "build_info{version=\"1.2.3\"} 1", "slow_revocations_total{} 0",
        })
        {
            text.Should().Contain($"\nbreakglass_operator_{sample}\n");
        }

        text.Should().NotContain("\nbreakglass_operator_clock_skew_seconds{");
    }

    [Fact]
    public async Task All_series_of_a_policy_go_half_an_hour_after_the_policy_and_begin_at_0_with_the_next()
    {
        var at = DateTimeOffset.UnixEpoch;
        MetricsSnapshot there = new() { Policies = [new("payments")] };
        _snapshot = () => there with { At = at };
        _metrics.PolicySeen("payments", PolicyMode.BreakGlass);
        _metrics.PolicySeen("never-scraped", PolicyMode.BreakGlass);
        _metrics.Activated("payments", PolicyMode.BreakGlass);
        (await ScrapeAsync()).Should().Contain("policy=\"payments\"").And.Contain("policy=\"never-scraped\"");

        _snapshot = () => new() { At = at };
        (await ScrapeAsync()).Should().Contain("activations_total{mode=\"BreakGlass\",policy=\"payments\"} 1\n", "its last events are to be scraped");
        at += TimeSpan.FromMinutes(31);
        await ScrapeAsync(); // notices that half an hour is over, after the counters were read
        (await ScrapeAsync()).Should().NotContain("policy=\"payments\"").And.NotContain("policy=\"never-scraped\"");

        _snapshot = () => there with { At = at };
        _metrics.PolicySeen("payments", PolicyMode.BreakGlass);
        (await ScrapeAsync()).Should().Contain("activations_total{mode=\"BreakGlass\",policy=\"payments\"} 0\n");
    }

    [Fact]
    public async Task A_policy_that_is_back_within_half_an_hour_goes_on_counting()
    {
        var at = DateTimeOffset.UnixEpoch;
        IReadOnlyList<PolicyMetrics> policies = [];
        _snapshot = () => new() { At = at, Policies = policies };
        _metrics.PolicySeen("payments", PolicyMode.BreakGlass);
        _metrics.Activated("payments", PolicyMode.BreakGlass);
        await ScrapeAsync();
        (at, policies) = (at.AddMinutes(29), [new("payments")]);
        await ScrapeAsync();
        (at, policies) = (at.AddMinutes(29), []);
        (await ScrapeAsync()).Should().Contain("activations_total{mode=\"BreakGlass\",policy=\"payments\"} 1\n");
    }

    [Fact]
    public async Task A_revocation_is_slow_above_5_seconds()
    {
        _metrics.RevocationLag(TimeSpan.FromSeconds(5));
        _metrics.RevocationLag(TimeSpan.FromSeconds(5.1));
        (await ScrapeAsync()).Should().Contain("breakglass_operator_slow_revocations_total{} 1\n");
    }

    [Fact]
    public void A_drill_sees_which_of_the_metrics_that_it_must_change_have_not_changed()
    {
        _metrics.PolicySeen("payments", PolicyMode.BreakGlass);
        var before = _metrics.MovedByDrills("payments");
        IEnumerable<string> Unchanged() => _metrics.MovedByDrills("payments").Where(now => now.Value == before[now.Key]).Select(now => now.Key);
        _metrics.Activated("payments", PolicyMode.BreakGlass);
        Unchanged().Should().BeEquivalentTo(before.Keys, "a person's activation is not that of a drill");
        _metrics.Drilled("payments");
        _metrics.TimeToAccess(TimeSpan.FromSeconds(1));
        Unchanged().Should().BeEquivalentTo("revocation_lag_seconds", "revocation_verified_seconds");
        _metrics.RevocationLag(TimeSpan.Zero);
        Unchanged().Should().Equal("revocation_verified_seconds");
        _metrics.RevocationVerified(TimeSpan.Zero);
        Unchanged().Should().BeEmpty();
    }

    [Fact]
    public async Task What_does_not_exist_yet_is_left_out_and_never_measured_as_NaN()
    {
        _snapshot = () => new() { Policies = [new("payments")] };
        (await ScrapeAsync()).Should().NotContain("NaN").And.NotContain("\nbreakglass_operator_last_activation_timestamp_seconds{").And
            .NotContain("\nbreakglass_operator_clock_skew_seconds{");
    }

    [Fact]
    public async Task A_policy_that_was_seen_has_its_counters_at_0()
    {
        _metrics.PolicySeen("payments", PolicyMode.BreakGlass);
        _metrics.PolicySeen("payments", PolicyMode.BreakGlass);
        var text = await ScrapeAsync();
        text.Should().Contain("breakglass_operator_activations_total{mode=\"BreakGlass\",policy=\"payments\"} 0\n");
        text.Should().Contain("breakglass_operator_revocations_total{policy=\"payments\",reason=\"Lockdown\"} 0\n");
        text.Should().Contain("breakglass_operator_denials_total{policy=\"payments\",reason=\"RequesterNotAllowed\"} 0\n");
        text.Should().Contain("breakglass_operator_persistence_attempts_total{policy=\"payments\"} 0\n");
    }

    [Fact]
    public async Task A_policy_that_was_seen_before_anybody_listened_has_its_counters_too()
    {
        using var early = new OperatorMetrics(() => new MetricsSnapshot(), "1", [], []);
        early.PolicySeen("early", PolicyMode.BreakGlass);
        using var endpoint = new MetricsEndpoint(early, "1", otlpEndpoint: null);
        var text = await ScrapeAsync(endpoint: endpoint);
        text.Should().Contain("activations_total{mode=\"BreakGlass\",policy=\"early\"} 0\n").And
            .Contain("revocations_total{policy=\"early\",reason=\"Expired\"} 0\n");
        text.Should().NotContain("1.2.3", "another instance's numbers are not its own");
    }

    [Fact]
    public async Task A_policy_that_nobody_has_seen_never_becomes_a_label()
    {
        for (var i = 0; i < 100; i++) _metrics.Denied($"made-up-{i}", "PolicyNotFound");
        var text = await ScrapeAsync();
        text.Should().NotContain("made-up").And.Contain("breakglass_operator_denials_total{policy=\"\",reason=\"PolicyNotFound\"} 100\n");
    }

    [Fact]
    public async Task What_is_in_no_known_set_never_becomes_a_label()
    {
        _metrics.Denied("payments", "alice");
        _metrics.DriftRepaired("inc-4711");
        _metrics.OrphanRemoved("inc-4711");
        _metrics.Notified("alice", "inc-4711");
        (await ScrapeAsync()).Should().NotContain("alice").And.NotContain("inc-4711").And.Contain("drift_repairs_total{kind=\"\"} 1\n");
    }

    [Fact]
    public async Task The_gauges_of_a_policy_that_is_gone_go_and_come_back_with_it()
    {
        var policies = new[] { new PolicyMetrics("a") { ReviewsPending = 2 }, new PolicyMetrics("b") { ReviewsPending = 3 } };
        _snapshot = () => new MetricsSnapshot { Policies = policies };
        (await ScrapeAsync()).Should().Contain("reviews_pending{policy=\"a\"} 2").And.Contain("grants{phase=\"Active\",policy=\"b\"} 0");
        policies = [policies[0]];
        (await ScrapeAsync()).Should().Contain("reviews_pending{policy=\"a\"} 2").And.NotContain("policy=\"b\"");
        policies = [policies[0], new PolicyMetrics("b") { ReviewsPending = 4 }];
        (await ScrapeAsync()).Should().Contain("reviews_pending{policy=\"b\"} 4");
    }

    [Fact]
    public async Task More_policies_than_the_SDK_allows_by_itself_are_all_shown()
    {
        _snapshot = () => new MetricsSnapshot { Policies = [.. Enumerable.Range(0, 3000).Select(i => new PolicyMetrics($"p{i}"))] };
        for (var i = 0; i < 3000; i++) _metrics.PolicySeen($"p{i}", PolicyMode.BreakGlass);
        var text = await ScrapeAsync();
        text.Should().NotContain("otel_metric_overflow");
        Scraped.Labels(text).Count(labels => labels.ContainsKey("phase")).Should().Be(3000 * Enum.GetValues<GrantPhase>().Length);
    }

    [Fact]
    public async Task One_scrape_reads_the_caches_once_and_those_who_come_meanwhile_share_it()
    {
        var reads = 0;
        using var reading = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        _snapshot = () =>
        {
            Interlocked.Increment(ref reads);
            reading.Set();
            goOn.Wait(Eventually.Limit).Should().BeTrue("the test lets it go on");
            return new MetricsSnapshot();
        };
        var first = ScrapeAsync();
        reading.Wait(Eventually.Limit).Should().BeTrue("the first scrape reads");
        var others = Enumerable.Range(0, 20).Select(_ => ScrapeAsync()).ToList();
        goOn.Set();
        var texts = await Task.WhenAll(others.Append(first)).WaitAsync(Eventually.Limit);
        reads.Should().Be(1);
        texts.Select(Own).Distinct().Should().ContainSingle();

        await ScrapeAsync();
        reads.Should().Be(2, "nothing is kept longer");
    }

    [Fact]
    public async Task Scrapers_of_both_formats_and_counting_at_once_tear_no_answer()
    {
        _metrics.PolicySeen("p", PolicyMode.BreakGlass);
        var scrapes = Enumerable.Range(0, 100).Select(i => Task.Run(async () =>
        {
            _metrics.Activated("p", PolicyMode.BreakGlass);
            var text = await ScrapeAsync(i % 2 == 0 ? null : "application/openmetrics-text");
            text.EndsWith("# EOF\n", StringComparison.Ordinal).Should().Be(i % 2 == 1);
            text.Should().Contain("# TYPE breakglass_operator_activations");
        }));
        await Task.WhenAll(scrapes).WaitAsync(Eventually.Limit);
        (await ScrapeAsync()).Should().Contain("activations_total{mode=\"BreakGlass\",policy=\"p\"} 100\n");
    }

    [Fact]
    public async Task Anything_but_reading_is_refused()
    {
        var context = new DefaultHttpContext { Request = { Method = "POST" } };
        await _endpoint.ServeAsync(context);
        context.Response.StatusCode.Should().Be(405);
        context.Response.Headers.Allow.ToString().Should().Be("GET, HEAD");
    }

    [PromtoolFact]
    public async Task Promtool_finds_nothing_to_say()
    {
        await LiveAsync();
        var start = new ProcessStartInfo("promtool",
            ["check", "metrics"]) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardError = true, RedirectStandardOutput = true };
        using var promtool = Process.Start(start)!;
        await promtool.StandardInput.WriteAsync(await ScrapeAsync());
        promtool.StandardInput.Close();
        var said = await promtool.StandardError.ReadToEndAsync() + await promtool.StandardOutput.ReadToEndAsync();
        await promtool.WaitForExitAsync().WaitAsync(Eventually.Limit);
        said.Should().BeEmpty();
        promtool.ExitCode.Should().Be(0);
    }

    public void Dispose()
    {
        _endpoint.Dispose();
        _metrics.Dispose();
    }

    // A little of everything.
    private async Task LiveAsync()
    {
        _snapshot = () => new MetricsSnapshot
        {
            Policies =
            [
                new PolicyMetrics("payments")
                {
                    Grants = new Dictionary<GrantPhase, int> { [GrantPhase.Active] = 2, [GrantPhase.Expired] = 7 },
                    LastActivation = new DateTimeOffset(2026, 11, 22, 1, 2, 3, 500, TimeSpan.Zero),
                    ReviewsPending = 1,
                    ReviewsOverdue = 4,
                    Overused = true,
                },
                new PolicyMetrics("unused"),
            ],
            LingeringGrants = 1,
            UnprovenGrants = 3,
            Authorities =
            [
                new("offline-2026") { RotationDue = true, LastUse = new DateTimeOffset(2026, 11, 22, 1, 2, 3, 500, TimeSpan.Zero) }, new("offline-2027"),
            ],
            Lockdowns = 2,
            HasGateway = true,
            ClockSkew = TimeSpan.FromMilliseconds(-250),
        };
        _metrics.PolicySeen("payments", PolicyMode.BreakGlass);
        _metrics.PolicySeen("unused", PolicyMode.TimeBoxed);
        _metrics.AuthoritySeen("offline-2026");
        _metrics.AuthoritySeen("offline-2027");
        _metrics.VoucherUsed("offline-2026");
        _metrics.Activated("payments", PolicyMode.BreakGlass);
        _metrics.Revoked("payments", EndReason.Expired);
        _metrics.Anomaly("payments", AnomalyKind.SecretsRead);
        _metrics.Denied("payments", "RequesterNotAllowed");
        _metrics.PersistenceAttempt("payments");
        _metrics.DriftRepaired("RoleBinding");
        _metrics.OrphanRemoved("ServiceAccount");
        _metrics.TimeToAccess(TimeSpan.FromMilliseconds(80));
        _metrics.RevocationLag(TimeSpan.FromMilliseconds(-3));
        await ScrapeAsync();
    }

    private async Task<string> ScrapeAsync(string? accept = null, MetricsEndpoint? endpoint = null)
    {
        var context = new DefaultHttpContext { Request = { Method = "GET" }, Response = { Body = new MemoryStream() } };
        if (accept is not null) context.Request.Headers.Accept = accept;
        await (endpoint ?? _endpoint).ServeAsync(context).WaitAsync(Eventually.Limit);
        context.Response.StatusCode.Should().Be(200);
        context.Response.ContentType.Should().Be(
            accept is null ? "text/plain; version=0.0.4; charset=utf-8" : "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores");
        return Encoding.UTF8.GetString(((MemoryStream)context.Response.Body).ToArray());
    }

    // Other tests in this process have clients and queues with meters of their own.
    private static string Own(string text) =>
        string.Concat(text.Split('\n').Where(line => (line.Contains("breakglass_operator_", StringComparison.Ordinal) && !Created().IsMatch(line))
            || line == "# EOF").Select(line => line + "\n"));

    // When a series began: the exporter's clock, which no golden file knows.
    [GeneratedRegex("^[a-z_]+_created[{ ]", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Created();
}
