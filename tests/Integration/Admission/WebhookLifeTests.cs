using System.Globalization;
using BreakGlass.Core.Api;
using BreakGlass.Operator.Certificates;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Xunit;

namespace Integration.Admission;

/// <summary>The webhooks while their certificate changes, and when they are gone.</summary>
public sealed class WebhookLifeTests : IAsyncLifetime
{
    private readonly AdmissionCluster _admission = new();

    public Task InitializeAsync() => _admission.InitializeAsync();

    public Task DisposeAsync() => _admission.DisposeAsync();

    [Fact]
    public async Task Certificates_are_renewed_while_requests_run_and_without_webhooks_nothing_of_ours_is_made()
    {
        using var stop = new CancellationTokenSource();
        var requests = Task.Run(() => WriteAsync(stop.Token));

        // A certificate of the same authority that is two thirds through its life, as if this were two months later.
        var admin = _admission.Cluster.Admin;
        var secret = await admin.GetAsync<V1Secret>(CertificateManager.SecretName, "breakglass-system", CancellationToken.None);
        var managed = ManagedCertificates.Read(secret.Data)!;
        var authority = new CertifiedKey(managed.Bundle, managed.AuthorityKey);
        var names = CertificateManager.NamesOf("breakglass-system", ["127.0.0.1"]);
        var old = managed with { Leaf = Pki.NewLeaf(authority, names.Append("outdated.example").ToList(), TimeProvider.System.GetUtcNow()) };
        await admin.ReplaceAsync(secret with { Data = old.Write() }, CancellationToken.None);
        await Eventually.TrueAsync(async () =>
            ManagedCertificates.Read(
                (await admin.GetAsync<V1Secret>(CertificateManager.SecretName, "breakglass-system", CancellationToken.None)).Data) is { } now
            && now.Leaf != old.Leaf && now.Leaf != managed.Leaf && now.Bundle == managed.Bundle);

        // And an authority that is: the new one is trusted beside it before it signs anything.
        var aged = Pki.NewAuthority(TimeProvider.System.GetUtcNow().AddDays(-250));
        secret = await admin.GetAsync<V1Secret>(CertificateManager.SecretName, "breakglass-system", CancellationToken.None);
        await stop.CancelAsync();
        var (written, failed) = await Eventually.WithinLimitAsync(requests, "the end of the requests");
        failed.Should().BeEmpty();
        written.Should().BeGreaterThan(20);

        await admin.ReplaceAsync(secret with { Data = new ManagedCertificates(
            aged.CertificatePem, aged.KeyPem, Pki.NewLeaf(aged, names, TimeProvider.System.GetUtcNow())).Write() }, CancellationToken.None);
        await Eventually.TrueAsync(async () =>
        {
            var configuration = await admin.GetAsync<V1ValidatingWebhookConfiguration>("breakglass-operator", null, CancellationToken.None);
            var bundle = System.Text.Encoding.UTF8.GetString(
                configuration.Webhooks.Single(w => w.Name is "mutate.breakglass.dev" or "validate.breakglass.dev").ClientConfig.CaBundle!);
            return bundle.Split("BEGIN CERTIFICATE").Length == 3 && bundle.Contains(aged.CertificatePem, StringComparison.Ordinal);
        });
        await Eventually.TrueAsync(async () => (await CreateAsync("after-rotation")) is null);

        var metrics = await _admission.Operator.MetricsAsync();
        double Metric(params string[] parts) => metrics.Single(m => parts.All(part => m.Key.Contains(part, StringComparison.Ordinal))).Value;
        Metric("controller_runtime_webhook_requests_total{", "\"/mutate\"", "code=\"200\"").Should().BeGreaterThan(20);
        Metric("controller_runtime_webhook_panics_total{", "\"/validate\"").Should().Be(0);
        metrics["breakglass_operator_webhook_certificate_expiry_timestamp_seconds"].Should()
            .BeApproximately(TimeProvider.System.GetUtcNow().AddDays(90).ToUnixTimeSeconds(), 3600);
        metrics["certwatcher_read_certificate_total"].Should().BeGreaterThan(0);

        await _admission.Operator.KillAsync();

        // Not a lockdown, which is let through without a webhook that answers.
        var controlPlane = _admission.Cluster.ControlPlane;
        (await controlPlane.KubectlAsync(controlPlane.AdminKubeconfig, ["create", "-f", "-"], Manifests.Policy("while-dead"))).Error
            .Should().Contain("failed calling webhook");
        await using var next = await _admission.StartOperatorAsync();
        await Eventually.TrueAsync(async () => (await CreateAsync("after-death")) is null);
        (await next.StopAsync()).Should().Be(0);
    }

    private async Task<(int Written, List<string> Failed)> WriteAsync(CancellationToken cancellationToken)
    {
        var (written, failed) = (0, new List<string>());
        // At least as many as the test needs, even if the machine takes long for one.
        while (!cancellationToken.IsCancellationRequested || written <= 20)
        {
            if (await CreateAsync($"load-{written.ToString(CultureInfo.InvariantCulture)}") is { } problem) failed.Add(problem);
            written++;
        }

        return (written, failed);
    }

    private async Task<string?> CreateAsync(string name)
    {
        try
        {
            await _admission.Cluster.Admin.CreateAsync(
                new BreakGlassLockdown { Metadata = new() { Name = name },
                    Spec = new() { Reason = "load", PolicySelector = new() { MatchLabels = new Dictionary<string, string> { ["of"] = "load" } } } },
                CancellationToken.None);
            return null;
        }
        catch (KubeApiException e)
        {
            return e.Message;
        }
    }
}
