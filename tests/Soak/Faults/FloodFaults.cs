using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Soak.Site;

namespace Soak.Faults;

/// <summary>Too much of everything, by somebody who has a grant or may ask for one.</summary>
internal static class FloodFaults
{
    private const int AtOnce = 30;

    /// <summary>The identity of a grant lists megabytes, many times at once.</summary>
    public static async Task ReadsAsync(Stage stage, Random random, CancellationToken cancellationToken)
    {
        var seconds = 6 + random.Next(6);
        for (var i = 0; i < 4; i++)
        {
            var ballast = new JsonObject { ["metadata"] = new JsonObject { ["name"] = $"ballast-{i}" },
                ["data"] = new JsonObject { ["it"] = new string('x', 900_000) } };
            await stage.Cluster.PutThereAsync("/api/v1/namespaces/team-0/configmaps", ballast, cancellationToken);
        }

        await FloodAsync(stage, FaultNames.FloodOfReads, seconds,
            (api, stop) => api.DrainAsync(HttpMethod.Get, "/api/v1/namespaces/team-0/configmaps", null, stop), cancellationToken);
    }

    /// <summary>It makes big Secrets, dry.</summary>
    public static Task DryRunsAsync(Stage stage, Random random, CancellationToken cancellationToken)
    {
        var seconds = 6 + random.Next(6);
        var secret = new JsonObject { ["metadata"] = new JsonObject { ["generateName"] = "big-" },
            ["stringData"] = new JsonObject { ["it"] = new string('x', 950_000) } }.ToJsonString();
        return FloodAsync(stage, FaultNames.FloodOfDryRuns, seconds,
            (api, stop) => api.DrainAsync(HttpMethod.Post, "/api/v1/namespaces/team-0/secrets?dryRun=All", secret, stop), cancellationToken);
    }

    /// <summary>Somebody who may ask asks with as much as the API server takes, dry and in earnest, and writes onto the grants of others.</summary>
    public static async Task OversizedAsync(Stage stage, Random random, CancellationToken cancellationToken)
    {
        var seconds = 5 + random.Next(5);
        var mallory = stage.Cluster.Person("mallory");
        var (dry, big) = (Grant("dry", 2_800_000), 0);
        using var window = stage.Times.Open(FaultNames.OversizedInput);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        over.CancelAfter(TimeSpan.FromSeconds(seconds));
        var floods = Enumerable.Range(0, 12).Select(async _ =>
        {
            while (!over.IsCancellationRequested) await mallory.DrainAsync(HttpMethod.Post, $"{Api.Ours}/breakglassgrants?dryRun=All", dry, over.Token);
        }).ToList();
        var uncertain = stage.Crowd.WebhooksUncertain;
        for (var i = 0; i < 10 && !over.IsCancellationRequested; i++)
        {
            var name = $"big-{random.Next(1_000_000).ToString(CultureInfo.InvariantCulture)}";
            var status = await stage.Cluster.Person("bob").DrainAsync(
                HttpMethod.Post, $"{Api.Ours}/breakglassgrants", Grant(name, 0, 240_000), CancellationToken.None);
            if (status is not (>= 200 and < 300)) continue;
            big++;
            await stage.Cluster.Admin.DeleteAsync($"{Api.Ours}/breakglassgrants/{name}", CancellationToken.None);
        }

        await Task.WhenAll(floods);
        stage.History.Say($"{big} of 10 grants with an annotation of 240 kB were let in");
        if (big > 0 && !uncertain && !stage.Crowd.WebhooksUncertain)
            stage.History.Violation("admitted", $"{big} grants with an annotation of 240 kB were let in");
    }

    private static async Task FloodAsync(
        Stage stage, string name, int seconds, Func<Api, CancellationToken, Task<int>> ask, CancellationToken cancellationToken)
    {
        if (await stage.Crowd.AskForAsync("strong", seconds + 20, 5, cancellationToken) is not { Secret: { } secret })
        {
            stage.History.Say($"{name}: no grant to flood with");
            return;
        }

        var answer = await stage.Cluster.Admin.GetAsync($"/api/v1/namespaces/{secret.Split('/')[0]}/secrets/{secret.Split('/')[1]}", cancellationToken);
        if (!answer.Ok) return;
        using var api = Api.Bearing(
            "flood", stage.Cluster.ControlPlane, Encoding.ASCII.GetString(Convert.FromBase64String((string)answer.Json["data"]!["token"]!)));
        var answers = new System.Collections.Concurrent.ConcurrentDictionary<int, int>();
        using (stage.Times.Open(name))
        {
            using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            over.CancelAfter(TimeSpan.FromSeconds(seconds));
            await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(async _ =>
            {
                while (!over.IsCancellationRequested) answers.AddOrUpdate(await ask(api, over.Token), 1, (_, n) => n + 1);
            }));
            stage.History.Say($"the flood got {string.Join(", ", answers.OrderBy(a => a.Key).Select(a => $"{a.Value} x {a.Key}"))}");
        }
    }

    private static string Grant(string name, int justification, int annotation = 0) => new JsonObject
    {
        ["apiVersion"] = "breakglass.dev/v1alpha1",
        ["kind"] = "BreakGlassGrant",
        ["metadata"] = new JsonObject { ["name"] = name, ["annotations"] = new JsonObject { ["example.com/note"] = new string('x', annotation) } },
        ["spec"] = new JsonObject { ["policy"] = "strong", ["justification"] = "checkout returns 5xx since the deploy" + new string(
            'x', justification), ["duration"] = "20s" },
    }.ToJsonString();
}
