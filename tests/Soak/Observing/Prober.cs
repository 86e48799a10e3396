using System.Text.Json.Nodes;
using Soak.Faults;
using Soak.Site;

namespace Soak.Observing;

/// <summary>
/// Tries what a grant gives, again and again, as who has it: with the delivered token, or as the requester who is bound. Where no token could be had the API
/// server's authorizer is asked about the identity.
/// </summary>
internal sealed class Prober(SoakCluster cluster, History history, Judge judge, FaultTimes times)
{
    // Somebody takes bindings or identities away, or nobody is there to put them back.
    private static readonly string[] s_breaks =
    [
        FaultNames.GrantsNamespaceDeleted, FaultNames.BothDead, FaultNames.LeaderKilled, FaultNames.LeaseStolen, FaultNames.ServerFrozen,
        FaultNames.ServerFrozenForLong, FaultNames.SilentWatch,
        FaultNames.LabelFight, FaultNames.LabelWebhook,
    ];

    // After access was seen to be gone: whether it comes back.
    private static readonly double[] s_later = [1, 3, 10, 30];

    /// <summary>From the moment a grant is recorded as active until it has been gone for a while.</summary>
    public async Task FollowAsync(KnownGrant grant, CancellationToken cancellationToken)
    {
        Api? own = null;
        try
        {
            for (var (gone, missing) = (0, 0); gone < s_later.Length;)
            {
                own ??= grant.Bound ? null : await FetchAsync(grant, cancellationToken);
                var started = Clock.Now;
                var allowed = await TryAsync(grant, own, cancellationToken);
                if (allowed is { } answer) judge.Tried(grant, started, answer);
                var due = grant.Dues.Any(d => d.At < started);
                missing = allowed is false && !due && grant is { Phase: "Active" } ? missing + 1 : 0;
                if (missing > 4 && !times.Between(started.AddSeconds(-90), started).Intersect(s_breaks).Any())
                    history.Violation("status says what is", "it is Active, and its access is refused again and again", grant.Name);
                if (!due) await IdleAsync(grant, cancellationToken);
                else if (allowed is false) await Clock.PauseAsync(s_later[gone++], cancellationToken);
                else await Clock.PauseAsync(0.2, cancellationToken);
            }
        }
        finally
        {
            own?.Dispose();
        }
    }

    // Until something becomes due, but for a look now and then.
    private static async Task IdleAsync(KnownGrant grant, CancellationToken cancellationToken)
    {
        var until = Clock.Now.AddSeconds(grant.WasOpen ? 4 : 0.7);
        do await Clock.PauseAsync(0.1, cancellationToken);
        while (Clock.Now < until && !grant.Dues.Any(d => d.At < Clock.Now));
    }

    private async Task<Api?> FetchAsync(KnownGrant grant, CancellationToken cancellationToken)
    {
        if (grant.Secret?.Split('/') is not [var ns, var name]) return null;
        var path = $"/api/v1/namespaces/{ns}/secrets/{name}";
        var answer = await cluster.Person(grant.Requester).GetAsync(path, cancellationToken);
        if (!answer.Ok) answer = await cluster.Admin.GetAsync(path, cancellationToken);
        if (!answer.Ok || (string?)answer.Json["data"]?["token"] is not { } encoded) return null;
        history.Say(grant.Name, "the credential is there");
        return Api.Bearing(grant.Name, cluster.ControlPlane, System.Text.Encoding.ASCII.GetString(Convert.FromBase64String(encoded)));
    }

    private async Task<bool?> TryAsync(KnownGrant grant, Api? own, CancellationToken cancellationToken)
    {
        if (grant.Bound) own = cluster.Person(grant.Requester);
        if (own is null) return await AskAsync(grant, cancellationToken);
        var answer = await own.GetAsync($"/api/v1/namespaces/{grant.Place}/configmaps/checkout", cancellationToken);
        return answer.Status switch { 200 => true, 401 or 403 => false, _ => null };
    }

    private async Task<bool?> AskAsync(KnownGrant grant, CancellationToken cancellationToken)
    {
        if (grant.ServiceAccount?.Split('/') is not [var ns, var name]) return null;
        var review = new JsonObject
        {
            ["apiVersion"] = "authorization.k8s.io/v1",
            ["kind"] = "SubjectAccessReview",
            ["spec"] = new JsonObject
            {
                ["user"] = $"system:serviceaccount:{ns}:{name}",
                ["groups"] = new JsonArray("system:serviceaccounts", $"system:serviceaccounts:{ns}", "system:authenticated"),
                ["resourceAttributes"] = new JsonObject { ["namespace"] = grant.Place, ["verb"] = "get", ["resource"] = "configmaps", ["name"] = "checkout" },
            },
        };
        var answer = await cluster.Admin.PostAsync("/apis/authorization.k8s.io/v1/subjectaccessreviews", review, cancellationToken);
        if (!answer.Ok) return null;
        if ((bool?)answer.Json["status"]?["allowed"] is not true) return false;

        // The authorizer answers for a name, also after the identity of that name is deleted. If a webhook keeps a binding from being removed,
        // deleting the identity is what ends access. This path is only for grants whose token was never read; a token that was read is tried itself.
        return (await cluster.Admin.GetAsync($"/api/v1/namespaces/{ns}/serviceaccounts/{name}", cancellationToken)).Status switch { 200 => true, 404 => false,
            _ => null };
    }
}
