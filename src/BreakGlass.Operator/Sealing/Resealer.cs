namespace BreakGlass.Operator.Sealing;

/// <summary>
/// Keeps the keys young and the policies' seals alive: policies outlive keys, so the leader touches those that are sealed under an older key, and
/// admission seals them again. Other kinds are over long before a key is.
/// </summary>
internal sealed class Resealer(KubeClient client, SealKeyring keyring, Store<BreakGlassPolicy> policies, TimeProvider time, ILogger logger)
{
    public const string TouchedAnnotation = BreakGlassApi.Group + "/resealed-at";

    private static readonly TimeSpan Period = TimeSpan.FromHours(1);

    /// <summary>While the clocks are in doubt no key is rotated, and at the start they are for some seconds.</summary>
    private static readonly TimeSpan InDoubt = TimeSpan.FromMinutes(1);

    /// <summary>Works until cancelled; for the leader alone.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            for (;;)
            {
                await keyring.RotateAsync(cancellationToken, client);
                await ResealAsync(cancellationToken);
                await Task.Delay(time.CertainNow() is null ? InDoubt : Period, time, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    /// <summary>Touches each policy whose seal is good and made with another key than the one in use.</summary>
    public async Task ResealAsync(CancellationToken cancellationToken)
    {
        if (keyring.Keys.Current(time.GetUtcNow()) is not { } current) return;
        foreach (var policy in policies.List())
        {
            if (policy.Metadata.DeletionTimestamp is not null || keyring.Verify(policy) is not SealState.Valid) continue;
            if (!Seal.TryParse(Seal.Of(policy), out var seal) || seal.KeyId == current.Id) continue;
            var touch = new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["uid"] = policy.Metadata.Uid,
                    ["annotations"] = new JsonObject { [TouchedAnnotation] = Timestamp.Text(time.GetUtcNow()) },
                },
            };
            try
            {
                await client.MergePatchAsync<BreakGlassPolicy>(policy.Metadata.Name, null, touch, cancellationToken);
            }
            catch (Exception e) when (e is KubeApiException or KubeConnectionException or KubeConfigException)
            {
                logger.NotResealed(policy.Metadata.Name, e);
            }
        }
    }
}
