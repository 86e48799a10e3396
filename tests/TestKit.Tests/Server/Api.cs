using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace TestKit.Tests.Server;

/// <summary>The fake server as plain HTTP shows it: what any client would see.</summary>
internal sealed class Api(FakeApiServer server, FakeUser? user = null, string? client = null) : IDisposable
{
    public const string Grants = "apis/breakglass.dev/v1alpha1/breakglassgrants";
    public const string Secrets = "api/v1/namespaces/default/secrets";
    public const string Accounts = "api/v1/namespaces/default/serviceaccounts";
    public const string RoleBindings = "apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings";

    private HttpClient? _http;

    public FakeApiHandler Handler { get; } = server.CreateHandler(user, client);

    public string? Token { get; set; }

    public string Accept { get; set; } = "application/json";

    private HttpClient Http => _http ??= new(Handler, disposeHandler: false) { BaseAddress = FakeApiServer.Address, Timeout = Timeout.InfiniteTimeSpan };

    public Task<HttpAnswer> Get(string path) => Send(HttpMethod.Get, path);

    public Task<HttpAnswer> Post(string path, string json) => Send(HttpMethod.Post, path, json);

    public Task<HttpAnswer> Put(string path, JsonNode json) => Send(HttpMethod.Put, path, json.ToJsonString());

    public Task<HttpAnswer> Delete(string path, string? json = null) => Send(HttpMethod.Delete, path, json);

    public Task<HttpAnswer> Patch(string path, string json, string type = "application/merge-patch+json") => Send(HttpMethod.Patch, path, json, type);

    public async Task<HttpAnswer> Send(HttpMethod method, string path, string? json = null, string type = "application/json", CancellationToken ct = default)
    {
        using var request = Request(method, path, json, type);
        using var response = await Http.SendAsync(request, ct);
        var text = await response.Content.ReadAsStringAsync(ct);
        return new((int)response.StatusCode, text.StartsWith('{') ? JsonNode.Parse(text)!.AsObject() : [], text, response.Headers);
    }

    public async Task<WatchReader> Watch(string path)
    {
        using var request = Request(HttpMethod.Get, path + (path.Contains('?') ? "&watch=true" : "?watch=true"), null, "");
        var response = await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        return new(response, await response.Content.ReadAsStreamAsync());
    }

    public void Dispose()
    {
        _http?.Dispose();
        Handler.Dispose();
    }

    private HttpRequestMessage Request(HttpMethod method, string path, string? json, string type)
    {
        var request = new HttpRequestMessage(method, path);
        request.Headers.Accept.ParseAdd(Accept);
        if (Token is not null) request.Headers.Authorization = new("Bearer", Token);
        if (json is not null) request.Content = new StringContent(json, Encoding.UTF8, new MediaTypeHeaderValue(type));
        return request;
    }
}
