using System.Net.Http.Headers;
using BreakGlass.Gateway.Cutting;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace BreakGlass.Gateway.Proxying;

/// <summary>Makes the request to the API server from the client's.</summary>
/// <param name="server">The API server; may have a path.</param>
internal sealed class UpstreamRequest(Uri server)
{
    private readonly string _root = server.GetLeftPart(UriPartial.Path).TrimEnd('/');

    /// <summary>An ordinary request.</summary>
    public HttpRequestMessage Create(HttpContext context, OpenRequest open, string token, bool mayImpersonate, CancellationToken cancelled)
    {
        var request = context.Request;
        var message = Begin(context, open, token);
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody is not false)
            message.Content = new RequestBody(request, open.Traffic, cancelled);

        // What only reads takes less work over HTTP/1.1, and nothing of its answer is kept for a client that is slow. What stays open shares connections.
        var onlyReads = message.Content is null && !StaysOpen(request.Query) && request.Headers.TE.Count == 0;
        message.Version = onlyReads ? HttpVersion.Version11 : HttpVersion.Version20;
        message.VersionPolicy = HttpVersionPolicy.RequestVersionOrLower;
        if (message.Content is not null && request.Headers.Expect.ToString().Equals("100-continue", StringComparison.OrdinalIgnoreCase))
            message.Headers.ExpectContinue = true;
        Copy(request, message, mayImpersonate);
        return message;
    }

    /// <summary>A request for another protocol, over HTTP/1.1.</summary>
    public HttpRequestMessage CreateUpgrade(HttpContext context, OpenRequest open, string token, bool mayImpersonate, string protocol)
    {
        var message = Begin(context, open, token);
        message.Version = HttpVersion.Version11;
        message.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
        Copy(context.Request, message, mayImpersonate);
        message.Headers.Connection.Add("Upgrade");
        message.Headers.TryAddWithoutValidation("Upgrade", protocol);
        return message;
    }

    private HttpRequestMessage Begin(HttpContext context, OpenRequest open, string token)
    {
        // The target goes on byte for byte: TargetRules has judged it as it is.
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var message = new HttpRequestMessage(
            new HttpMethod(context.Request.Method), new Uri(_root + target, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        message.Headers.Authorization = new("Bearer", token);
        message.Headers.TryAddWithoutValidation("Audit-ID", open.AuditId);
        if (context.Connection.RemoteIpAddress is { } address) message.Headers.TryAddWithoutValidation("X-Forwarded-For", Plain(address).ToString());
        return message;
    }

    private static void Copy(HttpRequest request, HttpRequestMessage message, bool mayImpersonate)
    {
        var named = HeaderRules.Named(request.Headers.Connection);
        foreach (var (name, values) in request.Headers)
        {
            if (!HeaderRules.Passes(name, named, mayImpersonate)) continue;
            if (name.Equals("Sec-WebSocket-Protocol", StringComparison.OrdinalIgnoreCase))
            {
                var protocols = HeaderRules.Protocols(values);
                if (protocols.Count > 0) message.Headers.TryAddWithoutValidation(name, string.Join(", ", protocols));
                continue;
            }

            if (message.Headers.TryAddWithoutValidation(name, (IEnumerable<string>)values!)) continue;
            message.Content ??= new ByteArrayContent([]);
            message.Content.Headers.TryAddWithoutValidation(name, (IEnumerable<string>)values!);
        }
    }

    /// <summary>Whether it is a watch or a followed log.</summary>
    private static bool StaysOpen(IQueryCollection query) => IsOn(query["watch"]) || IsOn(query["follow"]);

    private static bool IsOn(StringValues value) => value is [{ } text] && text is "true" or "1";

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
