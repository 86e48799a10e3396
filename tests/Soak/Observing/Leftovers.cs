using System.Text.Json.Nodes;
using Soak.Faults;
using Soak.Site;

namespace Soak.Observing;

/// <summary>What there is of grants' objects in the whole cluster, whatever their labels say, and whether it may be there.</summary>
internal sealed class Leftovers(SoakCluster cluster, Ledger ledger, FaultTimes times, History history)
{
    // What a grant made may stay for so long after its end: proof first, then the tidying up.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(75);

    // While one of these is there nothing can be tidied up, or nobody is alive who would.
    private static readonly string[] s_hinder =
        [FaultNames.ObstructedDeletes, FaultNames.HangingDeletes, FaultNames.GrantsNamespaceDeleted, FaultNames.BothDead, FaultNames.ServerFrozen,
        FaultNames.ServerFrozenForLong];

    /// <summary>Looks every some seconds until the run ends.</summary>
    public async Task WatchAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Clock.PauseAsync(20, cancellationToken);
            var now = Clock.Now;
            if (times.Between(now - s_patience, now).Intersect(s_hinder).Any()) continue;
            foreach (var (what, grant) in await FindAsync(cancellationToken))
            {
                if (grant is null) history.Violation("nothing left over", $"{what} belongs to no grant that anybody asked for");
                else if (grant.EndSeen < now - s_patience) history
                    .Violation("nothing left over", $"{what} is there, and the grant has been over for more than {s_patience.TotalSeconds:0} s", grant.Name);
            }
        }
    }

    /// <summary>Everything that is there now.</summary>
    public async Task<IReadOnlyList<(string What, KnownGrant? Grant)>> FindAsync(CancellationToken cancellationToken)
    {
        List<(string, KnownGrant?)> found = [];
        foreach (var path in (string[])["/apis/rbac.authorization.k8s.io/v1/rolebindings", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"])
        {
            foreach (var item in await ListAsync(path, cancellationToken))
            {
                var subjects = item["subjects"] as JsonArray ?? [];
                var ours = ((string)item["metadata"]!["name"]!).StartsWith("breakglass-", StringComparison.Ordinal) && Uid(item) is not null;
                if (ours || subjects.Any(s => (string?)s!["namespace"] is SoakCluster.GrantsNamespace && (string?)s["name"] is not "default")) Add(path, item);
            }
        }

        foreach (var path in (string[])["/api/v1/namespaces/breakglass-grants/serviceaccounts", "/api/v1/namespaces/breakglass-grants/secrets",
            "/apis/rbac.authorization.k8s.io/v1/namespaces/breakglass-grants/roles"])
        {
            foreach (var item in (await ListAsync(path, cancellationToken))
                .Where(i => Uid(i) is not null || (string?)i["type"] is "breakglass.dev/credential")) Add(path, item);
        }

        return found;

        void Add(string path, JsonNode item)
        {
            var metadata = item["metadata"]!;
            var what = $"{path[(path.LastIndexOf('/') + 1)..]} {metadata["namespace"]}/{metadata["name"]}";
            found.Add((what, Uid(item) is { } uid ? ledger.OfUid(uid) : null));
        }
    }

    private async Task<IEnumerable<JsonNode>> ListAsync(string path, CancellationToken cancellationToken)
    {
        var answer = await cluster.Admin.GetAsync(path, cancellationToken);
        return answer.Ok ? answer.Json["items"]!.AsArray().Select(i => i!) : [];
    }

    private static string? Uid(JsonNode item) =>
        (string?)item["metadata"]!["annotations"]?["breakglass.dev/grant-uid"]
        ?? (string?)(item["metadata"]!["ownerReferences"] as JsonArray)?.FirstOrDefault(o => (string?)o!["kind"] is "BreakGlassGrant")?["uid"];
}
