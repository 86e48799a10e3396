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

    public Task<Answer> Get(string path) => Send(HttpMethod.Get, path);

    public Task<Answer> Post(string path, string json) => Send(HttpMethod.Post, path, json);

    public Task<Answer> Put(string path, JsonNode json) => Send(HttpMethod.Put, path, json.ToJsonString());

    public Task<Answer> Delete(string path, string? json = null) => Send(HttpMethod.Delete, path, json);

    public Task<Answer> Patch(string path, string json, string type = "application/merge-patch+json") => Send(HttpMethod.Patch, path, json, type);

    public async Task<Answer> Send(HttpMethod method, string path, string? json = null, string type = "application/json", CancellationToken ct = default)
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

internal sealed record Answer(int Code, JsonObject Body, string Text, HttpResponseHeaders Headers)
{
    public string Reason => Body["reason"]?.GetValue<string>() ?? "";

    public string Message => Body["message"]?.GetValue<string>() ?? "";

    public JsonObject Meta => Body["metadata"]!.AsObject();

    public string Version => Meta["resourceVersion"]!.GetValue<string>();

    public string Uid => Meta["uid"]!.GetValue<string>();

    public string[] Names => [.. Body["items"]!.AsArray().Select(i => i!["metadata"]!["name"]!.GetValue<string>())];

    public string? Cause => Body["details"]?["causes"]?[0]?["reason"]?.GetValue<string>();
}

internal sealed class WatchReader(HttpResponseMessage response, Stream stream) : IDisposable
{
    private readonly StreamReader _reader = new(stream);

    /// <summary>The next event as <c>TYPE name</c>, or null at the end.</summary>
    public async Task<string?> Next()
    {
        var e = await NextJson();
        return e is null ? null : $"{e["type"]} {e["object"]!["metadata"]?["name"] ?? e["object"]!["reason"]}".TrimEnd();
    }

    public async Task<JsonObject?> NextJson()
    {
        var line = await _reader.ReadLineAsync().Soon("the next watch event");
        return line is null ? null : JsonNode.Parse(line)!.AsObject();
    }

    public async Task<string[]> Take(int count)
    {
        var events = new List<string>();
        for (var i = 0; i < count; i++) events.Add(await Next() ?? "END");
        return [.. events];
    }

    public void Dispose()
    {
        _reader.Dispose();
        response.Dispose();
    }
}
