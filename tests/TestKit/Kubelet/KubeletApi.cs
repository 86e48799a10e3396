using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;

namespace TestKit.Kubelet;

/// <summary>What the test kubelet asks of the API server, as the administrator.</summary>
internal sealed class KubeletApi : IDisposable
{
    private readonly HttpClient _http;

    public KubeletApi(string directory, KubeletCertificates certificates)
    {
        var pki = Path.Combine(directory, "pki");
        _http = new(new SocketsHttpHandler
        {
            UseProxy = false,
            SslOptions = new SslClientAuthenticationOptions
            {
                ClientCertificates = [X509Certificate2.CreateFromPemFile(Path.Combine(pki, "admin.crt"), Path.Combine(pki, "admin.key"))],
                CertificateChainPolicy = certificates.Policy(),
            },
        }) { BaseAddress = new Uri(File.ReadAllText(Path.Combine(directory, "server")).Trim()), Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>Creates an object; one that exists already stays as it is.</summary>
    /// <returns>The object as the API server has it; null if it existed.</returns>
    public async Task<JsonNode?> CreateAsync(string path, JsonObject body, CancellationToken cancellationToken)
    {
        using var answer = await _http.PostAsync(path, Json(body, "application/json"), cancellationToken);
        if (answer.StatusCode == System.Net.HttpStatusCode.Conflict) return null;
        return await ReadAsync(answer, $"POST {path}", cancellationToken);
    }

    /// <summary>Reads an object or a list.</summary>
    public async Task<JsonNode> GetAsync(string path, CancellationToken cancellationToken)
    {
        using var answer = await _http.GetAsync(path, cancellationToken);
        return await ReadAsync(answer, $"GET {path}", cancellationToken);
    }

    /// <summary>Changes an object.</summary>
    /// <returns>False if it is gone.</returns>
    public async Task<bool> PatchAsync(string path, JsonObject patch, CancellationToken cancellationToken)
    {
        using var answer = await _http.PatchAsync(path, Json(patch, "application/merge-patch+json"), cancellationToken);
        if (answer.StatusCode == System.Net.HttpStatusCode.NotFound) return false;
        await ReadAsync(answer, $"PATCH {path}", cancellationToken);
        return true;
    }

    /// <summary>Removes an object at once; one that is gone already is not an error.</summary>
    public async Task DeleteAsync(string path, CancellationToken cancellationToken)
    {
        using var answer = await _http.DeleteAsync($"{path}?gracePeriodSeconds=0", cancellationToken);
    }

    /// <summary>The events of a watch, until it ends.</summary>
    public async IAsyncEnumerable<JsonNode> WatchAsync(string path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var lines = new StreamReader(await _http.GetStreamAsync(path, cancellationToken));
        while (await lines.ReadLineAsync(cancellationToken) is { } line) yield return JsonNode.Parse(line)!;
    }

    public void Dispose() => _http.Dispose();

    /// <summary>A time as Kubernetes writes it.</summary>
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    private static StringContent Json(JsonObject body, string type) => new(body.ToJsonString(), Encoding.UTF8, new MediaTypeHeaderValue(type));

    private static async Task<JsonNode> ReadAsync(HttpResponseMessage answer, string request, CancellationToken cancellationToken)
    {
        var text = await answer.Content.ReadAsStringAsync(cancellationToken);
        return answer.IsSuccessStatusCode ? JsonNode.Parse(text)!
            : throw new InvalidOperationException($"The API server answered {(int)answer.StatusCode} to {request} of the test kubelet: {text}");
    }
}
