using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;

namespace TestKit.Storage;

/// <summary>
/// An S3-compatible bucket in memory, with path-style addresses: GET, PUT with conditions, lists, deletes of many, and faults. It does not check signatures.
/// </summary>
/// <param name="name">The name of the bucket.</param>
public sealed class FakeBucket(string name) : HttpMessageHandler
{
    private static readonly XNamespace Ns = "http://s3.amazonaws.com/doc/2006-03-01/";

    private readonly Lock _gate = new();
    private readonly Queue<(Func<BucketRequest, bool> Fits, BucketFault Fault)> _faults = new();

    /// <summary>The objects by their keys.</summary>
    public SortedDictionary<string, byte[]> Objects { get; } = new(StringComparer.Ordinal);

    /// <summary>The requests so far.</summary>
    public List<BucketRequest> Requests { get; } = [];

    /// <summary>Whether writes with conditions are done whatever the conditions say, as some services do.</summary>
    public bool IgnoresConditions { get; set; }

    /// <summary>Called when a request that hangs has arrived.</summary>
    public TaskCompletionSource Hanging { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The next request that fits gets the fault. Faults are used up in their order.</summary>
    public void Fail(Func<BucketRequest, bool> fits, BucketFault fault)
    {
        lock (_gate) _faults.Enqueue((fits, fault));
    }

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is null ? [] : await request.Content.ReadAsByteArrayAsync(cancellationToken);
        var asked = new BucketRequest(request.Method.Method, Uri.UnescapeDataString(request.RequestUri!.AbsolutePath), request.RequestUri.Query,
            request.Headers.Concat(request.Content?.Headers ?? Enumerable.Empty<KeyValuePair<string, IEnumerable<string>>>())
                .ToDictionary(h => h.Key, h => string.Join(",", h.Value), StringComparer.OrdinalIgnoreCase));
        BucketFault? fault = null;
        lock (_gate)
        {
            Requests.Add(asked);
            if (_faults.TryPeek(out var next) && next.Fits(asked)) fault = _faults.Dequeue().Fault;
        }

        if (fault is { Hangs: true })
        {
            Hanging.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        }

        if (fault is { IsLost: true }) throw new HttpRequestException("the connection was reset");
        HttpResponseMessage answer;
        lock (_gate) answer = fault is { Code: > 0, IsLate: false } ? Error(fault.Code, fault.Word) : Answer(asked, body);
        if (fault is { IsLate: true }) throw new HttpRequestException("the connection was reset after the request was carried out");
        answer.RequestMessage = request;
        return answer;
    }

    private HttpResponseMessage Answer(BucketRequest asked, byte[] body)
    {
        var parts = asked.Path.TrimStart('/').Split('/', 2);
        if (parts[0] != name) return Error(404, "NoSuchBucket");
        var key = parts.ElementAtOrDefault(1) ?? "";
        return (asked.Method, asked.Query) switch
        {
            ("GET", var query) when query.Contains("list-type=2", StringComparison.Ordinal) => List(query),
            ("POST", var query) when query.Contains("delete", StringComparison.Ordinal) => Delete(body),
            ("GET", _) => Objects.TryGetValue(key, out var content) ? With(new(HttpStatusCode.OK) { Content = new ByteArrayContent(content) }, content)
                : Error(404, "NoSuchKey"),
            ("PUT", _) => Put(asked, key, body),
            ("DELETE", _) => Delete(key),
            _ => Error(405, "MethodNotAllowed"),
        };
    }

    private HttpResponseMessage Put(BucketRequest asked, string key, byte[] body)
    {
        var there = Objects.GetValueOrDefault(key);
        if (!IgnoresConditions)
        {
            if (asked.Headers.GetValueOrDefault("if-none-match") is "*" && there is not null) return Error(412, "PreconditionFailed");
            if (asked.Headers.GetValueOrDefault("if-match") is { } etag && (there is null || Tag(there) != etag.Trim('"')))
                return there is null ? Error(404, "NoSuchKey") : Error(412, "PreconditionFailed");
        }

        Objects[key] = body;
        return With(new(HttpStatusCode.OK) { Content = new ByteArrayContent([]) }, body);
    }

    private HttpResponseMessage List(string query)
    {
        var prefix = Uri.UnescapeDataString(query.TrimStart('?').Split('&').First(p => p.StartsWith("prefix=", StringComparison.Ordinal))["prefix=".Length..]);
        var keys = Objects.Keys.Where(k => k.StartsWith(prefix, StringComparison.Ordinal)).ToList();
        return Xml(new(Ns + "ListBucketResult", new XElement(Ns + "Name", name), new XElement(Ns + "Prefix", prefix),
            new XElement(Ns + "KeyCount", keys.Count), new XElement(Ns + "MaxKeys", 1000), new XElement(Ns + "IsTruncated", "false"),
            keys.Select(k => new XElement(Ns + "Contents", new XElement(Ns + "Key", k), new XElement(Ns + "Size", Objects[k].Length)))));
    }

    private HttpResponseMessage Delete(string key)
    {
        Objects.Remove(key);
        return new(HttpStatusCode.NoContent) { Content = new ByteArrayContent([]) };
    }

    private HttpResponseMessage Delete(byte[] body)
    {
        foreach (var key in XDocument.Parse(Encoding.UTF8.GetString(body)).Descendants().Where(e => e.Name.LocalName == "Key")) Objects.Remove(key.Value);
        return Xml(new(Ns + "DeleteResult"));
    }

    private static HttpResponseMessage Error(int code, string word) => Xml(
        new("Error", new XElement("Code", word), new XElement("Message", "in the service's own words: secret-looking text")), code);

    private static HttpResponseMessage Xml(XElement root, int code = 200) => new((HttpStatusCode)code)
    {
        Content = new StringContent(new XDocument(root).ToString(), Encoding.UTF8, "application/xml"),
    };

    private static HttpResponseMessage With(HttpResponseMessage response, byte[] content)
    {
        response.Headers.ETag = new($"\"{Tag(content)}\"");
        return response;
    }

    // As of an upload in parts: the SDK takes every other one for an MD5, and compares it with the content.
    private static string Tag(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content), 0, 16) + "-1";
}
