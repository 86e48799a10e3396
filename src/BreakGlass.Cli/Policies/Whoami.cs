using System.Net;
using System.Text.Json.Serialization.Metadata;

namespace BreakGlass.Cli.Policies;

/// <summary>Who the API server takes us for (KEP-3325, SelfSubjectReview).</summary>
internal static class Whoami
{
    static Whoami()
    {
        var json = KubeJson.WithKubernetesHabits(WhoamiContext.Default);
        Register<SelfSubjectReview>("v1", json);
        Register<SelfSubjectReviewBeta>("v1beta1", json);
    }

    /// <summary>Asks; null where the server cannot say: SelfSubjectReview is there from 1.28 on, as a beta from 1.27.</summary>
    public static async Task<Caller?> AskAsync(ConnectedCluster cluster, IReadOnlyList<BreakGlassPolicy> policies, CancellationToken cancellationToken) =>
        (await ReviewAsync(cluster.Client, new SelfSubjectReview(), cancellationToken))?.Status?.UserInfo
        ?? (await ReviewAsync(cluster.Client, new SelfSubjectReviewBeta(), cancellationToken))?.Status?.UserInfo
        ?? await ByAdmissionAsync(cluster, policies, cancellationToken);

    private static void Register<T>(string version, JsonSerializerOptions json)
        where T : class, IKubernetesObject<V1ObjectMeta> => KubeKinds.Register(new KubeKind<T>(
            new("authentication.k8s.io", version, nameof(SelfSubjectReview), "selfsubjectreviews", Namespaced: false),
            (JsonTypeInfo<T>)json.GetTypeInfo(typeof(T))));

    private static async Task<T?> ReviewAsync<T>(KubeClient client, T review, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>, new()
    {
        try
        {
            return await client.CreateAsync(review, cancellationToken);
        }
        catch (KubeApiException e) when (e.Code is HttpStatusCode.NotFound or HttpStatusCode.Forbidden)
        {
            return null;
        }
    }

    /// <summary>A request that is only rehearsed comes back with the requester that admission stamped, where the policy does not refuse it.</summary>
    private static async Task<Caller?> ByAdmissionAsync(ConnectedCluster cluster, IReadOnlyList<BreakGlassPolicy> policies,
        CancellationToken cancellationToken)
    {
        using var rehearsal = cluster.Client.Rehearsing();
        foreach (var policy in policies.Where(p => p.Spec.Justification?.TicketPattern is null).Take(5))
        {
            var grant = new BreakGlassGrant { Metadata = new() { GenerateName = "whoami-" },
                Spec = new() { Policy = policy.Metadata.Name, Justification = new('?', 1024) } };
            try
            {
                if ((await rehearsal.CreateAsync(grant, cancellationToken)).Spec.Requester is { Username.Length: > 0 } me) return me;
                return null;
            }
            catch (KubeApiException e) when (e.IsForbidden || e.IsInvalid || (int)e.Code is 501 or 400)
            {
                // the next policy may take it
            }
        }

        return null;
    }
}
