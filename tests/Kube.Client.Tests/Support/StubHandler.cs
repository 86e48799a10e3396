using System.Collections.Concurrent;
using System.Net;
using System.Text;
using k8s.Models;

namespace Kube.Client.Tests;

/// <summary>A transport that answers from a function and keeps what was sent.</summary>
internal sealed class StubHandler(Func<SentRequest, HttpResponseMessage> answer) : HttpMessageHandler
{
    public static readonly Uri Server = new("https://api.test:6443");

    public ConcurrentQueue<SentRequest> Requests { get; } = new();

    public KubeClient NewClient(TimeProvider? time = null, KubeClientOptions? options = null) => new(this, Server, time ?? TimeProvider.System, options);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
        var sent = new SentRequest(request.Method.Method, request.RequestUri!, body, request.Content?.Headers.ContentType?.ToString(),
            request.Headers.NonValidated["Accept"].ToString());
        Requests.Enqueue(sent);
        return answer(sent);
    }

    public static HttpResponseMessage Json(string body, HttpStatusCode code = HttpStatusCode.OK) =>
        new(code) { Content = new StringContent(body, Encoding.UTF8, "application/json") };

    public static HttpResponseMessage Status(int code, string reason, string message = "", string details = "{}", int? retryAfter = null)
    {
        var response = Json(
            $$$"""{"kind":"Status","apiVersion":"v1","status":"Failure","message":"{{{message}}}","reason":"{{{reason}}}","details":{{{details}}},"code":"""
                + $$$"""{{{code}}}}""", (HttpStatusCode)code);
        if (retryAfter is { } seconds) response.Headers.RetryAfter = new(TimeSpan.FromSeconds(seconds));
        return response;
    }

    public static HttpResponseMessage Stream(Stream body) => new(HttpStatusCode.OK) { Content = new StreamContent(body) };

    public static string NamespaceJson(string name, string version = "1") =>
        $$$"""{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"{{{name}}}","resourceVersion":"{{{version}}}"}}""";

    public static V1Namespace NewNamespace(string name) => new() { Metadata = new() { Name = name } };
}
