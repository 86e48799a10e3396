using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Kube.Runtime;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Integration.Life;

/// <summary>
/// A mutating webhook of somebody else that overwrites labels on every write of a binding, on a real API server. It once cost 625 patches in 90 s, an operator
/// that called it a bug, and a grant that said Pending while its binding stood.
/// </summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification = "IAsyncLifetime disposes of them.")]
public sealed class LabelFightTests(SharedOperator shared) : IClassFixture<SharedOperator>, IAsyncLifetime
{
    private const string Webhook = "label-fighter";

    private readonly TestCluster _cluster = shared.Cluster;
    private readonly ConcurrentQueue<string> _writes = new();
    private X509Certificate2? _certificate;
    private WebhookServer? _server;
    private string _label = "";

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        _certificate = SelfSigned();
        var served = SslStreamCertificateContext.Create(_certificate, null);
        _server = new(IPAddress.Loopback, 0, () => served, [], NullLogger.Instance,
            others: new Dictionary<string, RequestDelegate> { ["/label"] = LabelAsync });
        await _server.StartAsync(CancellationToken.None);
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        await _cluster.AdminAsync("delete", "mutatingwebhookconfiguration", Webhook, "--ignore-not-found");
        if (_server is not null) await _server.DisposeAsync();
        _certificate?.Dispose();
    }

    [Fact]
    public async Task A_webhook_that_overwrites_the_label_that_other_projects_use_too_is_nothing_to_fight_over()
    {
        var incident = await FightAsync("app.kubernetes.io/managed-by");
        var active = await incident.ActivateAsync();
        await incident.AllowedAsync(await incident.FetchKubeconfigAsync());
        await shared.SettledAsync();
        Conditions.Find(active.Status.Conditions, "Active")!.Reason.Should().Be("AccessGiven");
        (await BindingAsync(incident)).LabelsOrEmpty["app.kubernetes.io/managed-by"].Should().Be("theirs");

        // A create that this process did not answer in time is repeated.
        _writes.Should().NotBeEmpty().And.OnlyContain(write => write == "CREATE");
        await incident.RevokeAsync();
        await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);
    }

    [Fact]
    public async Task A_webhook_that_overwrites_our_own_label_gets_a_few_repairs_is_told_of_and_keeps_no_access_open()
    {
        var incident = await FightAsync("breakglass.dev/grant");
        await incident.ActivateAsync();
        var kubeconfig = await incident.FetchKubeconfigAsync();
        await incident.AllowedAsync(kubeconfig);
        var contested = await Eventually.GetAsync(async () => Conditions
            .Find((await incident.ReadAsync()).Status.Conditions, "Active") is { Reason: "Contested" } c ? c : null, expected: "the fight to be given up");
        contested.Status.Should().Be("True", "the binding is there, and gives what was decided");
        contested.Message.Should().Contain("mutating admission webhook").And.Contain((await BindingAsync(incident)).Metadata.Name);
        await shared.SettledAsync();
        _writes.Count.Should().BeLessThanOrEqualTo(PlaceHistory.MostRepairs + 1, "writes: {0}", string.Join(' ', _writes));

        await incident.RevokeAsync();
        await incident.RefusedAsync(kubeconfig);
        await Eventually.TrueAsync(async () => (await _cluster.Admin
            .ListAsync<V1RoleBinding>(new() { Namespace = incident.Namespace }, CancellationToken.None)).Items.Count == 0, expected: "the binding to go");
        await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);
    }

    [Fact]
    public async Task Somebody_who_overwrites_our_label_again_and_again_is_named_by_the_manager_of_their_writes()
    {
        var incident = await Incident.BeginAsync(_cluster);
        await incident.ActivateAsync();
        var name = (await BindingAsync(incident)).Metadata.Name;
        var tries = 0;

        // Not with kubectl, which a busy machine starts so slowly that the repairs of one minute are no fight.
        using var labeller = new KubeClient(
            ClusterConnection.FromKubeconfig(_cluster.ControlPlane.AdminKubeconfig), TimeProvider.System, new() { FieldManager = "team-labeller" });
        var contested = await Eventually.GetAsync(async () =>
        {
            if ((await BindingAsync(incident)).LabelsOrEmpty["breakglass.dev/grant"] == incident.Grant)
            {
                var labels = new JsonObject { ["breakglass.dev/grant"] = $"theirs-{(tries++).ToString(CultureInfo.InvariantCulture)}" };
                await labeller.MergePatchAsync<V1RoleBinding>(
                    name, incident.Namespace, new JsonObject { ["metadata"] = new JsonObject { ["labels"] = labels } }, CancellationToken.None);
            }

            return Conditions.Find((await incident.ReadAsync()).Status.Conditions, "Active") is { Reason: "Contested" } c ? c : null;
        }, expected: "the fight to be given up");
        contested.Message.Should().Contain("'team-labeller' changes or deletes");
        tries.Should().BeInRange(PlaceHistory.MostRepairs, PlaceHistory.MostRepairs + 1);
        await Eventually.TrueAsync(
            async () => (await _cluster.EventsAsync(nameof(BreakGlassGrant), incident.Grant)).Any(e => e is { Type: "Warning", Reason: "RepairContested" }));
        await incident.RevokeAsync();
        await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);
    }

    private async Task<V1RoleBinding> BindingAsync(Incident incident) =>
        (await _cluster.Admin.ListAsync<V1RoleBinding>(new() { Namespace = incident.Namespace }, CancellationToken.None)).Items.Single();

    /// <summary>An incident in whose namespace the webhook overwrites a label.</summary>
    private async Task<Incident> FightAsync(string label)
    {
        _label = label;
        var incident = await Incident.BeginAsync(_cluster);
        await _cluster.AdminAsync("label", "namespace", incident.Namespace, $"{incident.Label}=fought-over");
        await _cluster.ApplyAsync(_cluster.ControlPlane.AdminKubeconfig, $$"""
            apiVersion: admissionregistration.k8s.io/v1
            kind: MutatingWebhookConfiguration
            metadata: {name: {{Webhook}}}
            webhooks:
            - name: labels.example.com
              clientConfig: {url: "https://127.0.0.1:{{_server!.Port}}/label", caBundle: {{Convert.ToBase64String(Encoding.ASCII.GetBytes(_certificate!.ExportCertificatePem()))}} }
              failurePolicy: Fail
              sideEffects: None
              admissionReviewVersions: [v1]
              namespaceSelector: {matchLabels: { {{incident.Label}}: fought-over } }
              rules: [{apiGroups: [rbac.authorization.k8s.io], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [rolebindings]}]
            """);
        await Eventually.TrueAsync(
            async () => (await _cluster.AdminAsync("create", "rolebinding", "probe", "-n", incident.Namespace, "--clusterrole=view", "--user=nobody",
                "--dry-run=server", "-o", "jsonpath={.metadata.labels}")).Contains("theirs", StringComparison.Ordinal),
            expected: "the webhook to be asked");
        _writes.Clear();
        return incident;
    }

    private async Task LabelAsync(HttpContext context)
    {
        var request = (await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted))!["request"]!;
        if (request["dryRun"]?.GetValue<bool>() is not true) _writes.Enqueue((string)request["operation"]!);
        var patch = new JsonArray();
        if (request["object"]!["metadata"]!["labels"] is null)
            patch.Add((JsonNode)new JsonObject { ["op"] = "add", ["path"] = "/metadata/labels", ["value"] = new JsonObject() });
        patch.Add((JsonNode)new JsonObject { ["op"] = "add", ["path"] = $"/metadata/labels/{_label.Replace("/", "~1", StringComparison.Ordinal)}",
            ["value"] = "theirs" });
        var answer = new JsonObject
        {
            ["apiVersion"] = "admission.k8s.io/v1",
            ["kind"] = "AdmissionReview",
            ["response"] = new JsonObject
            {
                ["uid"] = (string)request["uid"]!, ["allowed"] = true, ["patchType"] = "JSONPatch", ["patch"] = Convert
                    .ToBase64String(Encoding.UTF8.GetBytes(patch.ToJsonString())),
            },
        };
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(answer.ToJsonString(JsonSerializerOptions.Default), context.RequestAborted);
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=labels", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddHours(-1), TimeProvider.System.GetUtcNow().AddHours(1));
    }
}
