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
        var kind = KubeKinds.Of<T>();
        if (kind.Resource.Namespaced && obj.Key.Namespace.Length == 0)
        {
            throw new ArgumentException($"{kind.Resource} are namespaced: set metadata.namespace", nameof(obj));
        }

        return WriteAsync("create", HttpMethod.Post, UrlBuilder.Collection(_root, kind.Resource, obj.Key.Namespace), kind, obj, cancellationToken);
    }

    /// <summary>Replaces an object; where its resource version is set, only if it is still that version (<see cref="KubeApiException.IsConflict"/>).</summary>
    public Task<T> ReplaceAsync<T>(T obj, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>, new() => ReplaceAsync(obj, subresource: "", cancellationToken);

    /// <summary>Replaces an object's status alone.</summary>
    public Task<T> ReplaceStatusAsync<T>(T obj, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>, new() => ReplaceAsync(obj, "/status", cancellationToken);

    /// <summary>Replaces the conditions of a CertificateSigningRequest alone, by which it is approved or denied.</summary>
    public Task<V1CertificateSigningRequest> ReplaceApprovalAsync(V1CertificateSigningRequest request, CancellationToken cancellationToken) =>
        ReplaceAsync(request, "/approval", cancellationToken);

    private Task<T> ReplaceAsync<T>(T obj, string subresource, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>, new()
    {
        var kind = KubeKinds.Of<T>();
        var url = UrlBuilder.Object(_root, kind.Resource, obj.Key.Namespace, obj.Key.Name, subresource);
        return WriteAsync("update", HttpMethod.Put, url, kind, obj, cancellationToken);
    }

    /// <summary>JSON merge patch (RFC 7386): null removes a field.</summary>
    public Task<T> MergePatchAsync<T>(string name, string? ns, JsonObject patch, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => PatchAsync<T>(name, ns, patch, "application/merge-patch+json", cancellationToken);

    /// <summary>JSON patch (RFC 6902); a <c>test</c> that fails is 422 (<see cref="KubeApiException.IsInvalid"/>).</summary>
    public Task<T> JsonPatchAsync<T>(string name, string? ns, JsonArray patch, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => PatchAsync<T>(name, ns, patch, "application/json-patch+json", cancellationToken);

    /// <summary>
    /// Server-side apply: creates the object, or sets exactly the fields that are given and removes those that this manager set before and does not give now.
    /// Other managers' values are overwritten. Fields whose value is an empty text are not given: Kubernetes 1.20 as Debian builds it reads them as null.
    /// </summary>
    /// <param name="obj">The fields that are this manager's.</param>
    /// <param name="fieldManager">The name by which the API server knows whose fields they are.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    public Task<T> ApplyAsync<T>(T obj, string fieldManager, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>, new() => ApplyAsync(obj, "", fieldManager, cancellationToken);

    /// <summary>Server-side apply of an object's status alone. The object must exist (<see cref="KubeApiException.IsNotFound"/>).</summary>
    public Task<T> ApplyStatusAsync<T>(T obj, string fieldManager, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>, new() => ApplyAsync(obj, "/status", fieldManager, cancellationToken);

    private Task<T> ApplyAsync<T>(T obj, string subresource, string fieldManager, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>, new()
    {
        var kind = KubeKinds.Of<T>();
        var url = UrlBuilder.Object(_root, kind.Resource, obj.Key.Namespace, obj.Key.Name, subresource)
            .With("fieldManager", fieldManager).With("force", "true").With("dryRun", _options.DryRun ? DryRunAll : null);
        var body = JsonSerializer.SerializeToNode(obj, kind.Json)!;
        LeaveOutEmptyTexts(body);
        var request = new Request("patch", HttpMethod.Patch, url.Build())
        {
            Body = Encoding.UTF8.GetBytes(body.ToJsonString()),
            ContentType = "application/apply-patch+yaml",
        };
        return SendAsync(request, (r, ct) => ReadJsonAsync(r, kind.Json, ct), cancellationToken);
    }

    private static void LeaveOutEmptyTexts(JsonNode? node)
    {
        if (node is JsonArray array)
        {
            foreach (var item in array) LeaveOutEmptyTexts(item);
        }
        else if (node is JsonObject fields)
        {
            foreach (var (name, value) in fields.ToList())
            {
                if (value is JsonValue text && text.TryGetValue(out string? content) && content.Length == 0) fields.Remove(name);
                else LeaveOutEmptyTexts(value);
            }
        }
    }

    /// <summary>Deletes an object. False: the API server says it was not there.</summary>
    /// <exception cref="KubeApiException"><see cref="KubeApiException.IsConflict"/>: it is not the one that the preconditions name.</exception>
    public Task<bool> DeleteAsync<T>(string name, string? ns, DeleteOptions options, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => DeleteAsync(KubeKinds.Of<T>().Resource, name, ns, options, cancellationToken);

    /// <summary>The same, by the place of a kind in the API: what is only deleted needs no model.</summary>
    public async Task<bool> DeleteAsync(ResourceType kind, string name, string? ns, DeleteOptions options, CancellationToken cancellationToken)
    {
        try
        {
            // The answer is a Status or the object with its finalizers: neither is needed.
            return await SendAsync(DeleteRequest(kind, name, ns, options), static (_, _) => ValueTask.FromResult(true), cancellationToken);
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
        SendAsync(DeleteRequest(KubeKinds.Of<T>().Resource, name, ns, options), static (r, ct) => IsHeldAsync(r, ct), cancellationToken);

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

    private Request DeleteRequest(ResourceType kind, string name, string? ns, DeleteOptions options)
    {
        var conditions = new V1Preconditions { Uid = options.Uid, ResourceVersion = options.ResourceVersion };
        var body = new V1DeleteOptions
        {
            ApiVersion = V1DeleteOptions.KubeApiVersion,
            Kind = V1DeleteOptions.KubeKind,
            Preconditions = options.Uid is null && options.ResourceVersion is null ? null : conditions,
            GracePeriodSeconds = options.GracePeriodSeconds,

            // Not in the query: a server that finds a body looks for the options there alone, and would delete.
            DryRun = _options.DryRun ? [DryRunAll] : null,
        };

        // There is always a body: the HTTP stack repeats by itself a request without one whose connection broke.
        return new("delete", HttpMethod.Delete, UrlBuilder.Object(_root, kind, ns, name).Build())
        {
            Body = JsonSerializer.SerializeToUtf8Bytes(body, KubeModels.Json<V1DeleteOptions>()),
        };
    }

    /// <summary>Has the API server issue a token for a ServiceAccount. The token is in the answer's status; it is never logged here.</summary>
    /// <exception cref="InvalidOperationException">
    /// The client only rehearses (<see cref="KubeClientOptions.DryRun"/>), and the token would be a real one.
    /// </exception>
    public Task<TokenRequest> CreateTokenAsync(string ns, string serviceAccount, TokenRequest request, CancellationToken cancellationToken)
    {
        if (_options.DryRun) throw new InvalidOperationException("a dry run must not request a token: the API server would issue a real one");
        var url = UrlBuilder.Object(_root, KubeKinds.Of<V1ServiceAccount>().Resource, ns, serviceAccount, "/token");
        var post = new Request("create", HttpMethod.Post, url.Build())
        {
            Body = JsonSerializer.SerializeToUtf8Bytes(request, KubeModels.Json<TokenRequest>()),
        };
        return SendAsync(post, static (r, ct) => ReadJsonAsync(r, KubeModels.Json<TokenRequest>(), ct), cancellationToken);
    }

    private Task<T> WriteAsync<T>(string verb, HttpMethod method, UrlBuilder url, KubeKind<T> kind, T obj, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        if (kind.Resource.MetadataOnly)
        {
            throw new InvalidOperationException(
                $"{typeof(T).Name} is only the metadata of {kind.Resource}: to write it back would delete the rest. Use the full type.");
        }

        var request = new Request(verb, method, ForWrite(url)) { Body = JsonSerializer.SerializeToUtf8Bytes(obj, kind.Json) };
        return SendAsync(request, (r, ct) => ReadJsonAsync(r, kind.Json, ct), cancellationToken);
    }

    private Task<T> PatchAsync<T>(string name, string? ns, JsonNode patch, string contentType, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var kind = KubeKinds.Of<T>();
        var request = new Request("patch", HttpMethod.Patch, ForWrite(UrlBuilder.Object(_root, kind.Resource, ns, name)))
        {
            Accept = kind.Resource.MetadataOnly ? PartialObject : Request.Json,
            Body = Encoding.UTF8.GetBytes(patch.ToJsonString()),
            ContentType = contentType,
        };
        return SendAsync(request, (r, ct) => ReadJsonAsync(r, kind.Json, ct), cancellationToken);
    }

    private Uri ForWrite(UrlBuilder url) =>
        url.With("fieldManager", _options.FieldManager).With("dryRun", _options.DryRun ? DryRunAll : null).Build();
}
