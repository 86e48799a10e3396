namespace Kube.Client;

/// <content>
/// Writes. A lost answer is <see cref="KubeConnectionException"/> with <see cref="KubeConnectionException.MayHaveHappened"/>; the client never sends such a
/// write again.
/// </content>
public sealed partial class KubeClient
{
    private const string DryRunAll = "All";

    /// <summary>Creates an object and gives it as the server stored it.</summary>
    /// <typeparam name="T">
    /// A kind, and never an interface of many (hence <c>new()</c>): the type decides where the object goes and what of it is written.
    /// </typeparam>
    /// <exception cref="KubeApiException"><see cref="KubeApiException.IsAlreadyExists"/>, <see cref="KubeApiException.IsInvalid"/>, …</exception>
    public Task<T> CreateAsync<T>(T obj, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>, new()
    {
        var (kind, ns) = (KubeKinds.Of<T>(), obj.Key.Namespace);
        CheckWritable(kind);
        if (kind.Resource.Namespaced && ns.Length == 0)
        {
            throw new ArgumentException($"{kind.Resource} are namespaced: set metadata.namespace", nameof(obj));
        }

        var url = UrlBuilder.Collection(_root, kind.Resource, ns).With("fieldManager", _options.FieldManager);
        return WriteAsync("create", HttpMethod.Post, url, kind, obj, Request.Json, cancellationToken);
    }

    /// <summary>Replaces an object; where its resource version is set, only if it is still that version (<see cref="KubeApiException.IsConflict"/>).</summary>
    public Task<T> ReplaceAsync<T>(T obj, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>, new()
    {
        var kind = KubeKinds.Of<T>();
        var url = ObjectUrl(kind, obj.Key).With("fieldManager", _options.FieldManager);
        return WriteAsync("update", HttpMethod.Put, url, kind, obj, Request.Json, cancellationToken);
    }

    /// <summary>Replaces an object's status alone.</summary>
    public Task<T> ReplaceStatusAsync<T>(T obj, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>, new()
    {
        var kind = KubeKinds.Of<T>();
        CheckWritable(kind);
        var path = kind.Resource.ObjectPath(Ns(kind.Resource, obj.Key.Namespace), UrlBuilder.Segment(obj.Key.Name)) + "/status";
        var url = UrlBuilder.At(_root, path).With("fieldManager", _options.FieldManager);
        return WriteAsync("update", HttpMethod.Put, url, kind, obj, Request.Json, cancellationToken);
    }

    /// <summary>JSON merge patch (RFC 7386): null removes a field.</summary>
    public Task<T> MergePatchAsync<T>(string name, string? ns, JsonObject patch, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => PatchAsync<T>(name, ns, patch, "application/merge-patch+json", cancellationToken);

    /// <summary>JSON patch (RFC 6902); a <c>test</c> that fails is 422 (<see cref="KubeApiException.IsInvalid"/>).</summary>
    public Task<T> JsonPatchAsync<T>(string name, string? ns, JsonArray patch, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => PatchAsync<T>(name, ns, patch, "application/json-patch+json", cancellationToken);

    /// <summary>Deletes an object. False: the API server says it was not there.</summary>
    /// <exception cref="KubeApiException"><see cref="KubeApiException.IsConflict"/>: it is not the one that the preconditions name.</exception>
    public async Task<bool> DeleteAsync<T>(string name, string? ns, DeleteOptions options, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        try
        {
            // The answer is a Status or the object with its finalizers: neither is needed.
            return await SendAsync(DeleteRequest<T>(name, ns, options), static (_, _) => ValueTask.FromResult(true), cancellationToken);
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            return false;
        }
    }

    /// <summary>Deletes an object. True: it is still there, marked as deleted, because finalizers hold it.</summary>
    /// <exception cref="KubeApiException"><see cref="KubeApiException.IsNotFound"/>, or as for <see cref="DeleteAsync{T}"/>.</exception>
    public Task<bool> DeleteIsHeldAsync<T>(string name, string? ns, DeleteOptions options, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        SendAsync(DeleteRequest<T>(name, ns, options), static (r, ct) => IsHeldAsync(r, ct), cancellationToken);

    /// <summary>The answer is a Status, or the object as it was or is: one with finalizers is not gone.</summary>
    private static async ValueTask<bool> IsHeldAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        await using (stream)
        {
            using var answer = await JsonDocument.ParseAsync(stream, default, cancellationToken);
            return answer.RootElement.ValueKind is JsonValueKind.Object
                && answer.RootElement.TryGetProperty("metadata", out var metadata) && metadata.ValueKind is JsonValueKind.Object
                && metadata.TryGetProperty("finalizers", out var finalizers) && finalizers.ValueKind is JsonValueKind.Array && finalizers.GetArrayLength() > 0;
        }
    }

    private Request DeleteRequest<T>(string name, string? ns, DeleteOptions options)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var conditions = options.Uid is null && options.ResourceVersion is null ? null : new DeletePreconditions(options.Uid, options.ResourceVersion);
        var body = new DeleteBody
        {
            Preconditions = conditions,

            // Not in the query: a server that finds a body looks for the options there alone, and would delete.
            DryRun = _options.DryRun ? [DryRunAll] : null,
        };

        // There is always a body: the HTTP stack repeats by itself a request without one whose connection broke.
        return new("delete", HttpMethod.Delete, UrlBuilder.Object(_root, KubeKinds.Of<T>().Resource, ns, name).Build())
        {
            Body = JsonSerializer.SerializeToUtf8Bytes(body, ClientJson.Default.DeleteBody),
        };
    }

    /// <summary>Has the API server issue a token for a ServiceAccount. The token is in the answer's status; it is never logged here.</summary>
    /// <exception cref="InvalidOperationException">
    /// The client only rehearses (<see cref="KubeClientOptions.DryRun"/>), and the token would be a real one.
    /// </exception>
    public Task<TokenRequest> CreateTokenAsync(string ns, string serviceAccount, TokenRequest request, CancellationToken cancellationToken)
    {
        if (_options.DryRun) throw new InvalidOperationException("a dry run must not request a token: the API server would issue a real one");
        var path = KubeKinds.Of<V1ServiceAccount>().Resource.ObjectPath(UrlBuilder.Segment(ns), UrlBuilder.Segment(serviceAccount)) + "/token";
        var post = new Request("create", HttpMethod.Post, UrlBuilder.At(_root, path).Build())
        {
            Body = JsonSerializer.SerializeToUtf8Bytes(request, KubeModels.Json<TokenRequest>()),
        };
        return SendAsync(post, static (r, ct) => ReadJsonAsync(r, KubeModels.Json<TokenRequest>(), ct), cancellationToken);
    }

    private UrlBuilder Rehearsed(UrlBuilder url) => url.With("dryRun", _options.DryRun ? DryRunAll : null);

    private static string? Ns(ResourceType resource, string? ns)
    {
        if (!resource.Namespaced) return null;
        return string.IsNullOrEmpty(ns) ? throw new ArgumentException($"{resource} are namespaced: set the namespace", nameof(ns)) : UrlBuilder.Segment(ns);
    }

    private static void CheckWritable<T>(KubeKind<T> kind)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        if (kind.Resource.MetadataOnly)
        {
            throw new InvalidOperationException(
                $"{typeof(T).Name} is only the metadata of {kind.Resource}: to write it back would delete the rest. Use the full type.");
        }
    }

    private UrlBuilder ObjectUrl<T>(KubeKind<T> kind, ObjectKey key)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        CheckWritable(kind);
        return UrlBuilder.Object(_root, kind.Resource, key.Namespace, key.Name);
    }

    private Task<T> WriteAsync<T>(
        string verb, HttpMethod method, UrlBuilder url, KubeKind<T> kind, T obj, string contentType, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var request = new Request(verb, method, Rehearsed(url).Build())
        {
            Body = JsonSerializer.SerializeToUtf8Bytes(obj, kind.Json),
            ContentType = contentType,
        };
        return SendAsync(request, (r, ct) => ReadJsonAsync(r, kind.Json, ct), cancellationToken);
    }

    private Task<T> PatchAsync<T>(string name, string? ns, JsonNode patch, string contentType, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var kind = KubeKinds.Of<T>();
        var url = UrlBuilder.Object(_root, kind.Resource, ns, name).With("fieldManager", _options.FieldManager);
        var request = new Request("patch", HttpMethod.Patch, Rehearsed(url).Build())
        {
            Accept = kind.Resource.MetadataOnly ? PartialObject : Request.Json,
            Body = ToUtf8(patch),
            ContentType = contentType,
        };
        return SendAsync(request, (r, ct) => ReadJsonAsync(r, kind.Json, ct), cancellationToken);
    }

    private static byte[] ToUtf8(JsonNode node)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            node.WriteTo(writer);
        }

        return buffer.ToArray();
    }
}
