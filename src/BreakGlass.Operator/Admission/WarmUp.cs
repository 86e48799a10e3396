using System.Net;
using System.Net.Security;
using BreakGlass.Operator.Certificates;

namespace BreakGlass.Operator.Admission;

/// <summary>
/// The first requests to the webhooks are this process' own: reviews of a dry run, over TLS, through the port that the API server uses. They pay for what
/// is loaded and compiled at first use, which would take seconds of somebody's first request in an incident. Nothing is stored, and no right is needed.
/// </summary>
internal sealed class WarmUp(
    IPAddress? address, Func<int> port, Func<string, string> ownPath, ServedCertificate served, Func<bool> mayBegin,
    Func<IReadOnlyList<BreakGlassPolicy>> policies, TimeProvider time,
    ILogger logger)
{
    private const string Name = "warm-up";

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    /// <summary>A cold start on a machine that is overloaded may take this long, and another try would not be colder.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private volatile bool _isDone;

    /// <summary>The uid of the requests. Random, so that nobody else's pass for them: what is answered to these is logged nowhere as a refusal.</summary>
    public string Uid { get; } = Guid.NewGuid().ToString();

    public bool IsDone => _isDone;

    /// <summary>Waits until the webhooks can answer, and asks them until they have.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (!mayBegin()) await Task.Delay(Look, time, cancellationToken);
            while (!await TryAsync(cancellationToken)) await Task.Delay(Retry, time, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    private async Task<bool> TryAsync(CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        using var deadline = new CancellationTokenSource(Deadline, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            using var http = Client();
            foreach (var (path, review) in Reviews())
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(http.BaseAddress!, ownPath(path)))
                {
                    Version = HttpVersion.Version20,
                    Content = new StringContent(review, Encoding.UTF8, "application/json"),
                };
                using var response = await http.SendAsync(request, either.Token);
                var answer = await response.Content.ReadAsStringAsync(either.Token);
                if (response.StatusCode != HttpStatusCode.OK || !answer.Contains(Uid, StringComparison.Ordinal))
                {
                    throw new InvalidOperationException($"webhook {path} answered {(int)response.StatusCode}");
                }
            }

            _isDone = true;
            logger.WarmedUp(time.GetElapsedTime(started).TotalSeconds);
            return true;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            logger.NotWarmedUp(e);
            return false;
        }
    }

    /// <summary>Trusts one certificate, which is the one that this process serves itself.</summary>
    private HttpClient Client()
    {
        var own = served.Context?.TargetCertificate ?? throw new InvalidOperationException("the webhooks have no certificate yet");
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            SslOptions = new SslClientAuthenticationOptions
            {
                TargetHost = CertificateManager.ServiceName,
                RemoteCertificateValidationCallback = (_, presented, _, _) => presented is not null
                    && presented.GetRawCertData().AsSpan().SequenceEqual(own.RawData),
            },
        };
        var host = address is null || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) ? IPAddress.Loopback : address;
        return new(handler) { BaseAddress = new UriBuilder(Uri.UriSchemeHttps, new IPEndPoint(host, 0).Address.ToString(), port()).Uri };
    }

    /// <summary>What people ask for in an incident: a grant, for a policy that is there where one is, and a lockdown.</summary>
    private IEnumerable<(string Path, string Review)> Reviews()
    {
        var policy = policies() is [var first, ..] ? first : null;
        var who = policy?.Spec.Requesters is [var requester, ..] ? requester : null;
        var user = who is { Kind: "User" } ? who.Name : $"{BreakGlassApi.Group}:{Name}";
        var groups = who is { Kind: "Group" } ? new[] { who.Name } : [];
        JsonObject Grant() => new()
        {
            ["policy"] = policy?.Metadata.Name ?? Name,
            ["justification"] = "The operator calls its own webhooks, so that the first requester does not have to wait.",
            ["ticket"] = "INC-0",
            ["requester"] = Caller(user, groups),
        };
        JsonObject Lockdown() => new() { ["reason"] = Name, ["policySelector"] = new JsonObject(), ["by"] = Caller(user, groups) };
        foreach (var path in (string[])[Webhooks.MutatePath, Webhooks.ValidatePath])
        {
            yield return (path, Review(nameof(BreakGlassGrant), "breakglassgrants", Grant(), user, groups));
            yield return (path, Review(nameof(BreakGlassLockdown), "breakglasslockdowns", Lockdown(), user, groups));
        }
    }

    private string Review(string kind, string resource, JsonObject spec, string user, string[] groups) => new JsonObject
    {
        ["apiVersion"] = "admission.k8s.io/v1",
        ["kind"] = "AdmissionReview",
        ["request"] = new JsonObject
        {
            ["uid"] = Uid,
            ["kind"] = new JsonObject { ["group"] = BreakGlassApi.Group, ["version"] = BreakGlassApi.Version, ["kind"] = kind },
            ["resource"] = new JsonObject { ["group"] = BreakGlassApi.Group, ["version"] = BreakGlassApi.Version, ["resource"] = resource },
            ["name"] = Name,
            ["operation"] = "CREATE",
            ["userInfo"] = Caller(user, groups),
            ["dryRun"] = true,
            ["object"] = new JsonObject
            {
                ["apiVersion"] = $"{BreakGlassApi.Group}/{BreakGlassApi.Version}",
                ["kind"] = kind,
                ["metadata"] = new JsonObject { ["name"] = Name, ["annotations"] = new JsonObject { [Seal.Annotation] = Seal.DryRun } },
                ["spec"] = spec,
            },
        },
    }.ToJsonString();

    private static JsonObject Caller(string user, string[] groups) =>
        new() { ["username"] = user, ["groups"] = new JsonArray([.. groups.Select(g => JsonValue.Create(g))]) };
}
