using BreakGlass.Core.Api;
using BreakGlass.Operator.Certificates;
using BreakGlass.Operator.Rotation;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Microsoft.Extensions.Logging.Abstractions;
using Simulation;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.Rotation;

/// <summary>The webhooks' authority while it is rotated on request, with two replicas of which each reads the Secret at its own time.</summary>
public sealed class AuthorityRotationTests : IDisposable
{
    private const string Ns = "breakglass-system";
    private readonly FakeClock _clock = new();
    private readonly LogBook _logs = new();
    private readonly FakeApiServer _server;
    private readonly KubeClient _client;

    public AuthorityRotationTests()
    {
        _server = new(_clock);
        InstalledRbac.Install(_server);
        _client = _server.CreateClient(InstalledRbac.Operator);
        _server.Put(new V1MutatingWebhookConfiguration { Metadata = new() { Name = "breakglass-operator" }, Webhooks = [
            new() { Name = "mutate.breakglass.dev", ClientConfig = new() { Url = "https://127.0.0.1/mutate" } }] });
        _server.Put(new V1ValidatingWebhookConfiguration { Metadata = new() { Name = "breakglass-operator" }, Webhooks = [
            new() { Name = "validate.breakglass.dev", ClientConfig = new() { Url = "https://127.0.0.1/validate" } }] });
    }

    public void Dispose()
    {
        _client.Dispose();
        _logs.Dispose();
    }

    [Theory]
    [InlineData("0s", 90)]
    [InlineData("3m", 180)]
    public async Task The_API_server_trusts_at_every_moment_what_every_replica_serves_and_in_the_end_the_new_authority_alone(string overlap, int within)
    {
        var (one, two) = (new Replica(_client, _clock), new Replica(_client, _clock));
        await one.Manager.RoundAsync(default);
        await two.Manager.RoundAsync(default);
        var old = Certificates().Thumbprints().Single();
        var rotation = new AuthorityRotation(
            RotatedKeys.WebhookAuthority, _client, Ns, CertificateUse.Webhook, (_, _) => Task.FromResult(0), _clock, _logs.CreateLogger("Rotation"));
        var request = new RotationRequest { Id = "r-1", Overlap = overlap };
        var progress = new RotationProgress { Id = "r-1" };
        var took = 0;
        for (; !progress.IsOver && took < 400; took++)
        {
            if (took % 2 == 0) progress = await rotation.StepAsync(request, progress, default);
            if (took % 10 == 3) await one.Manager.RoundAsync(default);
            if (took % 10 == 8) await two.Manager.RoundAsync(default);
            foreach (var bundle in Bundles())
            {
                foreach (var replica in new[] { one, two })
                    bundle.Any(signer => Pki.IsSignedBy(replica.Served.Context!.TargetCertificate, signer)).Should().BeTrue($"after {took} s");
            }

            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        progress.Steps.Select(s => s.Phase).Should().Equal(RotationPhase.NewKey, RotationPhase.Replaced, RotationPhase.OldRefused);
        took.Should().BeInRange(within - 70, within + 20);
        Certificates().Thumbprints().Should().ContainSingle().Which.Should().NotBe(old);
        await one.Manager.RoundAsync(default);
        Bundles().Should().OnlyContain(bundle => bundle.Count == 1 && bundle[0].Thumbprint != old);

        var after = Certificates();
        await rotation.StepAsync(request, progress, default);
        Certificates().Should().Be(after, "its id says that it was carried out");
    }

    [Fact]
    public async Task A_second_rotation_in_the_middle_of_the_first_keeps_trusting_what_is_served()
    {
        var replica = new Replica(_client, _clock);
        await replica.Manager.RoundAsync(default);
        var rotation = new AuthorityRotation(
            RotatedKeys.WebhookAuthority, _client, Ns, CertificateUse.Webhook, (_, _) => Task.FromResult(0), _clock, _logs.CreateLogger("Rotation"));
        await rotation.StepAsync(new() { Id = "r-1", Overlap = "24h" }, new() { Id = "r-1" }, default);
        await rotation.StepAsync(new() { Id = "r-2", Overlap = "0s" }, new() { Id = "r-2" }, default);
        Certificates().Thumbprints().Should().HaveCount(3);
        var progress = new RotationProgress { Id = "r-2" };
        for (var i = 0; i < 30 && !progress.IsOver; i++)
        {
            await replica.Manager.RoundAsync(default);
            Bundles().Should().OnlyContain(b => b.Any(signer => Pki.IsSignedBy(replica.Served.Context!.TargetCertificate, signer)));
            progress = await rotation.StepAsync(new() { Id = "r-2", Overlap = "0s" }, progress, default);
            _clock.Advance(TimeSpan.FromSeconds(10));
        }

        progress.IsOver.Should().BeTrue();
        Certificates().Thumbprints().Should().ContainSingle();
        _logs.Lines.Should().ContainSingle("the caller logs the phases of the second one").Which.Should().Contain("rotation r-1 of webhook-ca")
            .And.Contain("rotation r-2 was requested later");
    }

    [Fact]
    public async Task A_later_request_gives_a_compromised_authority_no_more_time()
    {
        var replica = new Replica(_client, _clock);
        await replica.Manager.RoundAsync(default);
        var compromised = Certificates().Thumbprints().Single();
        var rotation = new AuthorityRotation(
            RotatedKeys.WebhookAuthority, _client, Ns, CertificateUse.Webhook, (_, _) => Task.FromResult(0), _clock, _logs.CreateLogger("Rotation"));
        await rotation.StepAsync(new() { Id = "r-1", Overlap = "0s" }, new() { Id = "r-1" }, default);
        var progress = new RotationProgress { Id = "r-2" };
        for (var i = 0; i < 12 && progress.Phase is null; i++)
        {
            await replica.Manager.RoundAsync(default);
            progress = await rotation.StepAsync(new() { Id = "r-2", Overlap = "24h" }, progress, default);
            if (progress.Phase is null) progress.Problem.Should().Contain("Rotation r-1");
            _clock.Advance(TimeSpan.FromSeconds(10));
        }

        progress.Phase.Should().Be(RotationPhase.NewKey);
        Certificates().Thumbprints().Should().HaveCount(2).And.NotContain(compromised);
        EndOfTheFirstIsLogged();
    }

    [Fact]
    public async Task Certificates_of_clients_are_issued_again_although_the_request_was_taken_away()
    {
        var replica = new Replica(_client, _clock);
        await replica.Manager.RoundAsync(default);
        var (old, left, renewals) = (Certificates().Thumbprints().Single(), 1, 0);
        var rotation = new AuthorityRotation(
            RotatedKeys.WebhookAuthority, _client, Ns, CertificateUse.Webhook, (_, _) => Task.FromResult(++renewals > 2 ? 0 : left), _clock,
            _logs.CreateLogger("Rotation"));
        await rotation.StepAsync(new() { Id = "r-1", Overlap = "0s" }, new() { Id = "r-1" }, default);
        for (var i = 0; i < 30; i++)
        {
            await replica.Manager.RoundAsync(default);
            await rotation.CompleteAsync(default);
            _clock.Advance(TimeSpan.FromSeconds(10));
        }

        renewals.Should().BeGreaterThan(2);
        Certificates().Thumbprints().Should().NotContain(old);
        var asked = renewals;
        await rotation.CompleteAsync(default);
        renewals.Should().Be(asked, "nothing is left to do");
        EndOfTheFirstIsLogged();
    }

    private void EndOfTheFirstIsLogged() =>
        _logs.Lines.Should().ContainSingle().Which.Should().Contain("rotation r-1 of webhook-ca: Only the new authority is trusted.");

    private ManagedCertificates Certificates() => ManagedCertificates.Read(_server.Get<V1Secret>(CertificateManager.SecretName, Ns)!.Data)!;

    private IEnumerable<System.Security.Cryptography.X509Certificates.X509Certificate2Collection> Bundles() =>
        new[] { _server.Get<V1MutatingWebhookConfiguration>("breakglass-operator")!.Webhooks[0].ClientConfig,
            _server.Get<V1ValidatingWebhookConfiguration>("breakglass-operator")!.Webhooks[0].ClientConfig }.Select(config =>
        {
            var bundle = new System.Security.Cryptography.X509Certificates.X509Certificate2Collection();
            bundle.ImportFromPem(System.Text.Encoding.UTF8.GetString(config.CaBundle!));
            return bundle;
        });

    private sealed class Replica
    {
        public Replica(KubeClient client, FakeClock clock)
        {
            Served = new(NullLogger.Instance);
            Manager = new(client, Ns, CertificateManager.NamesOf(Ns, []), Served, new CaBundles(client, NullLogger.Instance), clock, NullLogger.Instance);
        }

        public ServedCertificate Served { get; }

        public CertificateManager Manager { get; }
    }
}
