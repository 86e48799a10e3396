using System.Text.Json.Nodes;
using Soak.Site;

namespace Soak.Faults;

/// <summary>Admission webhooks: somebody else's that stands in the way, and ours that are gone.</summary>
internal static class WebhookFaults
{
    private const string Configurations = "/apis/admissionregistration.k8s.io/v1";
    private const string Bindings =
        """[{"apiGroups":["rbac.authorization.k8s.io"],"apiVersions":["v1"],"resources":["rolebindings","clusterrolebindings"],"operations":"""
            + """[OPERATIONS],"scope":"*"}]""";

    /// <summary>A policy engine that is asked about bindings is down.</summary>
    public static async Task RefuseAsync(Stage stage, Random random, CancellationToken cancellationToken)
    {
        var seconds = 10 + random.Next(15);
        var operations = random.Next(2) == 0 ? "\"DELETE\"" : "\"DELETE\",\"UPDATE\"";
        using (stage.Times.Open(FaultNames.ObstructedDeletes))
            await StandAsync(stage, "validatingwebhookconfigurations", OtherWebhook.Nowhere(), operations, seconds, cancellationToken);
    }

    /// <summary>It does not answer.</summary>
    public static async Task HangAsync(Stage stage, Random random, CancellationToken cancellationToken)
    {
        var seconds = 12 + random.Next(12);
        using (stage.Times.Open(FaultNames.HangingDeletes))
        {
            await using var webhook = await OtherWebhook.StartAsync(stage.Cluster.ControlPlane);
            await StandAsync(stage, "validatingwebhookconfigurations", webhook.Url + "/hang", "\"DELETE\",\"UPDATE\"", seconds, cancellationToken);
        }
    }

    /// <summary>It writes its own labels over those of others.</summary>
    public static async Task RelabelAsync(Stage stage, Random random, CancellationToken cancellationToken)
    {
        var seconds = 10 + random.Next(15);
        using (stage.Times.Open(FaultNames.LabelWebhook))
        {
            await using var webhook = await OtherWebhook.StartAsync(stage.Cluster.ControlPlane);
            await StandAsync(stage, "mutatingwebhookconfigurations", webhook.Url + "/relabel", "\"CREATE\",\"UPDATE\"", seconds, cancellationToken);
        }
    }

    /// <summary>Our configurations are deleted, and applied again after a while, as a pipeline would: without the operator's CA.</summary>
    public static async Task RemoveOursAsync(Stage stage, Random random, CancellationToken cancellationToken)
    {
        var seconds = 8 + random.Next(10);
        await stage.Crowd.PolicyWrites.WaitAsync(cancellationToken);
        using var window = stage.Times.Open(FaultNames.WebhooksRemoved);
        try
        {
            stage.Crowd.WebhooksUncertain = true;
            List<(string Kind, JsonNode Manifest)> ours = [];
            foreach (var kind in (string[])["mutatingwebhookconfigurations", "validatingwebhookconfigurations"])
            {
                var path = $"{Configurations}/{kind}/breakglass-operator";
                var there = await stage.Cluster.Admin.GetAsync(path, cancellationToken);
                if (there.Ok) ours.Add((kind, Bare(there.Json)));
                await stage.Cluster.Admin.DeleteAsync(path, cancellationToken);
            }

            // The API server follows within a second.
            await Clock.PauseAsync(2, cancellationToken);
            stage.Crowd.PastTheWebhooks = true;
            await Clock.PauseAsync(seconds, cancellationToken);
            stage.Crowd.PastTheWebhooks = false;
            foreach (var (kind, manifest) in ours) await stage.Cluster.PutThereAsync($"{Configurations}/{kind}", manifest, cancellationToken);
            await stage.CalmAsync(cancellationToken);
        }
        finally
        {
            stage.Crowd.PastTheWebhooks = stage.Crowd.WebhooksUncertain = false;
            stage.Crowd.PolicyWrites.Release();
        }
    }

    private static async Task StandAsync(Stage stage, string kind, string url, string operations, int seconds, CancellationToken cancellationToken)
    {
        var mutating = kind.StartsWith("mutating", StringComparison.Ordinal);
        var webhook = new JsonObject
        {
            ["name"] = "engine.example.com", ["failurePolicy"] = mutating
                ? "Ignore" : "Fail", ["sideEffects"] = "None", ["timeoutSeconds"] = 10, ["admissionReviewVersions"] = new JsonArray("v1"),
            ["clientConfig"] = new JsonObject { ["url"] = url, ["caBundle"] = Convert.ToBase64String(
                await File.ReadAllBytesAsync(stage.Cluster.ControlPlane.CaCertificate, cancellationToken)) },
            ["rules"] = JsonNode.Parse(Bindings.Replace("OPERATIONS", operations, StringComparison.Ordinal)),

            // Where a team's policy engine has a say: not over the system's own bindings.
            ["namespaceSelector"] = new JsonObject { ["matchExpressions"] = new JsonArray(new JsonObject { ["key"] = "soak", ["operator"] = "Exists" }) },
        };
        var manifest = new JsonObject { ["metadata"] = new JsonObject { ["name"] = "engine" }, ["webhooks"] = new JsonArray(webhook) };
        await stage.Cluster.PutThereAsync($"{Configurations}/{kind}", manifest, cancellationToken);
        stage.History.Say($"a webhook is asked about {operations} of bindings at {url}");
        try
        {
            await Clock.PauseAsync(seconds, cancellationToken);
        }
        finally
        {
            ApiAnswer answer;
            do answer = await stage.Cluster.Admin.DeleteAsync($"{Configurations}/{kind}/engine", CancellationToken.None);
            while (!answer.Ok && answer.Status != 404);
        }

        // The API server follows within a second.
        await Clock.PauseAsync(1, cancellationToken);
    }

    private static JsonNode Bare(JsonNode manifest)
    {
        var metadata = manifest["metadata"]!.AsObject();
        foreach (var field in (string[])["uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"]) metadata.Remove(field);
        foreach (var webhook in manifest["webhooks"]!.AsArray()) webhook!["clientConfig"]!.AsObject().Remove("caBundle");
        return manifest;
    }
}
