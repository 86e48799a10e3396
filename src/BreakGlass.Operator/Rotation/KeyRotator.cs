namespace BreakGlass.Operator.Rotation;

/// <summary>
/// Carries out what people request in the ConfigMap of rotations, and answers there. For the leader alone. How far a rotation is, is written in the Secret
/// with the keys; the ConfigMap repeats it for people, and a leader that finds an old answer there does nothing twice.
/// </summary>
internal sealed class KeyRotator(KubeClient client, string ns, IReadOnlyList<IKeyRotation> rotations, TimeProvider time, ILogger logger)
{
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(2);

    /// <summary>That a request waits, for people: a later request gives a compromised key no more time.</summary>
    /// <param name="first">The rotation that drops compromised keys.</param>
    public static string Waits(KeyRotation first) =>
        $"Rotation {first.Id}, which was requested without an overlap, is not over. The operator completes it, and then begins this one.";

    /// <summary>That a rotation ends before its time, for the log: the new key of a later one takes the place of all others.</summary>
    /// <param name="later">The later rotation.</param>
    public static string Superseded(string later) => $"The rotation is over, because rotation {later} was requested later and takes its place.";

    /// <summary>Works until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => time.EveryAsync(Period, atOnce: true, RoundAsync, cancellationToken);

    /// <summary>Reads the requests, and takes each a step further. What fails is logged and tried again in the next round.</summary>
    public async Task RoundAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (await client.TryGetAsync<V1ConfigMap>(RotatedKeys.ConfigMapName, ns, cancellationToken) is not { } map)
            {
                await client.CreateAsync(new V1ConfigMap { Metadata = OperatorSecrets.Meta(RotatedKeys.ConfigMapName, ns) }, cancellationToken);
                return;
            }

            var before = map.Data.OrEmpty();
            var after = new Dictionary<string, string>(before);
            foreach (var key in RotatedKeys.All)
            {
                if (before.GetValueOrDefault(key) is not { Length: > 0 } text)
                {
                    await CompleteAsync(key, cancellationToken);
                    continue;
                }

                var known = RotationProgress.Read(before.GetValueOrDefault(RotatedKeys.ProgressOf(key)));
                if (await StepAsync(key, text, known, cancellationToken) is { } progress) after[RotatedKeys.ProgressOf(key)] = progress.Write();
            }

            if (after.Any(a => before.GetValueOrDefault(a.Key) != a.Value)) await client.ReplaceAsync(map with { Data = after }, cancellationToken);
        }
        catch (KubeApiException e) when (e.IsConflict || e.IsAlreadyExists)
        {
            // Somebody wrote it at the same time, and the next round reads it.
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException or KubeConfigException)
        {
            logger.RotationRequestsUnread(RotatedKeys.ConfigMapName, e);
        }
    }

    private async Task<RotationProgress?> StepAsync(string key, string text, RotationProgress? known, CancellationToken cancellationToken)
    {
        var request = RotationRequest.Read(text) ?? new();
        if (known?.Id == request.Id && known.IsOver)
        {
            await CompleteAsync(key, cancellationToken);
            return null;
        }

        var progress = known?.Id == request.Id ? known : new() { Id = request.Id };
        if (request.Problem is { } problem)
        {
            await CompleteAsync(key, cancellationToken);
            return Refuse(key, progress, $"The request cannot be read: {problem}.");
        }

        if (rotations.FirstOrDefault(r => r.Key == key) is not { } rotation) return Refuse(key, progress, WhyNot(key));
        try
        {
            var next = await rotation.StepAsync(request, progress, cancellationToken);
            foreach (var step in next.Steps.Skip(progress.Steps.Count)) logger.KeyRotationStep(request.Id, key, step.Message);
            return next;
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException or KubeConfigException)
        {
            logger.KeyRotationTrouble(key, e);
            return progress with { Problem = $"The operator could not go on: {e.Message.TrimEnd('.')}. It tries again." };
        }
    }

    private async Task CompleteAsync(string key, CancellationToken cancellationToken)
    {
        try
        {
            if (rotations.FirstOrDefault(r => r.Key == key) is { } rotation) await rotation.CompleteAsync(cancellationToken);
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException or KubeConfigException)
        {
            logger.KeyRotationTrouble(key, e);
        }
    }

    private RotationProgress Refuse(string key, RotationProgress progress, string problem)
    {
        logger.KeyRotationStep(progress.Id, key, problem);
        return progress with { Refused = true, Problem = problem };
    }

    private static string WhyNot(string key) => key switch
    {
        RotatedKeys.Seals => "The operator makes no seals: it runs with --trust-requester.",
        RotatedKeys.WebhookAuthority => "The operator does not manage the webhooks' certificate: --webhook=false or --webhook-cert-dir is set. Rotate the "
            + "authority where the certificate comes from.",
        _ => "The operator has no gateway: --gateway-url is not set.",
    };
}
