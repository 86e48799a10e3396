using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;

namespace Integration.Attacks;

/// <summary>Somebody who talks to the API server with credentials of their own, and writes whatever they like, well formed or not.</summary>
internal sealed partial class Person : IDisposable
{
    private const string Api = "/apis/breakglass.dev/v1alpha1/";
    private const int Tries = 10;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);
    private readonly HttpClient _http;
    private readonly bool _owns;
    private readonly IReadOnlyList<(string Name, string Value)> _headers;

    private Person(string name, string? group, HttpClient http, bool owns, IReadOnlyList<(string Name, string Value)> headers) =>
        (Name, Group, _http, _owns, _headers) = (name, group, http, owns, headers);

    /// <summary>The user name.</summary>
    public string Name { get; }

    /// <summary>One of the groups, for questions to the authorizer.</summary>
    public string? Group { get; }

    /// <summary>Somebody by a kubeconfig; without one, nobody in particular.</summary>
    public static Person Of(string name, string? group, TestKit.ControlPlane cluster, string? kubeconfig)
    {
        var text = kubeconfig is null ? "" : File.ReadAllText(kubeconfig);
        var authority = X509Certificate2.CreateFromPem(File.ReadAllText(cluster.CaCertificate));
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            RequestHeaderEncodingSelector = static (_, _) => Encoding.UTF8, // a name that is impersonated may be in any script
            SslOptions = new()
            {
                CertificateChainPolicy =
                    new() { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { authority }, RevocationMode = X509RevocationMode.NoCheck },
                ClientCertificates = Pem(text, "client-certificate-data") is { } certificate
                    ? [X509Certificate2.CreateFromPem(certificate, Pem(text, "client-key-data")!)]
                    : null,
            },
        };
        var http = new HttpClient(handler) { BaseAddress = cluster.Server, Timeout = TimeSpan.FromSeconds(120) };
        if (Token().Match(text) is { Success: true } token) http.DefaultRequestHeaders.Authorization = new("Bearer", token.Groups[1].Value);
        return new(name, group, http, owns: true, []);
    }

    /// <summary>Somebody whom this person impersonates, for claims and UIDs, which client certificates do not carry.</summary>
    public Person As(string user, string? group = null, string? uid = null, string? claim = null, string? value = null)
    {
        List<(string, string)> headers = [("Impersonate-User", user)];
        if (group is not null) headers.Add(("Impersonate-Group", group));
        if (uid is not null) headers.Add(("Impersonate-Uid", uid));
        if (claim is not null) headers.Add(($"Impersonate-Extra-{Uri.EscapeDataString(claim)}", value!));
        return new(user, group, _http, owns: false, headers);
    }

    /// <summary>Creates an object of ours from a manifest in YAML.</summary>
    public Task<ApiAnswer> CreateAsync(string manifest, string query = "") =>
        SendAsync(HttpMethod.Post, $"{Api}{Plural(manifest)}{query}", manifest, "application/yaml");

    /// <summary>Changes an object of ours by a merge patch; <paramref name="path"/> is e.g. <c>breakglassgrants/inc/status</c>.</summary>
    public Task<ApiAnswer> PatchAsync(string path, string patch) => SendAsync(HttpMethod.Patch, Api + path, patch, "application/merge-patch+json");

    /// <summary>Deletes an object of ours.</summary>
    public Task<ApiAnswer> DeleteAsync(string path) => SendAsync(HttpMethod.Delete, Api + path, null, "application/json");

    /// <summary>Reads an object of ours, or anything else by a path that begins with a slash.</summary>
    public Task<ApiAnswer> GetAsync(string path) => SendAsync(HttpMethod.Get, path.StartsWith('/') ? path : Api + path, null, "application/json");

    /// <summary>Any request. It is sent again a few times, later each time, if nobody decided on it because the machine or the webhook is busy.</summary>
    public async Task<ApiAnswer> SendAsync(HttpMethod method, string path, string? body, string type)
    {
        var started = TimeProvider.System.GetTimestamp();
        for (var tries = 1; ; tries++)
        {
            var answer = await SendOnceAsync(method, path, body, type);
            if (!IsUndecided(answer) || tries == Tries || TimeProvider.System.GetElapsedTime(started) >= Eventually.Limit) return answer;
            await Task.Delay(Pause * tries, TimeProvider.System, CancellationToken.None);
        }
    }

    /// <summary>Whether an answer says that admission came to no decision in time, or had no room: nothing was judged, and nothing stored.</summary>
    private static bool IsUndecided(ApiAnswer answer)
    {
        bool Has(string words) => answer.Text.Contains(words, StringComparison.Ordinal);
        return answer.Code switch
        {
            503 => Has("did not answer the operator in time"),

            // Not "timeout": the URL of the webhook, which is in the text as well, has a parameter of this name.
            500 => Has("failed calling webhook") && (Has("deadline exceeded") || Has("Timeout") || Has("handshake timeout")),
            429 => Has("no memory left"), // another test floods the webhook
            _ => false,
        };
    }

    private async Task<ApiAnswer> SendOnceAsync(HttpMethod method, string path, string? body, string type)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Accept.Add(new("application/json"));
        foreach (var (name, value) in _headers) request.Headers.TryAddWithoutValidation(name, value);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, MediaTypeHeaderValue.Parse(type));
        using var answer = await _http.SendAsync(request);
        return new((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_owns) _http.Dispose();
    }

    /// <summary>The resource of a manifest's kind.</summary>
    public static string Plural(string manifest) => Kind().Match(manifest).Groups[1].Value.ToLowerInvariant() switch
    {
        "breakglasspolicy" => "breakglasspolicies",
        "breakglassauthority" => "breakglassauthorities",
        var kind => kind + "s",
    };

    private static string? Pem(string kubeconfig, string field) =>
        Regex.Match(kubeconfig, $"{field}: (\\S+)", RegexOptions.None, TimeSpan.FromSeconds(1)) is { Success: true } found
            ? Encoding.ASCII.GetString(Convert.FromBase64String(found.Groups[1].Value))
            : null;

    [GeneratedRegex("kind: (?<kind>BreakGlass\\w+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Kind();

    [GeneratedRegex("token: \"?(?<token>[^\\s\"]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Token();
}
