namespace Kube.Client;

public sealed partial class KubeClient
{
    private const string PartialObject = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
    private const string PartialList = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

    /// <summary>Reads one object.</summary>
    /// <exception cref="KubeApiException">Not there (<see cref="KubeApiException.IsNotFound"/>) or refused.</exception>
    public Task<T> GetAsync<T>(string name, string? ns, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => GetAsync(KubeKinds.Of<T>(), name, ns, cancellationToken);

    private Task<T> GetAsync<T>(KubeKind<T> kind, string name, string? ns, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var request = new Request("get", HttpMethod.Get, UrlBuilder.Object(_root, kind.Resource, ns, name).Build())
        {
            Accept = kind.Resource.MetadataOnly ? PartialObject : Request.Json,
        };
        return SendAsync(request, (r, ct) => ReadJsonAsync(r, kind.Json, ct), cancellationToken);
    }

    /// <summary>
    /// Reads one object; null where the API server says that it does not exist. A 404 that is not the API server's own (no <c>Status</c>: a
    /// proxy, or a kind that is not installed) is thrown, because it does not mean that an object is gone.
    /// </summary>
    public Task<T?> TryGetAsync<T>(string name, string? ns, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => TryGetAsync(KubeKinds.Of<T>(), name, ns, cancellationToken);

    /// <summary>The same, by what is known of a kind: several kinds can be read as one type.</summary>
    public async Task<T?> TryGetAsync<T>(KubeKind<T> kind, string name, string? ns, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        try
        {
            return await GetAsync(kind, name, ns, cancellationToken);
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            return null;
        }
    }

    /// <summary>
    /// Reads all pages. A continue token that expires on the way (410) is answered with one full, unpaged list, as client-go's pager does;
    /// a 410 on the first page is thrown. Paging is off where a resource version other than <c>0</c> is asked for: it would bypass the server's cache.
    /// </summary>
    public Task<KubeList<T>> ListAsync<T>(ListQuery query, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => ListAsync<T>(query, shed: null, cancellationToken);

    /// <summary>The same, and each object is made smaller as soon as it is read, so that the whole of them is never in memory.</summary>
    /// <param name="query">What to list.</param>
    /// <param name="shed">Gives an object without what the caller does not need; null for the object as it is.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<KubeList<T>> ListAsync<T>(ListQuery query, Func<T, T>? shed, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var atVersion = !string.IsNullOrEmpty(query.ResourceVersion) && query.ResourceVersion != "0";
        var first = atVersion ? query with { Limit = 0 } : query;
        var page = await ListPageAsync(first, shed, cancellationToken);
        if (string.IsNullOrEmpty(page.Metadata.ContinueProperty)) return page;

        var items = new List<T>(page.Items.Count + (int)Math.Clamp(page.Metadata.RemainingItemCount ?? 0, 0, 1_000_000));
        items.AddRange(page.Items);
        while (!string.IsNullOrEmpty(page.Metadata.ContinueProperty))
        {
            try
            {
                // The token holds the version; naming one beside it is an error.
                var next = query with { Continue = page.Metadata.ContinueProperty, ResourceVersion = null };
                page = await ListPageAsync(next, shed, cancellationToken);
            }
            catch (KubeApiException e) when (e.IsGone)
            {
                return await ListPageAsync(query with { Continue = null, Limit = 0 }, shed, cancellationToken);
            }

            items.AddRange(page.Items);
        }

        return new KubeList<T> { Metadata = page.Metadata with { RemainingItemCount = null }, Items = items };
    }

    /// <summary>
    /// Reads name, namespace and UID of objects of any kind. What they hold never reaches this process, and their other metadata, which may be large, is not
    /// kept. A server that answers from its cache gives all objects in one page, whatever limit it is asked for: the rest of the answer is not read.
    /// </summary>
    /// <param name="kind">Their kind.</param>
    /// <param name="query">Which.</param>
    /// <param name="most">The most that are read; whatever there is more is left out.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<IReadOnlyList<V1ObjectMeta>> ListMetadataAsync(ResourceType kind, ListQuery query, int most, CancellationToken cancellationToken)
    {
        var request = new Request("list", HttpMethod.Get, Page(kind, query with { Limit = most })) { Accept = PartialList };

        // PartialObjectMetadata looks the same for every kind.
        var any = KubeKinds.Of<SecretMetadata>();
        var page = await SendAsync(request, (r, ct) => ListReader<SecretMetadata>.ReadAsync(r, any, Bare, _options.OnSkipped, most, ct), cancellationToken);
        return [.. page.Items.Select(o => o.Metadata)];
    }

    private static SecretMetadata Bare(SecretMetadata o) => new()
    {
        Metadata = new()
        {
            Name = o.Metadata.Name, NamespaceProperty = o.Metadata.NamespaceProperty, Uid = o.Metadata.Uid, CreationTimestamp = o.Metadata.CreationTimestamp,
        },
    };

    /// <summary>
    /// Reads one page. An item that cannot be read is left out and reported (<see cref="KubeClientOptions.OnSkipped"/>); it does not cost the others.
    /// </summary>
    public Task<KubeList<T>> ListPageAsync<T>(ListQuery query, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => ListPageAsync<T>(query, shed: null, cancellationToken);

    private Task<KubeList<T>> ListPageAsync<T>(ListQuery query, Func<T, T>? shed, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var kind = KubeKinds.Of<T>();
        var request = new Request("list", HttpMethod.Get, Page(kind.Resource, query)) { Accept = kind.Resource.MetadataOnly ? PartialList : Request.Json };
        return SendAsync(request, (r, ct) => ListReader<T>.ReadAsync(r, kind, shed, _options.OnSkipped, int.MaxValue, ct), cancellationToken);
    }

    private Uri Page(ResourceType kind, ListQuery query) => UrlBuilder.Collection(_root, kind, query.Namespace)
        .With("labelSelector", query.LabelSelector)
        .With("fieldSelector", query.FieldSelector)
        .With("resourceVersion", query.ResourceVersion)
        .With("limit", query.Limit > 0 ? query.Limit.ToString(CultureInfo.InvariantCulture) : null)
        .With("continue", query.Continue)
        .Build();
}
