using System.Text;
using BreakGlass.Operator.Certificates;
using BreakGlass.Operator.Tests.Time;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Kube.Runtime;
using Microsoft.Extensions.Logging.Abstractions;
using Simulation;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.Certificates;

public class CertificateManagerTests
{
    private const string Ns = "breakglass-system";
    private readonly FakeClock _clock = new();
    private readonly FakeApiServer _server;

    public CertificateManagerTests()
    {
        _server = new(_clock);
        InstalledRbac.Install(_server);
    }

    [Fact]
    public async Task The_first_replica_makes_the_certificate_and_the_others_serve_the_same()
    {
        PutConfigurations();
        var (first, one) = Replica();
        var (second, two) = Replica();
        await Task.WhenAll(first.RoundAsync(default), second.RoundAsync(default));
        await second.RoundAsync(default);
        one.Context!.TargetCertificate.Thumbprint.Should().Be(two.Context!.TargetCertificate.Thumbprint);
        first.Missing().Should().BeEmpty();
        second.Missing().Should().BeEmpty();
        var secret = _server.Get<V1Secret>(CertificateManager.SecretName, Ns)!;
        secret.Type.Should().Be("kubernetes.io/tls");
        _server.Get<V1ValidatingWebhookConfiguration>("breakglass-operator")!.Webhooks
            .Should().OnlyContain(w => w.ClientConfig.CaBundle!.SequenceEqual(secret.Data!["ca.crt"]));
        _server.Get<V1MutatingWebhookConfiguration>("breakglass-operator")!.Webhooks
            .Should().OnlyContain(w => w.ClientConfig.CaBundle!.SequenceEqual(secret.Data!["ca.crt"]));
    }

    [Fact]
    public async Task No_wrong_clock_renews_a_certificate_and_one_that_is_not_yet_valid_is_replaced()
    {
        PutConfigurations();
        using var client = _server.CreateClient(InstalledRbac.Operator);
        var steady = SteadyClock.Following(client, _clock);
        var served = new ServedCertificate(NullLogger.Instance);
        var manager = new CertificateManager(
            client, Ns, CertificateManager.NamesOf(Ns, []), served, new CaBundles(client, NullLogger.Instance), steady, NullLogger.Instance);
        await manager.RoundAsync(default);
        await client.AgreeAsync(_clock);
        var before = served.Context!.TargetCertificate.Thumbprint;

        _server.PoisonDates(TimeSpan.FromDays(100), answers: 3);
        await manager.RoundAsync(default);
        await manager.RoundAsync(default);
        served.Context!.TargetCertificate.Thumbprint.Should().Be(before);

        // What an operator wrote that went by such a clock.
        var ahead = ManagedCertificates.New(CertificateManager.NamesOf(Ns, []), _clock.GetUtcNow().AddDays(100));
        _server.Modify<V1Secret>(CertificateManager.SecretName, Ns, s => s with { Data = ahead.Write() });
        await client.AgreeAsync(_clock);
        await manager.RoundAsync(default);
        Pki.From(served.Context!.TargetCertificate).Should().BeBefore(_clock.GetUtcNow());
        manager.Missing().Should().BeEmpty();
    }

    [Fact]
    public async Task Without_a_configuration_it_is_not_ready_and_says_what_to_apply()
    {
        var (manager, served) = Replica();
        await manager.RoundAsync(default);
        served.Context.Should().NotBeNull();
        manager.Missing().Should().HaveCount(2).And.OnlyContain(m => m.Contains("apply config/webhook"));
        PutConfigurations();
        await manager.RoundAsync(default);
        manager.Missing().Should().BeEmpty();
    }

    [Fact]
    public async Task A_bundle_that_was_tampered_with_is_put_right_and_nothing_else_is_touched()
    {
        PutConfigurations();
        var (manager, _) = Replica();
        await manager.RoundAsync(default);
        _server.Modify<V1MutatingWebhookConfiguration>("breakglass-operator", null,
            c => c with { Webhooks = [c.Webhooks[0] with { TimeoutSeconds = 7, ClientConfig = c.Webhooks[0].ClientConfig with { CaBundle = [1, 2] } }] });
        await manager.RoundAsync(default);
        var webhook = _server.Get<V1MutatingWebhookConfiguration>("breakglass-operator")!.Webhooks.Single();
        Encoding.ASCII.GetString(webhook.ClientConfig.CaBundle!).Should().Contain("BEGIN CERTIFICATE");
        webhook.TimeoutSeconds.Should().Be(7);
        _server.Requests.Clear();
        await manager.RoundAsync(default);
        _server.Requests.Writes.Should().BeEmpty("nothing is written where nothing is to change");
    }

    [Fact]
    public async Task A_whole_life_of_rotations_never_serves_what_is_not_trusted()
    {
        PutConfigurations();
        var (manager, served) = Replica();
        var leaves = new HashSet<string>();
        var authorities = new HashSet<string>();
        for (var hours = 0; hours < 24 * 800; hours += 48)
        {
            await manager.RoundAsync(default);
            var bundle = Encoding.UTF8.GetString(_server.Get<V1ValidatingWebhookConfiguration>("breakglass-operator")!.Webhooks[0].ClientConfig.CaBundle!);
            var trusted = new System.Security.Cryptography.X509Certificates.X509Certificate2Collection();
            trusted.ImportFromPem(bundle);
            var leaf = served.Context!.TargetCertificate;
            trusted.Any(authority => Pki.IsSignedBy(leaf, authority)).Should().BeTrue();
            (Pki.Until(leaf) - _clock.GetUtcNow()).Should().BeGreaterThan(TimeSpan.FromDays(20));
            leaves.Add(leaf.Thumbprint);
            foreach (var authority in trusted) authorities.Add(authority.Thumbprint);
            _clock.Advance(TimeSpan.FromHours(48));
        }

        leaves.Should().HaveCountGreaterThan(12);
        authorities.Should().HaveCount(4, "each is replaced after 243 days");
    }

    [Fact]
    public async Task Where_the_server_does_not_answer_the_certificate_at_hand_stays()
    {
        PutConfigurations();
        var (manager, served) = Replica();
        await manager.RoundAsync(default);
        var before = served.Context;
        _server.Put(
            _server.Get<V1Secret>(CertificateManager.SecretName, Ns)! with { Data = new Dictionary<string, byte[]> { ["tls.crt"] = [1], ["tls.key"] = [2] } });
        _server.Delete<V1Role>("breakglass-operator", Ns);
        await manager.RoundAsync(default);
        served.Context.Should().BeSameAs(before);
        manager.Missing().Should().BeEmpty();
    }

    [Fact]
    public async Task Files_are_served_and_the_last_good_pair_stays()
    {
        var directory = Directory.CreateTempSubdirectory("breakglass-tls-").FullName;
        try
        {
            var served = new ServedCertificate(NullLogger.Instance);
            var files = new CertificateFiles(directory, served, _clock, NullLogger.Instance);
            await files.ReadAsync(default);
            files.Missing().Should().ContainSingle().Which.Should().Contain(directory);

            async Task WriteAsync(string certificate, string key)
            {
                await File.WriteAllTextAsync(Path.Combine(directory, "tls.crt"), certificate);
                await File.WriteAllTextAsync(Path.Combine(directory, "tls.key"), key);
                await files.ReadAsync(default);
            }

            var (first, second) = (ManagedCertificates.New(["a.example"], _clock.GetUtcNow()).Leaf,
                ManagedCertificates.New(["a.example"], _clock.GetUtcNow()).Leaf);
            await WriteAsync(first.CertificatePem, first.KeyPem);
            files.Missing().Should().BeEmpty();
            var context = served.Context;
            await WriteAsync(second.CertificatePem, first.KeyPem);
            await WriteAsync("", "");
            served.Context.Should().BeSameAs(context);
            await WriteAsync(second.CertificatePem, second.KeyPem);
            served.Context.Should().NotBeSameAs(context);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private (CertificateManager Manager, ServedCertificate Served) Replica()
    {
        var client = _server.CreateClient(InstalledRbac.Operator);
        var served = new ServedCertificate(NullLogger.Instance);
        return (new(client, Ns, CertificateManager.NamesOf(Ns, ["127.0.0.1"]), served, new CaBundles(client, NullLogger.Instance), _clock,
            NullLogger.Instance), served);
    }

    private void PutConfigurations()
    {
        const string name = "a.breakglass.dev";
        Admissionregistrationv1WebhookClientConfig there = new() { Url = "https://127.0.0.1/" };
        _server.Put(new V1MutatingWebhookConfiguration { Metadata = new() { Name = "breakglass-operator" },
            Webhooks = [new() { Name = name, TimeoutSeconds = 5, ClientConfig = there }] });
        _server.Put(new V1ValidatingWebhookConfiguration { Metadata = new() { Name = "breakglass-operator" },
            Webhooks = [new() { Name = name, TimeoutSeconds = 5, ClientConfig = there }] });
    }
}
