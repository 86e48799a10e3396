using System.Net;
using System.Net.Sockets;
using BreakGlass.Core.Api;
using FluentAssertions;
using Integration.Alone;
using k8s.Models;
using Kube.Client;
using Xunit;

namespace Integration.Life;

/// <summary>Somebody else's admission webhook stands in the way of every removal of a binding: it is down, or it takes its time and never answers.</summary>
public sealed class ObstructedCutTests(OwnCluster own) : IClassFixture<OwnCluster>
{
    private const string Webhook = "deny.example.com";

    private readonly TestCluster _cluster = own.Cluster;

    [Theory]
    [InlineData("closed", "DELETE", "revoke")]
    [InlineData("closed", "DELETE, UPDATE", "revoke")]
    [InlineData("closed", "DELETE, UPDATE", "expire")]
    [InlineData("silent", "DELETE", "lockdown")]
    [InlineData("silent", "DELETE, UPDATE", "revoke")]
    public async Task Access_ends_within_seconds_and_the_record_names_the_webhook(string port, string operations, string how)
    {
        await using var running = await _cluster.StartOperatorAsync();
        var incident = await Incident.BeginAsync(_cluster);
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var number = ((IPEndPoint)silent.LocalEndpoint).Port;
        if (port == "closed") silent.Stop();
        var kubeconfig = "";
        async Task ObstructAsync()
        {
            kubeconfig = await incident.FetchKubeconfigAsync();
            await incident.AllowedAsync(kubeconfig);
            await InstallAsync(number, operations);
        }

        try
        {
            BreakGlassGrant grant;
            if (how == "expire")
            {
                grant = await incident.WhileItLastsAsync(45, _ => ObstructAsync());
            }
            else
            {
                grant = await incident.ActivateAsync();
                await ObstructAsync();
            }

            if (how == "revoke") await incident.RevokeAsync();
            else if (how == "lockdown") await LockAsync();
            else await Eventually.AtAsync(grant.Status.ExpiresAt!.Value);
            await incident.RefusedAsync(kubeconfig);

            await incident.WaitAsync("Revoked");
            var told = await incident.WaitAsync("Obstructed");
            told.Status.EndedAt.Should().NotBeNull();
            told.Status.Conditions.Single(c => c.Type == "Obstructed").Message.Should().Contain(Incident.BindingOf(grant));
            await Eventually.TrueAsync(
                async () => (told = await incident.ReadAsync()).Status.Conditions.Single(c => c.Type == "Obstructed").Message
                    .Contains($"'{Webhook}'", StringComparison.Ordinal),
                () => Incident.Show(told), expected: "the name of the webhook");
            var binding = await _cluster.Admin.GetAsync<V1RoleBinding>(Incident.BindingOf(grant), incident.Namespace, CancellationToken.None);
            binding.SubjectsOrEmpty.Count.Should().Be(operations.Contains("UPDATE", StringComparison.Ordinal) ? 1 : 0);
        }
        finally
        {
            await _cluster.AdminAsync("delete", "validatingwebhookconfiguration", Webhook, "--ignore-not-found");
            await _cluster.AdminAsync("delete", "bgl", "stop", "--ignore-not-found");
        }

        IReadOnlyList<string> left = [];
        await Eventually.TrueAsync(async () => (left = await _cluster.MadeForAsync(incident.Grant)).Count == 0,
            () => $"{string.Join(", ", left)}\n{running.Log}", expected: "the removal of what was left");
        await incident.WaitAsync("Obstructed", "False");
    }

    private Task LockAsync() => _cluster.ApplyAsync(_cluster.ControlPlane.AdminKubeconfig, """
        apiVersion: breakglass.dev/v1alpha1
        kind: BreakGlassLockdown
        metadata: {name: stop}
        spec: {reason: a token leaked}
        """);

    private Task InstallAsync(int port, string operations) => _cluster.ApplyAsync(_cluster.ControlPlane.AdminKubeconfig, $$"""
        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingWebhookConfiguration
        metadata: {name: {{Webhook}}}
        webhooks:
        - name: {{Webhook}}
          clientConfig: {url: "https://127.0.0.1:{{port}}/"}
          admissionReviewVersions: [v1]
          sideEffects: None
          failurePolicy: Fail
          timeoutSeconds: 30
          rules:
          - {apiGroups: [rbac.authorization.k8s.io], apiVersions: [v1], resources: [rolebindings, clusterrolebindings], operations: [{{operations}}]}
        """);
}
