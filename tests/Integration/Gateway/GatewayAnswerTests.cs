using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using FluentAssertions;
using Kube.Client;
using Xunit;

namespace Integration.Gateway;

/// <summary>Requests of the kinds that client-go sends, through the gateway and directly: the answers are the same, byte for byte.</summary>
[SuppressMessage("Design", "CA1001", Justification = "IAsyncLifetime disposes of it.")]
[Collection(nameof(OneAttackedGateway))]
public sealed partial class GatewayAnswerTests(AttackedGateway stage) : IAsyncLifetime
{
    private const string Json = "application/json";
    private const string Protobuf = "application/vnd.kubernetes.protobuf";
    private const string Table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

    // The last two frame the body, which is compared itself: the gateway speaks HTTP/2 with the API server whatever its client speaks.
    private static readonly HashSet<string> s_own = new(StringComparer.OrdinalIgnoreCase)
    {
        "Date", "Audit-Id", "Connection", "X-Kubernetes-Pf-Flowschema-Uid", "X-Kubernetes-Pf-Prioritylevel-Uid", "Content-Length",
        "Transfer-Encoding",
    };

    private readonly GatewayScene _scene = new(stage);
    private HttpClient _gateway = null!;
    private HttpClient _direct = null!;
    private string _from = "";

    private string Collection => $"/api/v1/namespaces/{stage.Mine.Namespace}/configmaps";

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        var admin = ClusterConnection.FromKubeconfig(stage.Cluster.ControlPlane.AdminKubeconfig);
        var certificate = stage.Own(X509Certificate2.CreateFromPem(admin.ClientCertificate!.Read(), admin.ClientKey!.Read()));
        (_gateway, _direct) = (_scene.Client(stage.Certificate), _scene.Client(certificate, address: admin.Server));
        _from = stage.BeforeMany ??= await VersionAsync();
        foreach (var i in Enumerable.Range(0, 7))
        {
            var text = new string((char)('a' + i), 30_000);
            using var request = Write(
                HttpMethod.Post, Collection, $$$"""{"kind":"ConfigMap","metadata":{"name":"many-{{{i}}}"},"data":{"text":"{{{text}}} äöü €"}}""", Json);
            using var created = await _direct.SendAsync(request);
            created.StatusCode.Should().BeOneOf(HttpStatusCode.Created, HttpStatusCode.Conflict);
        }
    }

    /// <inheritdoc/>
    public Task DisposeAsync()
    {
        _scene.Dispose();
        return Task.CompletedTask;
    }

    [Theory]
    [InlineData(Json)]
    [InlineData(Json + ";stream=watch")]
    [InlineData(Protobuf + ";stream=watch")]
    [InlineData(Protobuf + "," + Json)]
    public async Task A_watch(string accept)
    {
        var (direct, _) = await SameAsync(() => Get($"{Collection}?watch=true&timeoutSeconds=5&resourceVersion={_from}", accept), last: "many-6");
        Encoding.Latin1.GetString(direct).Should().Contain("many-6");
    }

    [Theory]
    [InlineData(Json)]
    [InlineData(Protobuf)]
    [InlineData(Table)]
    public async Task A_list_in_chunks(string accept)
    {
        var version = await VersionAsync();
        var exact = $"&resourceVersion={version}&resourceVersionMatch=Exact";
        for (var (page, more) = (0, ""); page == 0 || more.Length > 0; page++)
        {
            var query = $"{Collection}?limit=3{(more.Length == 0 ? exact : $"&continue={more}")}";
            await SameAsync(() => Get(query, accept));
            using var json = await _direct.SendAsync(Get(query, Json));
            more = (string?)JsonNode.Parse(await json.Content.ReadAsStringAsync())!["metadata"]!["continue"] ?? "";
            page.Should().BeLessThan(20);
        }
    }

    [Theory]
    [InlineData(Json)]
    [InlineData(Protobuf)]
    public async Task A_compressed_list(string accept)
    {
        var version = await VersionAsync();
        var (direct, encoding) = await SameAsync(() =>
        {
            var request = Get($"{Collection}?resourceVersion={version}&resourceVersionMatch=Exact&limit=500", accept);
            request.Headers.AcceptEncoding.Add(new("gzip"));
            return request;
        });
        direct.Should().NotBeEmpty();
        encoding.Should().Be("gzip");
    }

    [Fact]
    public async Task A_server_side_apply_that_changes_nothing()
    {
        using (var first = await _gateway.SendAsync(Apply("applied", "x"))) first.StatusCode.Should().Be(HttpStatusCode.Created);
        await SameAsync(() => Apply("applied", "x"));
    }

    [Fact]
    public async Task A_dry_run_of_every_kind_of_write()
    {
        const string name = "many-0";
        await SameAsync(() => Apply(name, "dry", "&dryRun=All&force=true"));
        await SameAsync(() => Apply(name, "dry", "&dryRun=All"), HttpStatusCode.Conflict);
        var patched = $"{Collection}/{name}?dryRun=All&fieldManager=m";
        await SameAsync(() => Write(HttpMethod.Patch, patched, """{"data":{"a":"b"}}""", "application/merge-patch+json"));
        await SameAsync(() => Write(
            HttpMethod.Patch, patched, """[{"op":"test","path":"/data/text","value":"no"}]""",
            "application/json-patch+json"), HttpStatusCode.UnprocessableEntity);
        await SameAsync(() => new(HttpMethod.Delete, $"{Collection}/{name}?dryRun=All"));
        await SameAsync(() => Write(HttpMethod.Post, $"{Collection}?dryRun=All", """{"kind":"ConfigMap","metadata":{"name":"UPPER"}}""", Json),
            HttpStatusCode.UnprocessableEntity);
        await SameAsync(() => Write(HttpMethod.Post, $"{Collection}?dryRun=All", "{", Json), HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_body_that_the_client_sends_only_when_the_API_server_wants_it()
    {
        await using var stream = await _scene.ConnectAsync(stage.Certificate);
        using var reader = new StreamReader(stream, Encoding.Latin1);
        using var limit = new CancellationTokenSource(Eventually.Limit, TimeProvider.System);
        var body = """{"kind":"ConfigMap","metadata":{"name":"expected"}}"""u8.ToArray();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST {Collection}?dryRun=All HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: {Json}\r\nContent-Length: {body.Length}\r\n"
                + "Expect: 100-continue\r\n\r\n"), limit.Token);
        await stream.FlushAsync(limit.Token);
        (await reader.ReadLineAsync(limit.Token)).Should().Be("HTTP/1.1 100 Continue");

        await stream.WriteAsync(body, limit.Token);
        await stream.FlushAsync(limit.Token);
        (await reader.ReadToEndAsync(limit.Token)).Should().Contain("HTTP/1.1 201 Created").And.Contain("\"name\":\"expected\"");
    }

    [Theory]
    [InlineData("/version", HttpStatusCode.OK)]
    [InlineData("/openapi/v2", HttpStatusCode.OK)]
    [InlineData("/apis", HttpStatusCode.OK)]
    [InlineData("/api/v1/namespaces/{0}/configmaps/missing", HttpStatusCode.NotFound)]
    [InlineData("/api/v1/namespaces/{0}/configmaps?labelSelector=%21%21", HttpStatusCode.BadRequest)]
    [InlineData("/api/v1/namespaces/{0}/configmaps?continue=torn", HttpStatusCode.BadRequest)]
    public async Task A_page_and_an_error(string path, HttpStatusCode code) =>
        await SameAsync(() => Get(path.Replace("{0}", stage.Mine.Namespace, StringComparison.Ordinal), Json), code);

    private static HttpRequestMessage Get(string path, string accept)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        return request;
    }

    private static HttpRequestMessage Write(HttpMethod method, string path, string body, string type) =>
        new(method, path) { Content = new StringContent(body, Encoding.UTF8, MediaTypeHeaderValue.Parse(type)) };

    private HttpRequestMessage Apply(string name, string text, string query = "") => Write(
        HttpMethod.Patch, $"{Collection}/{name}?fieldManager=tests{query}",
        $$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{{name}}}"},"data":{"text":"{{{text}}}"}}""", "application/apply-patch+yaml");

    private async Task<string> VersionAsync() =>
        (string)JsonNode.Parse(await stage.Cluster.AdminAsync("get", "--raw", $"{Collection}?limit=1"))!["metadata"]!["resourceVersion"]!;

    /// <summary>Sends a request both ways, and asserts that the answers are the same.</summary>
    /// <param name="request">Makes the request.</param>
    /// <param name="code">The status of both answers.</param>
    /// <param name="last">What a watch sends last: it ends by its time, on a busy machine before that, and both are then asked again.</param>
    private async Task<(byte[] Body, string Encoding)> SameAsync(
        Func<HttpRequestMessage> request, HttpStatusCode code = HttpStatusCode.OK, string last = "")
    {
        for (var left = 5; ; left--)
        {
            using var direct = await _direct.SendAsync(request());
            using var through = await _gateway.SendAsync(request());
            var (expected, body) = (await direct.Content.ReadAsByteArrayAsync(), await through.Content.ReadAsByteArrayAsync());
            direct.StatusCode.Should().Be(code, Encoding.Latin1.GetString(expected));
            through.StatusCode.Should().Be(code, Encoding.Latin1.GetString(body));
            Head(through).Should().Equal(Head(direct));
            if (left > 1 && !(Has(expected, last) && Has(body, last))) continue;
            if (!body.AsSpan().SequenceEqual(expected)) Timeless(body).Should().Be(Timeless(expected));
            return (expected, string.Join(',', direct.Content.Headers.ContentEncoding));
        }
    }

    private static bool Has(byte[] body, string text) => Encoding.Latin1.GetString(body).Contains(text, StringComparison.Ordinal);

    /// <summary>All headers but those that differ between two equal requests to the same server.</summary>
    private static IEnumerable<string> Head(HttpResponseMessage answer) => answer.Headers.Concat(answer.Content.Headers)
        .Where(h => !s_own.Contains(h.Key)).Select(h => $"{h.Key.ToLowerInvariant()}: {string.Join(", ", h.Value)}").Order(StringComparer.Ordinal);

    /// <summary>Without what says when something was asked: the age in tables, and the time of a change that is only tried.</summary>
    private static string Timeless(byte[] body) => Time().Replace(Encoding.Latin1.GetString(body), "(time)");

    [GeneratedRegex("\"\\d+[smh](\\d+s)?\"|\"time\":\"[^\"]*\"|\"creationTimestamp\":\"[^\"]*\"|\"uid\":\"[^\"]*\"", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Time();
}
