using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Soak.Site;

/// <summary>
/// Somebody else's admission webhook: a policy engine that is down, that does not answer, or that writes its own labels over those of others.
/// </summary>
internal sealed class OtherWebhook : IAsyncDisposable
{
    private readonly WebApplication _web;
    private readonly X509Certificate2 _certificate;

    private OtherWebhook(TestKit.ControlPlane cluster)
    {
        _certificate = Authority.Certificate(cluster);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(_certificate)));
        _web = builder.Build();
        _web.Run(AnswerAsync);
    }

    public string Url => _web.Urls.Single();

    public static async Task<OtherWebhook> StartAsync(TestKit.ControlPlane cluster)
    {
        var webhook = new OtherWebhook(cluster);
        await webhook._web.StartAsync();
        return webhook;
    }

    /// <summary>An address at which nobody answers.</summary>
    public static string Nowhere()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return $"https://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture)}";
    }

    public async ValueTask DisposeAsync()
    {
        using var atOnce = new CancellationTokenSource();
        await atOnce.CancelAsync();
        await _web.StopAsync(atOnce.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _web.DisposeAsync();
        _certificate.Dispose();
    }

    private static async Task AnswerAsync(HttpContext context)
    {
        try
        {
            if (context.Request.Path != "/relabel")
            {
                await Clock.PauseAsync(60, context.RequestAborted);
                return;
            }

            var review = (await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted))!;
            var patch = """[{"op":"add","path":"/metadata/labels","value":{"app.kubernetes.io/managed-by":"somebody-else","owner":"platform"}}]""";
            var answer = new JsonObject
            {
                ["apiVersion"] = "admission.k8s.io/v1",
                ["kind"] = "AdmissionReview",
                ["response"] = new JsonObject
                {
                    ["uid"] = (string)review["request"]!["uid"]!, ["allowed"] = true, ["patchType"] = "JSONPatch", ["patch"] = Convert
                        .ToBase64String(Encoding.UTF8.GetBytes(patch)),
                },
            };
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(answer.ToJsonString(), context.RequestAborted);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            context.Abort();
        }
    }
}
