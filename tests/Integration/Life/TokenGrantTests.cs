using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using FluentAssertions;
using Kube.Client;
using Xunit;

namespace Integration.Life;

/// <summary>The whole life of a grant with a token of its own, as the person in the incident and the people after it see it.</summary>
public sealed class TokenGrantTests(SharedOperator shared) : IClassFixture<SharedOperator>
{
    private readonly TestCluster _cluster = shared.Cluster;

    [Fact]
    public async Task A_grant_gives_access_for_its_time_and_then_it_is_proven_over_and_nothing_is_left()
    {
        var incident = await Incident.BeginAsync(_cluster);
        await _cluster.AdminAsync("wait", "--for=condition=Ready", Eventually.KubectlTimeout, $"bgp/{incident.Policy}");
        (await incident.CanReadAsync(_cluster.Alice)).Should().BeFalse("on an ordinary day she may ask and nothing else");

        var kubeconfig = "";
        await incident.WhileItLastsAsync(20, async active =>
        {
            active.Status.Phase.Should().Be(GrantPhase.Active);
            active.FinalizersOrEmpty.Should().Contain(BreakGlassApi.RevokeFinalizer);
            $"{(active.Status.ExpiresAt - active.Status.ActivatedAt)!.Value.TotalSeconds:0}s".Should().Be(active.Spec.Duration);
            kubeconfig = await incident.FetchKubeconfigAsync();
            (await _cluster.KubectlAsync(kubeconfig, "patch", "configmap", "checkout", "--type=merge", "-p", """{"data":{"image":"checkout:2.40.3"}}"""))
                .OrThrow();
            (await incident.CanReadAsync(kubeconfig, "kube-system")).Should().BeFalse("the policy gives one namespace");
            (await _cluster.KubectlAsync(kubeconfig, "get", "secrets", "-n", "breakglass-grants")).Error.Should().Contain("Forbidden");
        });

        var over = await incident.OverAndProvenAsync(GrantPhase.Expired, EndReason.Expired);

        await incident.RefusedAsync(kubeconfig);
        over.Status.EndedAt.Should().BeOnOrAfter(over.Status.ExpiresAt!.Value).And.BeBefore(over.Status.ExpiresAt.Value.AddMinutes(1));
        over.Status.Transitions.Select(t => (t.From, t.To, t.Actor)).Should()
            .Equal((null, GrantPhase.Pending, "alice"), (GrantPhase.Pending, GrantPhase.Active, "alice"),
            (GrantPhase.Active, GrantPhase.Expired, "breakglass-operator"));
        Conditions.Find(over.Status.Conditions, "Revoked")!.Message.Should().Contain("SubjectAccessReview").And.Contain("TokenReview");
        Conditions.Find(over.Status.Conditions, "Reviewed")!.Status.Should().Be("False");
    }

    [Fact]
    public async Task The_requester_and_nobody_else_can_read_the_credential()
    {
        var incident = await Incident.BeginAsync(_cluster);
        var (ns, secret) = Incident.SecretOf(await incident.ActivateAsync());

        (await _cluster.KubectlAsync(_cluster.Alice, "get", "secret", "-n", ns, secret)).OrThrow();
        foreach (var other in (string[])[_cluster.Bob, _cluster.Mallory])
        {
            (await _cluster.KubectlAsync(other, "get", "secret", "-n", ns, secret)).Error.Should().Contain("Forbidden");
        }

        (await _cluster.KubectlAsync(_cluster.Alice, "get", "secrets", "-n", ns)).Error.Should().Contain("Forbidden", "she may read this one Secret");
        (await _cluster.KubectlAsync(_cluster.Alice, "delete", "secret", "-n", ns, secret)).Error.Should().Contain("Forbidden");
        await incident.RevokeAsync();
        await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);
    }

    [Fact]
    public async Task The_token_is_bound_to_its_secret_and_ends_by_itself_at_the_servers_floor()
    {
        var incident = await Incident.BeginAsync(_cluster);
        var active = await incident.ActivateAsync("5m");

        var token = await _cluster.AdminAsync("get", "secret", "-n", "breakglass-grants", Incident.SecretOf(active).Name, "-o", "jsonpath={.data.token}");
        var claims = Jwt.Claims(Convert.FromBase64String(token));

        var exp = DateTimeOffset.FromUnixTimeSeconds(claims["exp"]!.GetValue<long>());
        var issued = DateTimeOffset.FromUnixTimeSeconds(claims["iat"]!.GetValue<long>());
        (exp - issued).Should().Be(TimeSpan.FromMinutes(10));
        issued.Should().BeOnOrAfter(active.Status.ActivatedAt!.Value.AddSeconds(-1), "the record of the activation comes before the token");
        active.Status.CredentialExpiresAt.Should().BeCloseTo(exp, TimeSpan.FromSeconds(2));
        claims["kubernetes.io"]!["secret"]!["name"]!.GetValue<string>().Should().Be(Incident.SecretOf(active).Name);
        claims["sub"]!.GetValue<string>().Should().Be($"system:serviceaccount:breakglass-grants:{Incident.SecretOf(active).Name}");
        await incident.RevokeAsync();
        await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);
    }

    [Fact]
    public async Task Every_transition_is_told_on_the_grant_and_on_the_policy()
    {
        var incident = await Incident.BeginAsync(_cluster);
        await incident.ActivateAsync();
        await incident.RevokeAsync();
        await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);

        string[] told = ["GrantRequested", "GrantActivated", "GrantRevoked"];
        await Eventually.TrueAsync(
            async () => (await _cluster.EventsAsync("BreakGlassGrant", incident.Grant)).Select(e => e.Reason).Intersect(told).Count() == told.Length);
        var onGrant = await _cluster.EventsAsync("BreakGlassGrant", incident.Grant);
        onGrant.Select(e => e.Reason).Should().Equal(told);
        onGrant.Should().OnlyContain(e => e.Type == "Normal" && e.Related == incident.Policy);
        await Eventually.TrueAsync(async () => (await _cluster.EventsAsync("BreakGlassPolicy", incident.Policy)).Count == told.Length);
        (await _cluster.EventsAsync("BreakGlassPolicy", incident.Policy)).Should().OnlyContain(e => e.Related == incident.Grant);
        (await _cluster.KubectlAsync(_cluster.ControlPlane.AdminKubeconfig, "describe", "bgg", incident.Grant)).OrThrow().Should().ContainAll(told);
    }

    [Fact]
    public async Task The_metrics_tell_of_it_under_the_names_of_the_contract()
    {
        var incident = await Incident.BeginAsync(_cluster);
        var activations = $$"""breakglass_operator_activations_total{mode="BreakGlass",policy="{{incident.Policy}}"}""";
        var expirations = $$"""breakglass_operator_revocations_total{policy="{{incident.Policy}}",reason="Expired"}""";
        var active = $$"""breakglass_operator_grants{phase="Active",policy="{{incident.Policy}}"}""";
        await Eventually.TrueAsync(
            async () => (await MetricsAsync()).GetValueOrDefault(activations, -1) == 0, expected: "the counters of a policy that nobody used, at 0");
        (await MetricsAsync())[expirations].Should().Be(0);

        var (activated, ended) = (0, 0);
        await incident.WhileItLastsAsync(30, async grant =>
        {
            // One that is over before it was open counts as an end alone, and the next one is asked for.
            if (grant.Status.ActivatedAt is not null) ended++;
            if (!grant.Status.Transitions.Any(t => t.To is GrantPhase.Active)) return;
            activated++;
            await Eventually.TrueAsync(
                async () => (await MetricsAsync())[activations] == activated, expected: "the activation, which is counted once it is written");
            (await MetricsAsync())[active].Should().Be(1);
        });
        await incident.OverAndProvenAsync(GrantPhase.Expired, EndReason.Expired);

        var metrics = await MetricsAsync();
        metrics[expirations].Should().Be(ended);
        metrics[active].Should().Be(0);
        metrics.Keys.Should().Contain(
            k => k.StartsWith($$"""breakglass_operator_last_activation_timestamp_seconds{policy="{{incident.Policy}}"}""", StringComparison.Ordinal));
        foreach (var counted in (string[])["time_to_access_seconds_count", "revocation_lag_seconds_count", "revocation_verified_seconds_count"])
        {
            metrics[$"breakglass_operator_{counted}"].Should().BePositive();
        }

        foreach (var name in (string[])["controller_runtime_reconcile_total{", "workqueue_depth{", "workqueue_adds_total{", "rest_client_requests_total{",
            "leader_election_master_status{", "breakglass_operator_build_info{", "breakglass_operator_clock_skew_seconds"])
        {
            metrics.Keys.Should().Contain(k => k.StartsWith(name, StringComparison.Ordinal));
        }

        // It counts the grants of all tests that share the operator, some of which may be due at this moment.
        await Eventually.TrueAsync(async () => (await MetricsAsync())["breakglass_operator_lingering_grants"] == 0, expected: "no grant that lingers");
        metrics.Keys.Should().NotContain(
            k => k.Contains("alice", StringComparison.Ordinal) || k.Contains(incident.Grant, StringComparison.Ordinal), "no user and no grant is a label");
    }

    [Fact]
    public async Task A_finished_grant_that_is_applied_again_opens_nothing()
    {
        var incident = await Incident.BeginAsync(_cluster);
        await incident.AskAsync("12s");
        await incident.WaitForPhaseAsync(GrantPhase.Expired);
        await incident.OverAndProvenAsync(GrantPhase.Expired, EndReason.Expired);

        await incident.AskAsync("12s");
        await _cluster.AdminAsync("annotate", "bgg", incident.Grant, "pipeline=again");
        await incident.ApplyPolicyAsync("  description: changed");
        await Eventually.TrueAsync(
            async () => (await _cluster.Admin.GetAsync<BreakGlassPolicy>(incident.Policy, null, CancellationToken.None)).Status.ObservedGeneration == 2);

        (await incident.ReadAsync()).Status.Phase.Should().Be(GrantPhase.Expired);
        await incident.NothingLeftAsync();
    }

    private Task<IReadOnlyDictionary<string, double>> MetricsAsync() => shared.Operator.MetricsAsync();
}
