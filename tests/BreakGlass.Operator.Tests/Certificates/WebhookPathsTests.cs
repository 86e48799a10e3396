using System.Text.RegularExpressions;
using BreakGlass.Operator.Admission;
using BreakGlass.Operator.Certificates;
using BreakGlass.Operator.Guard;
using BreakGlass.Operator.Leftovers;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Kube.Runtime;
using Microsoft.Extensions.Logging.Abstractions;
using Simulation;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.Certificates;

public partial class WebhookPathsTests
{
    private readonly FakeClock _clock = new();
    private readonly FakeApiServer _server;

    public WebhookPathsTests()
    {
        _server = new(_clock);
        InstalledRbac.Install(_server);
    }

    [Fact]
    public async Task The_plain_path_of_the_manifests_is_replaced_by_a_random_one_and_then_not_answered_any_more()
    {
        PutConfigurations("/mutate", "/validate");
        var paths = Replica();
        await paths.LookAsync(onlyIfDue: false, default);

        var mutate = MutatePath();
        mutate.Should().MatchRegex("^/mutate/[0-9]{8}-[0-9a-f]{32}$");
        (await paths.RouteAsync(mutate, default)).Should().Be("/mutate");
        (await paths.RouteAsync("/mutate", default)).Should().Be("/mutate", "the API server may not know the new one yet");
        _clock.Advance(WebhookPaths.Period * 2);
        await paths.LookAsync(onlyIfDue: false, default);
        (await paths.RouteAsync("/mutate", default)).Should().BeNull();
        (await paths.RouteAsync("/validate", default)).Should().BeNull();
        (await paths.RouteAsync("/mutate/20260101-0123456789abcdef0123456789abcdef", default)).Should().BeNull();
        (await paths.RouteAsync(mutate.Replace("/mutate", "/validate", StringComparison.Ordinal), default)).Should().BeNull("each path is of one webhook");
    }

    [Fact]
    public async Task A_replica_that_did_not_see_the_new_path_yet_answers_it_all_the_same()
    {
        PutConfigurations("/mutate", "/validate");
        var (first, second) = (Replica(), Replica());
        await second.LookAsync(onlyIfDue: false, default);
        PutConfigurations("/mutate", "/validate");
        await first.LookAsync(onlyIfDue: false, default);
        _clock.Advance(TimeSpan.FromSeconds(2));
        (await second.RouteAsync(MutatePath(), default)).Should().Be("/mutate");
    }

    [Fact]
    public async Task Two_replicas_agree_on_one_path()
    {
        PutConfigurations("/mutate", "/validate");
        var (first, second) = (Replica(), Replica());
        await Task.WhenAll(first.LookAsync(onlyIfDue: false, default), second.LookAsync(onlyIfDue: false, default));
        var path = MutatePath();
        _clock.Advance(WebhookPaths.Period);
        await first.LookAsync(onlyIfDue: false, default);
        await second.LookAsync(onlyIfDue: false, default);
        MutatePath().Should().Be(path);
        (await first.RouteAsync(path, default)).Should().Be("/mutate");
        (await second.RouteAsync(path, default)).Should().Be("/mutate");
    }

    [Fact]
    public async Task A_rotation_refuses_no_write_and_the_old_path_ends()
    {
        PutConfigurations("/mutate", "/validate");
        var paths = Replica();
        await paths.LookAsync(onlyIfDue: false, default);
        var old = MutatePath();
        _clock.Advance(WebhookPaths.RotatesAfter + TimeSpan.FromDays(1));
        await paths.LookAsync(onlyIfDue: false, default);

        MutatePath().Should().NotBe(old);
        (await paths.RouteAsync(old, default)).Should().Be("/mutate");
        (await paths.RouteAsync(MutatePath(), default)).Should().Be("/mutate");
        _clock.Advance(WebhookPaths.Grace * 2);
        await paths.LookAsync(onlyIfDue: false, default);
        (await paths.RouteAsync(old, default)).Should().BeNull();
    }

    [Fact]
    public async Task A_clock_that_may_be_wrong_rotates_nothing_and_a_plain_path_is_replaced_all_the_same()
    {
        PutConfigurations("/mutate", "/validate");
        var doubting = Replica(new SteadyClock(_clock));
        await doubting.LookAsync(onlyIfDue: false, default);
        var path = MutatePath();
        path.Should().NotBe("/mutate");
        _clock.Advance(WebhookPaths.RotatesAfter + TimeSpan.FromDays(1));
        await doubting.LookAsync(onlyIfDue: false, default);

        MutatePath().Should().Be(path, "no answer of the API server has confirmed the time");
    }

    [Fact]
    public async Task A_sync_that_writes_the_plain_path_back_refuses_no_write()
    {
        PutConfigurations("/mutate", "/validate");
        var paths = Replica();
        await paths.LookAsync(onlyIfDue: false, default);
        _clock.Advance(WebhookPaths.Grace * 2);
        await paths.LookAsync(onlyIfDue: false, default);
        (await paths.RouteAsync("/mutate", default)).Should().BeNull();

        PutConfigurations("/mutate", "/validate");
        _clock.Advance(TimeSpan.FromSeconds(2));
        (await paths.RouteAsync("/mutate", default)).Should().Be("/mutate", "the configuration names it");
        MutatePath().Should().NotBe("/mutate", "and the same look replaced it");
    }

    [Fact]
    public async Task A_server_that_cannot_be_asked_takes_no_known_path_away()
    {
        PutConfigurations("/mutate", "/validate");
        var paths = Replica();
        await paths.LookAsync(onlyIfDue: false, default);
        var path = MutatePath();
        _server.Faults.Inject(Fault.Answer(403, "Forbidden", "no"), "get", "mutatingwebhookconfigurations", times: null);
        _clock.Advance(TimeSpan.FromMinutes(30));
        await paths.LookAsync(onlyIfDue: false, default);
        (await paths.RouteAsync(path, default)).Should().Be("/mutate");
    }

    [Fact]
    public async Task A_webhook_by_URL_keeps_its_host()
    {
        _server.Put(new V1MutatingWebhookConfiguration
        {
            Metadata = new() { Name = "breakglass-operator-guard" },
            Webhooks = [new() { Name = "guard.breakglass.dev", ClientConfig = new() { Url = "https://hooks.example:8443/guard" } }],
        });
        await Replica().LookAsync(onlyIfDue: false, default);
        _server.Get<V1MutatingWebhookConfiguration>("breakglass-operator-guard")!.Webhooks[0].ClientConfig.Url
            .Should().MatchRegex("^https://hooks\\.example:8443/guard/[0-9]{8}-[0-9a-f]{32}$");
    }

    [Fact]
    public async Task Strangers_make_the_operator_ask_the_API_server_at_most_once_a_second()
    {
        PutConfigurations("/mutate", "/validate");
        var paths = Replica();
        await paths.LookAsync(onlyIfDue: false, default);
        var before = _server.Requests.All.Count;
        for (var i = 0; i < 100; i++) await paths.RouteAsync($"/mutate/20260101-{i:x32}", default);
        _server.Requests.All.Count.Should().Be(before);
    }

    // Helm 4 refused every upgrade over a path of the chart's that the operator had replaced, so the manifests name none.
    [Fact]
    public async Task A_webhook_without_a_path_gets_one_by_its_name_and_is_not_answered_before()
    {
        PutConfigurations(null, null);
        var paths = Replica();
        (await paths.RouteAsync("/mutate", default)).Should().BeNull("nothing names the plain path");
        await paths.LookAsync(onlyIfDue: false, default);
        MutatePath().Should().MatchRegex("^/mutate/[0-9]{8}-[0-9a-f]{32}$");
        _server.Get<V1ValidatingWebhookConfiguration>("breakglass-operator")!.Webhooks[0].ClientConfig.Service!.Path
            .Should().MatchRegex("^/validate/[0-9]{8}-[0-9a-f]{32}$");
        (await paths.RouteAsync(MutatePath(), default)).Should().Be("/mutate");
        (await paths.RouteAsync("/mutate", default)).Should().BeNull();
        paths.Missing().Should().BeEmpty();
    }

    [Fact]
    public async Task Two_replicas_that_start_together_agree_on_one_path_where_none_was()
    {
        PutConfigurations(null, null);
        var (first, second) = (Replica(), Replica());
        await Task.WhenAll(first.LookAsync(onlyIfDue: false, default), second.LookAsync(onlyIfDue: false, default));
        var path = MutatePath();
        _clock.Advance(WebhookPaths.Period);
        await first.LookAsync(onlyIfDue: false, default);
        await second.LookAsync(onlyIfDue: false, default);
        MutatePath().Should().Be(path);
        (await second.RouteAsync(path, default)).Should().Be("/mutate");
    }

    // An upgrade by Helm 3 from a release that named plain paths takes them away: ten seconds of refused writes.
    [Fact]
    public async Task The_first_request_after_a_path_was_taken_away_brings_one_back()
    {
        PutConfigurations(null, null);
        var paths = Replica();
        await paths.LookAsync(onlyIfDue: false, default);
        PutConfigurations(null, null);
        _clock.Advance(TimeSpan.FromSeconds(2));
        (await paths.RouteAsync("/", default)).Should().BeNull();
        (await paths.RouteAsync(MutatePath(), default)).Should().Be("/mutate");
    }

    [Fact]
    public async Task A_path_that_cannot_be_written_is_said()
    {
        PutConfigurations(null, null);
        var refusing = _server.Faults.Inject(Fault.Answer(403, "Forbidden", "no"), "patch", "mutatingwebhookconfigurations", times: null);
        var paths = Replica();
        await paths.LookAsync(onlyIfDue: false, default);
        paths.Missing().Should().ContainSingle().Which
            .Should().StartWith("MutatingWebhookConfiguration breakglass-operator has no path that the operator serves");
        refusing.Dispose();
        await paths.LookAsync(onlyIfDue: false, default);
        paths.Missing().Should().BeEmpty();
    }

    [Fact]
    public async Task Paths_that_cannot_be_read_are_said_until_one_is_known()
    {
        PutConfigurations(null, null);
        var refusing = _server.Faults.Inject(Fault.Answer(403, "Forbidden", "no"), "get", "mutatingwebhookconfigurations", times: null);
        var paths = Replica();
        await paths.LookAsync(onlyIfDue: false, default);
        paths.Missing().Should().ContainSingle().Which.Should().StartWith("the paths of the webhooks could not be read");
        refusing.Dispose();
        await paths.LookAsync(onlyIfDue: false, default);
        paths.Missing().Should().BeEmpty();
    }

    /// <summary>A replica was ready while the API server still asked it on <c>/</c>, where it answers 404.</summary>
    [Fact]
    public async Task A_replica_is_not_ready_before_its_first_look_at_the_paths()
    {
        PutConfigurations(null, null);
        var paths = Replica();
        paths.Missing().Should().ContainSingle().Which.Should().Be("the paths of the webhooks are not read yet");
        await paths.LookAsync(onlyIfDue: false, default);
        paths.Missing().Should().BeEmpty();
    }

    [Fact]
    public async Task A_first_look_that_read_only_some_of_the_paths_is_not_enough()
    {
        PutConfigurations(null, null);
        var refusing = _server.Faults.Inject(Fault.Answer(403, "Forbidden", "no"), "get", "validatingwebhookconfigurations", times: null);
        var paths = Replica();
        await paths.LookAsync(onlyIfDue: false, default);
        paths.Missing().Should().ContainSingle().Which.Should().StartWith("the paths of the webhooks could not be read");
        refusing.Dispose();
        await paths.LookAsync(onlyIfDue: false, default);
        paths.Missing().Should().BeEmpty();
    }

    [Fact]
    public async Task A_replica_that_has_read_the_paths_stays_ready_while_they_cannot_be_read()
    {
        PutConfigurations("/mutate", "/validate");
        var paths = Replica();
        await paths.LookAsync(onlyIfDue: false, default);
        _server.Faults.Inject(Fault.Answer(403, "Forbidden", "no"), "get", "mutatingwebhookconfigurations", times: null);
        await paths.LookAsync(onlyIfDue: false, default);
        paths.Missing().Should().BeEmpty();
    }

    [Theory]
    [InlineData("https://hooks.example:8443", "^https://hooks\\.example:8443/guard/[0-9]{8}-[0-9a-f]{32}$")]
    [InlineData("https://hooks.example:8443/", "^https://hooks\\.example:8443/guard/[0-9]{8}-[0-9a-f]{32}$")]
    [InlineData("https://hooks.example:8443/somewhere/else", "^https://hooks\\.example:8443/somewhere/else$")]
    public async Task A_URL_without_a_path_gets_one_and_a_path_of_somebody_elses_choice_stays(string url, string becomes)
    {
        _server.Put(new V1MutatingWebhookConfiguration { Metadata = new() { Name = "breakglass-operator-guard" },
            Webhooks = [new() { Name = "objects.guard.breakglass.dev", ClientConfig = new() { Url = url } }] });
        await Replica().LookAsync(onlyIfDue: false, default);
        _server.Get<V1MutatingWebhookConfiguration>("breakglass-operator-guard")!.Webhooks[0].ClientConfig.Url.Should().MatchRegex(becomes);
    }

    /// <summary>An entry whose name is not known would never get a path, and so refuse everything that it is asked about.</summary>
    [Fact]
    public void Every_entry_of_the_manifests_is_a_webhook_of_the_operator()
    {
        string[] files = ["webhook/mutating.yaml", "webhook/validating.yaml", "stamp/webhook.yaml", "guard-legacy/webhook.yaml",
            "components/webhook-conditions/kustomization.yaml"];
        var names = files.SelectMany(file => EntryName().Matches(File.ReadAllText(Path.Combine(Golden.RepositoryRoot, "config", file))))
            .Select(match => match.Groups["name"].Value).ToList();
        names.Should().HaveCount(11).And.OnlyHaveUniqueItems();
        string[] served = [Webhooks.MutatePath, Webhooks.ValidatePath, StampWebhook.Path, .. GuardWebhook.Paths];
        names.Select(WebhookNames.PathOf).Distinct().Should().BeEquivalentTo(served);
        WebhookNames.PathOf("a.example.com").Should().BeNull();
    }

    [GeneratedRegex("(name|value): (?<name>[a-z.-]+\\.breakglass\\.dev)\\s", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex EntryName();

    private string MutatePath() => _server.Get<V1MutatingWebhookConfiguration>("breakglass-operator")!.Webhooks[0].ClientConfig.Service!.Path!;

    private WebhookPaths Replica(TimeProvider? clock = null) =>
        new(_server.CreateClient(InstalledRbac.Operator), ["/mutate", "/validate", "/guard"], clock ?? _clock, NullLogger.Instance);

    private void PutConfigurations(string? mutate, string? validate)
    {
        static Admissionregistrationv1WebhookClientConfig At(string? path) =>
            new() { Service = new() { NamespaceProperty = "breakglass-system", Name = "breakglass-operator-webhook", Path = path } };
        _server.Put(new V1MutatingWebhookConfiguration { Metadata = new() { Name = "breakglass-operator" },
            Webhooks = [new() { Name = "mutate.breakglass.dev", ClientConfig = At(mutate) }] });
        _server.Put(new V1ValidatingWebhookConfiguration { Metadata = new() { Name = "breakglass-operator" },
            Webhooks = [new() { Name = "validate.breakglass.dev", ClientConfig = At(validate) }] });
    }
}
