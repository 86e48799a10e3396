using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace BreakGlass.Operator.Certificates;

/// <summary>
/// The paths that the webhooks are asked on: each ends with 128 random bits that only the webhook configurations name, so that a caller who reaches the port
/// without them gets 404 and is not read. The manifests leave the path out: the operator chooses it by the webhook's name, so that the field belongs to the
/// operator alone, and no upgrade or sync of the manifests writes it. Until then the API server asks on <c>/</c>, which is answered with 404.
/// </summary>
/// <remarks>
/// The configurations are what all replicas share: one replica writes a new path, the others look there when they are asked on a path that they do not know. A
/// path that was replaced is answered for two minutes more, until every API server has the new one. Manifests of an earlier version name a plain path, such as
/// <c>/mutate</c>: it is answered only as long as a configuration names it, which is until the next look.
/// </remarks>
[SuppressMessage("Design", "CA1001", Justification = "It lives as long as the process, and its semaphore never has a handle to let go of.")]
internal sealed partial class WebhookPaths(KubeClient client, IReadOnlyList<string> plain, TimeProvider time, ILogger logger)
{
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    /// <summary>When a path is replaced: the age at which a certificate of the operator's is renewed.</summary>
    public static readonly TimeSpan RotatesAfter = TimeSpan.FromDays(60);

    /// <summary>How long a path that no configuration names any more is answered.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromMinutes(2);

    // An unknown path makes the operator ask the API server; strangers can make it do so at most this often.
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, long> _seen = [];
    private readonly SemaphoreSlim _looking = new(1);
    private volatile IReadOnlyList<string> _missing = ["the paths of the webhooks are not read yet"];
    private long? _looked;
    private bool _wasRead;

    /// <summary>Configurations that the last look left without a path that is answered: the API server cannot reach their webhooks.</summary>
    public IReadOnlyList<string> Missing() => _missing;

    /// <summary>The webhook that a requested path leads to; null if there is none.</summary>
    public async ValueTask<string?> RouteAsync(string path, CancellationToken cancellationToken)
    {
        if (Split(path) is not { } asked)
        {
            // Somebody has taken the path away, or it was never written; the next request finds one.
            if (IsUnset(path)) await LookAsync(onlyIfDue: true, cancellationToken);
            return null;
        }

        if (IsKnown(path)) return asked.Plain;
        await LookAsync(onlyIfDue: true, cancellationToken);
        return IsKnown(path) ? asked.Plain : null;
    }

    /// <summary>Looks at the configurations from time to time until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) =>
        time.EveryAsync(Period, atOnce: true, token => LookAsync(onlyIfDue: false, token), cancellationToken);

    /// <summary>
    /// Learns the paths that the configurations name, writes those that are not there, and replaces those that are plain or old. What fails is logged
    /// and tried again later.
    /// </summary>
    public async Task LookAsync(bool onlyIfDue, CancellationToken cancellationToken)
    {
        await _looking.WaitAsync(cancellationToken);
        try
        {
            if (onlyIfDue && _looked is { } last && time.GetElapsedTime(last) < BetweenLooks) return;
            _looked = time.GetTimestamp();
            List<string> missing = [];
            string[] named =
            [
                .. await LookAtAsync<V1MutatingWebhookConfiguration>(CaBundles.ConfigurationName, WebhookEntry.Of, missing, cancellationToken),
                .. await LookAtAsync<V1ValidatingWebhookConfiguration>(CaBundles.ConfigurationName, WebhookEntry.Of, missing, cancellationToken),
                .. await LookAtAsync<V1MutatingWebhookConfiguration>(CaBundles.GuardConfigurationName, WebhookEntry.Of, missing, cancellationToken),
                .. await LookAtAsync<V1MutatingWebhookConfiguration>(StampInstallation.WebhookName, WebhookEntry.Of, missing, cancellationToken),
            ];
            _missing = missing;
            _wasRead = true;
            Forget(named);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // What is known stays known: a server that cannot be asked for a while must not make admission refuse everything.
            logger.WebhookPathTrouble(e);
            if (!_wasRead) _missing = [$"the paths of the webhooks could not be read: {e.Message}"];
        }
        finally
        {
            _looking.Release();
        }
    }

    private async Task<List<string>> LookAtAsync<T>(
        string name, Func<T, IReadOnlyList<WebhookEntry>> webhooksOf, List<string> missing, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        List<string> named = [];
        if (await client.TryGetAsync<T>(name, null, cancellationToken) is not { } configuration) return named;
        var patch = new JsonArray();
        var webhooks = webhooksOf(configuration);
        var isUnset = false;
        for (var i = 0; i < webhooks.Count; i++)
        {
            var (before, path) = PathOf(webhooks[i].ClientConfig);
            var parts = Split(path);
            if (parts is not null)
            {
                named.Add(path);
                Learn(path);

                // Not by a clock that may be wrong; a path without a date is replaced at once.
                if (parts.Value.Since is { } since && !(time.CertainNow() - since >= RotatesAfter)) continue;
            }

            // A path of somebody else's choice stays, whatever it leads to.
            if ((parts?.Plain ?? (IsUnset(path) ? WebhookNames.PathOf(webhooks[i].Name) : null)) is not { } webhook) continue;
            isUnset |= parts is null;
            var next =
                $"{webhook}/{time.GetUtcNow().ToString("yyyyMMdd", CultureInfo.InvariantCulture)}-{RandomNumberGenerator.GetHexString(32, lowercase: true)}";
            Learn(next);
            Write(patch, i, webhooks[i], before + next);
        }

        if (patch.Count == 0) return named;
        try
        {
            await client.JsonPatchAsync<T>(name, null, patch, cancellationToken);
            logger.WebhookPathWritten(KubeKinds.Of<T>().Resource.Kind, name);
        }
        catch (KubeApiException e) when (e.IsInvalid || e.IsConflict)
        {
            // Another replica was faster; its path is seen at the next look.
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // The path that is there goes on being answered, plain or not.
            logger.WebhookPathTrouble(e);
            if (isUnset) missing.Add(
                $"{KubeKinds.Of<T>().Resource.Kind} {name} has no path that the operator serves, and the operator could not write one: {e.Message}");
        }

        return named;
    }

    // The tests keep a path from landing on another webhook, or over a newer path. A Service is compared as a whole, since a path may be missing from it.
    private static void Write(JsonArray patch, int i, WebhookEntry webhook, string path)
    {
        void Add(string op, string field, JsonNode? value) =>
            patch.Add((JsonNode)new JsonObject { ["op"] = op, ["path"] = $"/webhooks/{i}/{field}", ["value"] = value });
        Add("test", "name", webhook.Name);
        if (webhook.ClientConfig.Service is not { } service)
        {
            Add("test", "clientConfig/url", webhook.ClientConfig.Url);
            Add("replace", "clientConfig/url", path);
            return;
        }

        var before = new JsonObject { ["namespace"] = service.NamespaceProperty, ["name"] = service.Name };
        if (service.Path is not null) before["path"] = service.Path;
        if (service.Port is { } port) before["port"] = port;
        Add("test", "clientConfig/service", before);
        Add("add", "clientConfig/service/path", path);
    }

    /// <summary>
    /// Where a webhook is asked: what stands before the path in its URL (nothing where it is behind a Service), and the path, empty where there is none.
    /// </summary>
    private static (string Before, string Path) PathOf(Admissionregistrationv1WebhookClientConfig config)
    {
        if (config.Service is { } service) return ("", service.Path ?? "");
        if (!Uri.TryCreate(config.Url, UriKind.Absolute, out var url)) return ("", "?");
        if (IsUnset(url.AbsolutePath)) return (config.Url!.TrimEnd('/'), "");
        return config.Url!.EndsWith(url.AbsolutePath, StringComparison.Ordinal) ? (config.Url[..^url.AbsolutePath.Length], url.AbsolutePath) : ("", "?");
    }

    private static bool IsUnset(string path) => path is "" or "/";

    /// <summary>The webhook that a path is of, and since when its random part is there; null for a path that is of no webhook.</summary>
    private (string Plain, DateTimeOffset? Since)? Split(string path)
    {
        foreach (var webhook in plain)
        {
            if (path == webhook) return (webhook, null);
            if (!path.StartsWith(webhook, StringComparison.Ordinal) || Secret().Match(path[webhook.Length..]) is not { Success: true } secret) continue;
            var day = DateTime.TryParseExact(secret.Groups["day"].Value, "yyyyMMdd", CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at) ? at : DateTime.UnixEpoch;
            return (webhook, new DateTimeOffset(day, TimeSpan.Zero));
        }

        return null;
    }

    private bool IsKnown(string path)
    {
        lock (_gate) return _seen.ContainsKey(path);
    }

    private void Learn(string path)
    {
        lock (_gate) _seen[path] = time.GetTimestamp();
    }

    private void Forget(IReadOnlyList<string> named)
    {
        lock (_gate)
        {
            foreach (var (path, seen) in _seen)
            {
                // A plain path is no secret: it goes as soon as an API server has had the time to learn of another.
                var grace = plain.Contains(path) ? Period : Grace;
                if (!named.Contains(path) && time.GetElapsedTime(seen) > grace) _seen.Remove(path);
            }
        }
    }

    [GeneratedRegex("^/(?<day>[0-9]{8})-[0-9a-f]{32}\\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Secret();
}
