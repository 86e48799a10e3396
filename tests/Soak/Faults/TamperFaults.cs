using System.Text.Json.Nodes;
using Soak.Site;

namespace Soak.Faults;

/// <summary>Somebody with rights works against the operator.</summary>
internal static class TamperFaults
{
    private static readonly string[] s_wrong =
    [
        """{"metadata":{"labels":{"app.kubernetes.io/managed-by":"somebody-else"}}}""",
        """{"metadata":{"labels":{"breakglass.dev/grant":"another"}}}""",
        """{"metadata":{"labels":{"breakglass.dev/policy":null,"breakglass.dev/grant":null}}}""",
    ];

    /// <summary>A pipeline writes other labels onto bindings of grants, again and again.</summary>
    public static async Task FightAsync(Stage stage, Random random, CancellationToken cancellationToken)
    {
        var (seconds, patch) = (6 + random.Next(8), s_wrong[random.Next(s_wrong.Length)]);
        using (stage.Times.Open(FaultNames.LabelFight))
        {
            stage.History.Say($"a pipeline writes {patch} onto bindings for {seconds} s");
            var written = 0;
            for (var until = Clock.Now.AddSeconds(seconds); Clock.Now < until;)
            {
                var list = await stage.Cluster.Admin.GetAsync("/apis/rbac.authorization.k8s.io/v1/rolebindings", cancellationToken);
                foreach (var binding in list.Ok
                    ? list.Json["items"]!.AsArray().Where(b => b!["metadata"]!["annotations"]?["breakglass.dev/grant-uid"] is not null).Take(3) : [])
                {
                    var metadata = binding!["metadata"]!;
                    var answer = await stage.Cluster.Admin.PatchAsync(
                        $"/apis/rbac.authorization.k8s.io/v1/namespaces/{metadata["namespace"]}/rolebindings/{metadata["name"]}", patch, cancellationToken);
                    if (answer.Ok) written++;
                }

                await Clock.PauseAsync(0.3, cancellationToken);
            }

            stage.History.Say($"the pipeline wrote {written} times");
        }
    }

    /// <summary>The grants' namespace is deleted; after a while somebody makes it again, as the chart has it.</summary>
    public static async Task DeleteNamespaceAsync(Stage stage, Random random, CancellationToken cancellationToken)
    {
        var seconds = 6 + random.Next(12);
        const string Path = $"/api/v1/namespaces/{SoakCluster.GrantsNamespace}";
        using (stage.Times.Open(FaultNames.GrantsNamespaceDeleted))
        {
            List<(string Path, JsonNode Manifest)> kept = [];
            await KeepAsync("/api/v1/namespaces", _ => true, Path);
            foreach (var resources in (string[])[$"{Path}/resourcequotas", .. Rbac("roles"), .. Rbac("rolebindings")])
                await KeepAsync(resources, OfTheChart, null);
            var answer = await stage.Cluster.Admin.DeleteAsync(Path, cancellationToken);
            stage.History.Say($"the grants' namespace is deleted: {answer}");
            await Clock.PauseAsync(seconds, cancellationToken);
            for (var tries = 0; tries < 240 && (await stage.Cluster.Admin.GetAsync(Path, cancellationToken)).Status != 404; tries++)
                await Clock.PauseAsync(0.5, cancellationToken);
            foreach (var (path, manifest) in kept) await stage.Cluster.PutThereAsync(path, manifest, cancellationToken);
            stage.History.Say("the grants' namespace is there again");
            await Clock.PauseAsync(5, cancellationToken);

            async Task KeepAsync(string path, Func<JsonNode, bool> which, string? one)
            {
                var there = await stage.Cluster.Admin.GetAsync(one ?? path, cancellationToken);
                if (!there.Ok) return;
                foreach (var item in one is null ? there.Json["items"]!.AsArray().Select(i => i!) : [there.Json]) if (which(item))
                    kept.Add((path, Bare(item)));
            }
        }

        static string[] Rbac(string resources) => [$"/apis/rbac.authorization.k8s.io/v1/namespaces/{SoakCluster.GrantsNamespace}/{resources}"];
        static bool OfTheChart(JsonNode item) => (string?)item["metadata"]!["labels"]?["app.kubernetes.io/managed-by"] is "Helm";
    }

    private static JsonNode Bare(JsonNode manifest)
    {
        var bare = manifest.DeepClone();
        var metadata = bare["metadata"]!.AsObject();
        foreach (var field in (string[])["uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "deletionTimestamp"])
            metadata.Remove(field);
        bare.AsObject().Remove("status");
        if (bare["spec"]?["finalizers"] is not null) bare.AsObject().Remove("spec");
        return bare;
    }
}
