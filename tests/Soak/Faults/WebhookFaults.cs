using System.Text.Json.Nodes;
using Soak.People;
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
                var there = await InsistAsync(() => stage.Cluster.Admin.GetAsync(path, cancellationToken), cancellationToken);
                if (there.Ok) ours.Add((kind, Bare(there.Json)));
                await InsistAsync(() => stage.Cluster.Admin.DeleteAsync(path, cancellationToken), cancellationToken);
            }

            await FollowsAsync(stage, asks: false, cancellationToken);
            stage.Crowd.PastTheWebhooks = true;
            await Clock.PauseAsync(seconds, cancellationToken);
            stage.Crowd.PastTheWebhooks = false;
            foreach (var (kind, manifest) in ours) await stage.Cluster.PutThereAsync($"{Configurations}/{kind}", manifest, cancellationToken);
            await stage.CalmAsync(cancellationToken);
            await FollowsAsync(stage, asks: true, cancellationToken);
        }
        finally
        {
            stage.Crowd.PastTheWebhooks = stage.Crowd.WebhooksUncertain = false;
            stage.Crowd.PolicyWrites.Release();
        }
    }

    /// <summary>Asks until there is an answer that says whether the object is there.</summary>
    private static async Task<ApiAnswer> InsistAsync(Func<Task<ApiAnswer>> ask, CancellationToken cancellationToken)
    {
        while (true)
        {
            var answer = await ask();
            if (answer.Ok || answer.Status == 404) return answer;
            await Clock.PauseAsync(0.5, cancellationToken);
        }
    }

    /// <summary>Waits until the API server has noticed what became of our configurations, which takes as long as it is busy.</summary>
    private static async Task FollowsAsync(Stage stage, bool asks, CancellationToken cancellationToken)
    {
        for (var tries = 0; await AsksAsync(stage, cancellationToken) != asks; tries++)
        {
            if (tries == 240) stage.History.Say($"the API server has not noticed for two minutes that our webhooks are {(asks ? "back" : "gone")}", true);
            await Clock.PauseAsync(0.5, cancellationToken);
        }
    }

    /// <summary>Whether writes reach both webhooks, tried without leaving anything; null if it is neither so nor not so.</summary>
    private static async Task<bool?> AsksAsync(Stage stage, CancellationToken cancellationToken)
    {
        var policy = Policies.Manifest("now");
        policy["metadata"]!["name"] = "probe";
        var grant = new JsonObject
        {
            ["apiVersion"] = "breakglass.dev/v1alpha1", ["kind"] = "BreakGlassGrant", ["metadata"] = new JsonObject { ["name"] = "probe" },
            ["spec"] = new JsonObject { ["policy"] = "now", ["justification"] = "checkout returns 5xx since the deploy, need to roll back" },
        };
        var written = await stage.Cluster.Admin.PostAsync($"{Api.Ours}/breakglasspolicies?dryRun=All", policy, cancellationToken);
        var asked = await stage.Cluster.Person("mallory").PostAsync($"{Api.Ours}/breakglassgrants?dryRun=All", grant, cancellationToken);
        var isSealed = written.Text.Contains("breakglass.dev/seal", StringComparison.Ordinal);
        if (written.Ok && isSealed && asked.Text.Contains("denied the request", StringComparison.Ordinal)) return true;
        return written.Ok && !isSealed && asked.Ok ? false : null;
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
