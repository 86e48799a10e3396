using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using BreakGlass.Core.Leftovers;
using BreakGlass.Operator.Logging;
using Kube.Client;
using Kube.Model;

namespace BreakGlass.Operator.Certificates;

/// <summary>
/// The paths that the webhooks are asked on: each ends with 128 random bits that only the webhook configurations name, so that whoever reaches the port without
/// them gets 404 and is not read. The configurations are what all replicas share: one replica writes a new path, the others look there when they are asked on a
/// path that they do not know.
/// </summary>
/// <remarks>
/// A path that was replaced is answered for two minutes more, until every API server has the new one. The plain path of the manifests is answered only as long as
/// a configuration names it: after an install or a GitOps sync, until the next look, which writes a random one.
/// </remarks>
/// <param name="client">Reads and patches the configurations.</param>
/// <param name="plain">The paths without the random part, e.g. <c>/mutate</c>.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Log.</param>
[SuppressMessage("Design", "CA1001", Justification = "It lives as long as the process, and its semaphore never has a handle to let go of.")]
internal sealed partial class WebhookPaths(KubeClient client, IReadOnlyList<string> plain, TimeProvider time, ILogger logger)
{
    /// <summary>How often the configurations are looked at.</summary>
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
    private long? _looked;

    /// <summary>The webhook that a requested path leads to; null if there is none.</summary>
    public async ValueTask<string?> RouteAsync(string path, CancellationToken cancellationToken)
    {
        if (Split(path) is not { } asked) return null;
        if (IsKnown(path)) return asked.Plain;
        await LookAsync(onlyIfDue: true, cancellationToken);
        return IsKnown(path) ? asked.Plain : null;
    }

    /// <summary>Looks at the configurations from time to time until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        try
        {
            do
            {
                await LookAsync(onlyIfDue: false, cancellationToken);
            }
            while (await timer.WaitForNextTickAsync(cancellationToken));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    /// <summary>Learns the paths that the configurations name, and replaces those that are plain or old. What fails is logged and tried again later.</summary>
    /// <param name="onlyIfDue">Not if the last look was only a moment ago.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task LookAsync(bool onlyIfDue, CancellationToken cancellationToken)
    {
        await _looking.WaitAsync(cancellationToken);
        try
        {
            if (onlyIfDue && _looked is { } last && time.GetElapsedTime(last) < BetweenLooks) return;
            _looked = time.GetTimestamp();
            string[] named =
            [
                .. await LookAtAsync<MutatingWebhookConfiguration>(CaBundles.ConfigurationName, c => c.Webhooks, cancellationToken),
                .. await LookAtAsync<ValidatingWebhookConfiguration>(CaBundles.ConfigurationName, c => c.Webhooks, cancellationToken),
                .. await LookAtAsync<MutatingWebhookConfiguration>(CaBundles.GuardConfigurationName, c => c.Webhooks, cancellationToken),
                .. await LookAtAsync<MutatingWebhookConfiguration>(StampInstallation.WebhookName, c => c.Webhooks, cancellationToken),
            ];
            Forget(named);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // What is known stays known: a server that cannot be asked for a while must not make admission refuse everything.
            logger.WebhookPathTrouble(e);
        }
        finally
        {
            _looking.Release();
        }
    }

    private async Task<List<string>> LookAtAsync<T>(string name, Func<T, IReadOnlyList<Webhook>> webhooksOf, CancellationToken cancellationToken)
        where T : class, IKubeResource<T>
    {
        List<string> named = [];
        if (await client.TryGetAsync<T>(name, null, cancellationToken) is not { } configuration) return named;
        var patch = new JsonArray();
        var webhooks = webhooksOf(configuration);
        for (var i = 0; i < webhooks.Count; i++)
        {
            if (PathOf(webhooks[i].ClientConfig) is not { } path || Split(path) is not { } parts) continue;
            named.Add(path);
            Learn(path);
            if (parts.Since is { } since && time.GetUtcNow() - since < RotatesAfter) continue;
            var next = $"{parts.Plain}/{time.GetUtcNow().ToString("yyyyMMdd", CultureInfo.InvariantCulture)}-{RandomNumberGenerator.GetHexString(32, lowercase: true)}";
            Learn(next);
            Replace(patch, i, webhooks[i], path, next);
        }

        if (patch.Count == 0) return named;
        try
        {
            await client.JsonPatchAsync<T>(name, null, patch, cancellationToken);
            logger.WebhookPathWritten(T.Resource.Kind, name);
        }
        catch (KubeApiException e) when (e.IsInvalid || e.IsConflict)
        {
            // Another replica was faster; its path is seen at the next look.
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // The path that is there goes on being answered, plain or not.
            logger.WebhookPathTrouble(e);
        }

        return named;
    }

    // The tests keep a path from landing on another webhook, or over a newer path.
    private static void Replace(JsonArray patch, int i, Webhook webhook, string path, string next)
    {
        var field = webhook.ClientConfig.Service is null ? "url" : "service/path";
        var before = webhook.ClientConfig.Service is null ? webhook.ClientConfig.Url! : path;
        patch.Add((JsonNode)new JsonObject { ["op"] = "test", ["path"] = $"/webhooks/{i}/name", ["value"] = webhook.Name });
        patch.Add((JsonNode)new JsonObject { ["op"] = "test", ["path"] = $"/webhooks/{i}/clientConfig/{field}", ["value"] = before });
        patch.Add((JsonNode)new JsonObject { ["op"] = "replace", ["path"] = $"/webhooks/{i}/clientConfig/{field}", ["value"] = before[..^path.Length] + next });
    }

    private static string? PathOf(WebhookClientConfig config)
    {
        if (config.Service is { } service) return service.Path;
        return Uri.TryCreate(config.Url, UriKind.Absolute, out var url) && config.Url!.EndsWith(url.AbsolutePath, StringComparison.Ordinal) ? url.AbsolutePath : null;
    }

    /// <summary>The webhook that a path is of, and since when its random part is there; null for a path that is of no webhook.</summary>
    private (string Plain, DateTimeOffset? Since)? Split(string path)
    {
        foreach (var webhook in plain)
        {
            if (path == webhook) return (webhook, null);
            if (!path.StartsWith(webhook, StringComparison.Ordinal) || Secret().Match(path[webhook.Length..]) is not { Success: true } secret) continue;
            var day = DateTime.TryParseExact(secret.Groups["day"].Value, "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at) ? at : DateTime.UnixEpoch;
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
