using System.Security.Cryptography;

namespace BreakGlass.Cli.Commands;

/// <summary>Writes the requests to rotate keys, and prints each phase that the operator reports.</summary>
internal sealed class RotateRun(CliHost host, KubeClient client, string ns)
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    /// <summary>Rotates keys.</summary>
    /// <param name="keys">Their names.</param>
    /// <param name="overlap">How long the old ones are accepted.</param>
    /// <param name="wait">How long to wait; null for not at all.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public async Task<int> RunAsync(IReadOnlyList<string> keys, TimeSpan overlap, TimeSpan? wait, CancellationToken cancellationToken)
    {
        var id = string.Create(CultureInfo.InvariantCulture,
            $"{host.Time.GetUtcNow():yyyyMMdd'-'HHmmss}-{RandomNumberGenerator.GetHexString(6, lowercase: true)}");
        var request = new RotationRequest { Id = id, Overlap = GoDuration.Format(overlap) };
        var data = new JsonObject(keys.Select(key => KeyValuePair.Create(key, (JsonNode?)JsonValue.Create(request.Write()))));
        try
        {
            // Not given up halfway: it would not be known whether keys are rotated.
            await client.MergePatchAsync<V1ConfigMap>(RotatedKeys.ConfigMapName, ns, new() { ["data"] = data }, CancellationToken.None);
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            throw new CliException(ExitCodes.NotFound, $"ConfigMap {ns}/{RotatedKeys.ConfigMapName} does not exist. The operator creates it when it leads: "
                + $"check its pods (kubectl get pods -n {ns}) and its version, or name its namespace with --namespace.", e);
        }

        await host.SayAsync($"rotation {id} of {string.Join(", ", keys)} requested, overlap {request.Overlap}");
        return wait is { } limit ? await UntilDoneAsync(keys, request, limit, cancellationToken) : ExitCodes.Ok;
    }

    private async Task<int> UntilDoneAsync(IReadOnlyList<string> keys, RotationRequest request, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(timeout, host.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var (shown, problems, open) = (keys.ToDictionary(k => k, _ => 0), new Dictionary<string, string?>(), keys.ToHashSet());
        var refused = 0;
        try
        {
            for (;;)
            {
                V1ConfigMap map;
                try
                {
                    map = await client.GetAsync<V1ConfigMap>(RotatedKeys.ConfigMapName, ns, both.Token);
                }
                catch (Exception e) when (Outages.IsTransient(e) && !both.IsCancellationRequested)
                {
                    await Task.Delay(Outages.Pause, host.Time, both.Token);
                    continue;
                }

                foreach (var key in keys.Where(open.Contains))
                {
                    if (RotationRequest.Read(map.Data.OrEmpty().GetValueOrDefault(key))?.Id != request.Id)
                    {
                        throw new CliException(ExitCodes.Error, $"another rotation of {key} was requested meanwhile, and takes the place of this one, "
                            + "unless this one had no overlap and has begun: then the operator completes it first.");
                    }

                    var text = map.Data.OrEmpty().GetValueOrDefault(RotatedKeys.ProgressOf(key));
                    if (RotationProgress.Read(text) is not { } progress || progress.Id != request.Id) continue;
                    foreach (var step in progress.Steps.Skip(shown[key]))
                        await host.Out.WriteLineAsync(VisibleText.Line($"{key}: {step.Phase}: {step.Message}"));
                    shown[key] = progress.Steps.Count;
                    if (progress.Problem is { } problem && problems.GetValueOrDefault(key) != problem) await host.SayAsync($"{key}: {problem}");
                    problems[key] = progress.Problem;
                    if (progress.Refused) refused++;
                    if (progress.IsOver || (request.OverlapTime > TimeSpan.Zero && progress.Phase is RotationPhase.Replaced)) open.Remove(key);
                }

                // Of all keys, an operator may have only some.
                if (open.Count == 0) return refused < keys.Count ? ExitCodes.Ok : ExitCodes.Refused;
                await Task.Delay(Period, host.Time, both.Token);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await host.SayAsync($"rotation {request.Id} goes on; this command no longer waits for it. Show it: {Show()}");
            throw;
        }
        catch (OperationCanceledException e) when (limit.IsCancellationRequested)
        {
            throw new CliException(ExitCodes.TimedOut, $"rotation {request.Id} of {string.Join(", ", open.Order())} is not over after "
                + $"{GoDuration.Format(timeout)}, and goes on. Show it: {Show()}; check the operator: kubectl get pods -n {ns}", e);
        }
    }

    private string Show() => $"kubectl get configmap -n {ns} {RotatedKeys.ConfigMapName} -o yaml";
}
