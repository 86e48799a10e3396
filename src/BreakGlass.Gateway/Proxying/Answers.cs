using System.Net.Http.Headers;
using BreakGlass.Gateway.Reporting;
using Microsoft.Extensions.Primitives;

namespace BreakGlass.Gateway.Proxying;

/// <summary>Passes the API server's answer on, as it comes.</summary>
internal sealed class Answers(Traffic traffic)
{
    /// <summary>A body of this length comes at once. Most answers about one object are smaller.</summary>
    private const int SmallBody = 16 * 1024;

    private const byte NewLine = (byte)'\n';

    /// <summary>Whether what was passed on ends with a whole line.</summary>
    public bool IsAtLineEnd { get; private set; } = true;

    /// <summary>Copies status and headers.</summary>
    public static void CopyHead(HttpResponseMessage from, HttpResponse to)
    {
        to.StatusCode = (int)from.StatusCode;
        var named = HeaderRules.Named(from.Headers.Connection);
        CopyHeaders(from.Headers.NonValidated, to.Headers, named);
        CopyHeaders(from.Content.Headers.NonValidated, to.Headers, named);

        // A message that never has a body has no length either (RFC 9110, 8.6).
        if (from.StatusCode is HttpStatusCode.NoContent or HttpStatusCode.SwitchingProtocols) to.Headers.ContentLength = null;
    }

    /// <summary>Passes on an answer whole, each part of the body at once.</summary>
    public async Task CopyAsync(HttpResponseMessage from, HttpResponse to, CancellationToken cancellationToken)
    {
        CopyHead(from, to);
        if (HttpMethods.IsHead(to.HttpContext.Request.Method) || from.StatusCode is HttpStatusCode.NoContent or HttpStatusCode.NotModified) return;
        var body = await from.Content.ReadAsStreamAsync(cancellationToken);
        await using (body)
        {
            await new AnswerBody(body, to, Sending).PassAsync(from.Content.Headers.ContentLength is > 0 and <= SmallBody, cancellationToken);
        }

        if (!to.SupportsTrailers()) return;
        foreach (var (name, values) in from.TrailingHeaders.NonValidated) to.AppendTrailer(name, Values(values));
    }

    private void Sending(ReadOnlyMemory<byte> next)
    {
        traffic.Out(next.Length);
        IsAtLineEnd = next.Span[^1] == NewLine;
    }

    private static void CopyHeaders(HttpHeadersNonValidated from, IHeaderDictionary to, IReadOnlySet<string> named)
    {
        foreach (var (name, values) in from)
        {
            if (HeaderRules.Returns(name, named)) to[name] = Values(values);
        }
    }

    private static StringValues Values(HeaderStringValues values) => values.Count == 1 ? new(values.ToString()) : new([.. values]);
}
