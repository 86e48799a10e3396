using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Kube.Client;
using TestKit;

namespace BreakGlass.Operator.Tests.Execution;

/// <summary>An API server that gives prepared answers by path, for what the fake one does not do; everything else is not found.</summary>
internal sealed class CannedServer(FakeClock clock) : HttpMessageHandler
{
    private readonly Dictionary<string, Func<HttpResponseMessage>> _answers = new(StringComparer.Ordinal);

    /// <summary>The paths that were asked for, with their queries.</summary>
    public List<string> Asked { get; } = [];

    public KubeClient Client() => new(this, new Uri("https://kubernetes.test:6443"), clock);

    public CannedServer Answers(string path, string json, HttpStatusCode code = HttpStatusCode.OK)
    {
        _answers[path] = () => Of(new StringContent(json, Encoding.UTF8), code);
        return this;
    }

    public CannedServer Answers(string path, Stream json)
    {
        _answers[path] = () => Of(new StreamContent(json), HttpStatusCode.OK);
        return this;
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        lock (Asked) Asked.Add(request.RequestUri!.PathAndQuery);
        return Task.FromResult(_answers.TryGetValue(request.RequestUri!.AbsolutePath, out var answer)
            ? answer()
            : Of(new StringContent("""{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404,"message":"not found"}""",
                Encoding.UTF8), HttpStatusCode.NotFound));
    }

    private static HttpResponseMessage Of(HttpContent content, HttpStatusCode code)
    {
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return new(code) { Content = content };
    }
}
