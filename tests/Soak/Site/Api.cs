using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Soak.Site;

/// <summary>Somebody at the API server, by HTTP alone: none of the operator's client code is used to judge the operator.</summary>
internal sealed partial class Api : IDisposable
{
    public const string Ours = "/apis/breakglass.dev/v1alpha1";
    private readonly HttpClient _http;

    private Api(string name, HttpClient http) => (Name, _http) = (name, http);

    public string Name { get; }

    /// <summary>Somebody by a kubeconfig of the control plane.</summary>
    public static Api Of(string name, TestKit.ControlPlane cluster, string kubeconfig)
    {
        var text = File.ReadAllText(kubeconfig);
        return Of(name, cluster, Token().Match(text) is { Success: true } token ? token.Groups["token"].Value : null, Pem(text, "client-certificate-data"),
            Pem(text, "client-key-data"));
    }

    /// <summary>Somebody by a token.</summary>
    public static Api Bearing(string name, TestKit.ControlPlane cluster, string token) => Of(name, cluster, token, null, null);

    public Task<ApiAnswer> GetAsync(string path, CancellationToken cancellationToken) => SendAsync(HttpMethod.Get, path, null, cancellationToken);

    public Task<ApiAnswer> PostAsync(string path, JsonNode body, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, path, body.ToJsonString(), cancellationToken);

    public Task<ApiAnswer> PutAsync(string path, JsonNode body, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Put, path, body.ToJsonString(), cancellationToken);

    public Task<ApiAnswer> DeleteAsync(string path, CancellationToken cancellationToken) => SendAsync(HttpMethod.Delete, path, null, cancellationToken);

    public Task<ApiAnswer> PatchAsync(string path, string mergePatch, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Patch, path, mergePatch, cancellationToken, "application/merge-patch+json");

    /// <summary>Any request. A connection that breaks and an answer that does not come are an answer with status 0.</summary>
    public async Task<ApiAnswer> SendAsync(HttpMethod method, string path, string? body, CancellationToken cancellationToken, string type = "application/json")
    {
        try
        {
            using var request = new HttpRequestMessage(method, path);
            request.Headers.Accept.Add(new("application/json"));
            if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, type);
            using var answer = await _http.SendAsync(request, cancellationToken);
            return new((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(cancellationToken));
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return new(0, e.GetType().Name);
        }
    }

    /// <summary>Sends, throws the answer's body away and gives the status: for floods.</summary>
    public async Task<int> DrainAsync(HttpMethod method, string path, string? body, CancellationToken cancellationToken)
    {
        try
        {
            using var request = new HttpRequestMessage(method, path);
            if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            await (await answer.Content.ReadAsStreamAsync(cancellationToken)).CopyToAsync(Stream.Null, cancellationToken);
            return (int)answer.StatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            return 0;
        }
    }

    /// <summary>The lines of a watch until it ends.</summary>
    public async IAsyncEnumerable<JsonNode> WatchAsync(
        string path, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var answer = await _http.SendAsync(new HttpRequestMessage(HttpMethod.Get, path), HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (answer.StatusCode != HttpStatusCode.OK) yield break;
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(cancellationToken));
        while (await lines.ReadLineAsync(cancellationToken) is { } line) yield return JsonNode.Parse(line)!;
    }

    public void Dispose() => _http.Dispose();

    private static Api Of(string name, TestKit.ControlPlane cluster, string? token, string? certificate, string? key)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            MaxConnectionsPerServer = 64,
            SslOptions = new()
            {
                CertificateChainPolicy = new()
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    CustomTrustStore = { X509Certificate2.CreateFromPem(File.ReadAllText(cluster.CaCertificate)) },
                    RevocationMode = X509RevocationMode.NoCheck,
                },
                ClientCertificates = certificate is null ? null : [X509Certificate2.CreateFromPem(certificate, key)],
            },
        };
        var http = new HttpClient(handler) { BaseAddress = cluster.Server, Timeout = TimeSpan.FromSeconds(30) };
        if (token is not null) http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return new(name, http);
    }

    private static string? Pem(string kubeconfig, string field) =>
        Regex.Match(kubeconfig, $"{field}: (\\S+)", RegexOptions.None, TimeSpan.FromSeconds(1)) is { Success: true } found
            ? Encoding.ASCII.GetString(Convert.FromBase64String(found.Groups[1].Value))
            : null;

    [GeneratedRegex("token: \"?(?<token>[^\\s\"]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Token();
}
