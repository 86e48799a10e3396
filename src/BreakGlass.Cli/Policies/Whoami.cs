using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using BreakGlass.Cli.Hosting;
using BreakGlass.Core.Api;
using Kube.Client;
using Kube.Model;

namespace BreakGlass.Cli.Policies;

/// <summary>Who the API server takes us for (KEP-3325, SelfSubjectReview).</summary>
internal static class Whoami
{
    /// <summary>Asks; null where the server cannot say: SelfSubjectReview is there from 1.28 on, as a beta from 1.27.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="policies">Policies to ask by, where only admission can say it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<Caller?> AskAsync(Cluster cluster, IReadOnlyList<BreakGlassPolicy> policies, CancellationToken cancellationToken) =>
        (await ReviewAsync(cluster.Client, new SelfSubjectReview(), cancellationToken))?.Status?.UserInfo
        ?? (await ReviewAsync(cluster.Client, new SelfSubjectReviewBeta(), cancellationToken))?.Status?.UserInfo
        ?? await ByAdmissionAsync(cluster, policies, cancellationToken);

    private static async Task<T?> ReviewAsync<T>(KubeClient client, T review, CancellationToken cancellationToken)
        where T : class, IKubeResource<T>
    {
        try
        {
            return await client.CreateAsync(review, cancellationToken);
        }
        catch (KubeApiException e) when (e.IsNotFound || e.IsForbidden)
        {
            return null;
        }
    }

    /// <summary>A request that is only rehearsed comes back with the requester that admission stamped, where the policy does not refuse it.</summary>
    private static async Task<Caller?> ByAdmissionAsync(Cluster cluster, IReadOnlyList<BreakGlassPolicy> policies, CancellationToken cancellationToken)
    {
        using var rehearsal = cluster.Client.Rehearsing();
        foreach (var policy in policies.Where(p => p.Spec.Justification?.TicketPattern is null).Take(5))
        {
            var grant = new BreakGlassGrant { Metadata = new() { GenerateName = "whoami-" }, Spec = new() { Policy = policy.Metadata.Name, Justification = new('?', 1024) } };
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

/// <summary>Asks who the caller is (authentication.k8s.io/v1).</summary>
internal sealed record SelfSubjectReview : IKubeResource<SelfSubjectReview>
{
    public string ApiVersion { get; init => field = value ?? "authentication.k8s.io/v1"; } = "authentication.k8s.io/v1";

    public string Kind { get; init => field = value ?? nameof(SelfSubjectReview); } = nameof(SelfSubjectReview);

    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    public SelfSubjectReviewStatus? Status { get; init; }

    public static ResourceType Resource { get; } = new("authentication.k8s.io", "v1", nameof(SelfSubjectReview), "selfsubjectreviews", Namespaced: false);

    public static JsonTypeInfo<SelfSubjectReview> Json { get; } = WhoamiJson.Of<SelfSubjectReview>();

    public static JsonTypeInfo<KubeList<SelfSubjectReview>> ListJson { get; } = WhoamiJson.Of<KubeList<SelfSubjectReview>>();

    public SelfSubjectReview WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

/// <summary>The same in 1.27.</summary>
internal sealed record SelfSubjectReviewBeta : IKubeResource<SelfSubjectReviewBeta>
{
    public string ApiVersion { get; init => field = value ?? "authentication.k8s.io/v1beta1"; } = "authentication.k8s.io/v1beta1";

    public string Kind { get; init => field = value ?? nameof(SelfSubjectReview); } = nameof(SelfSubjectReview);

    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    public SelfSubjectReviewStatus? Status { get; init; }

    public static ResourceType Resource { get; } = new("authentication.k8s.io", "v1beta1", nameof(SelfSubjectReview), "selfsubjectreviews", Namespaced: false);

    public static JsonTypeInfo<SelfSubjectReviewBeta> Json { get; } = WhoamiJson.Of<SelfSubjectReviewBeta>();

    public static JsonTypeInfo<KubeList<SelfSubjectReviewBeta>> ListJson { get; } = WhoamiJson.Of<KubeList<SelfSubjectReviewBeta>>();

    public SelfSubjectReviewBeta WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

/// <summary>The answer.</summary>
internal sealed record SelfSubjectReviewStatus(Caller? UserInfo);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, Converters = [typeof(SecondsConverter)])]
[JsonSerializable(typeof(SelfSubjectReview)), JsonSerializable(typeof(KubeList<SelfSubjectReview>))]
[JsonSerializable(typeof(SelfSubjectReviewBeta)), JsonSerializable(typeof(KubeList<SelfSubjectReviewBeta>))]
internal sealed partial class WhoamiContext : JsonSerializerContext;

internal static class WhoamiJson
{
    private static readonly System.Text.Json.JsonSerializerOptions Habits = KubeJson.WithKubernetesHabits(WhoamiContext.Default);

    public static JsonTypeInfo<T> Of<T>() => (JsonTypeInfo<T>)Habits.GetTypeInfo(typeof(T));
}
