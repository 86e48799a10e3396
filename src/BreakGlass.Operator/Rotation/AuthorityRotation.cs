using BreakGlass.Operator.Certificates;

namespace BreakGlass.Operator.Rotation;

/// <summary>
/// Rotates an authority that the operator manages. It puts the new one into the Secret; every replica then does what is due by the rotation that the Secret
/// says (<see cref="ManagedCertificates.Next"/>): first both are trusted, then the new one signs what is served, then the old one is dropped.
/// </summary>
/// <param name="key">Its name.</param>
/// <param name="client">The client.</param>
/// <param name="ns">The operator's namespace.</param>
/// <param name="use">What the authority is for.</param>
/// <param name="renewAsync">Issues again what clients got from the old authority, once the new one signs; gives how many still have theirs.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed class AuthorityRotation(
    string key, KubeClient client, string ns, CertificateUse use, Func<ManagedCertificates, CancellationToken, Task<int>> renewAsync, TimeProvider time,
    ILogger logger) : IKeyRotation
{
    private const string IsOver = "Only the new authority is trusted.";

    /// <summary>Whether there is nothing to complete until the next step, so that nothing is read for it in each round.</summary>
    private bool _isComplete;

    /// <summary>The rotation that is under way without its request. Its end is in no answer, so only the log has it.</summary>
    private string? _orphan;

    /// <inheritdoc/>
    public string Key => key;

    /// <inheritdoc/>
    public async Task<RotationProgress> StepAsync(RotationRequest request, RotationProgress progress, CancellationToken cancellationToken)
    {
        _isComplete = false;
        var secret = await client.TryGetAsync<V1Secret>(use.SecretName, ns, cancellationToken);
        if (secret is null || ManagedCertificates.Read(secret.Data, use) is not { } certificates)
            return progress with { Problem = $"Secret {use.SecretName} has no authority yet. The operator tries again." };
        if (time.CertainNow() is not { } now)
            return progress with { Problem = "The clocks of the operator and of the API server differ. The operator waits until they agree." };
        var rotation = KeyRotation.Of(secret);
        if (rotation?.Id != request.Id)
        {
            var isUnderWay = rotation is not null && IsUnderWay(rotation, certificates);
            if (rotation is { IsUrgent: true } && isUnderWay)
            {
                _orphan = rotation.Id;

                // A later request gives a compromised authority no more time.
                if (certificates.IsSignedByNewest()) await renewAsync(certificates, cancellationToken);
                return progress with { Problem = KeyRotator.Waits(rotation) };
            }

            var (next, before) = (certificates.WithNewAuthority(now), rotation);
            rotation = new()
            {
                Id = request.Id, Overlap = request.Overlap, At = now.ToUnixTimeSeconds(), Key = next.Thumbprints()[0], Old = certificates.Thumbprints(),
            };
            await client.ReplaceAsync(secret with { Data = next.Write(), Metadata = rotation.On(secret.Metadata) }, cancellationToken);
            certificates = next;
            if (before is not null && isUnderWay) logger.KeyRotationStep(before.Id, key, KeyRotator.Superseded(request.Id));
            else if (before is not null) LogEnd(before);
        }

        _orphan = null;
        progress = progress.With(RotationPhase.NewKey, "The new authority exists. It is trusted beside the old one before it signs what is served.", now);
        if (!certificates.IsSignedByNewest()) return progress;
        var left = await renewAsync(certificates, cancellationToken);
        if (left > 0) return progress with { Problem = $"{left} active grants have a certificate by the old authority. The operator issues new ones." };
        progress = progress.With(RotationPhase.Replaced, Replaced(rotation), now);
        return certificates.Thumbprints().Any(rotation.Old.Contains)
            ? progress : progress.With(RotationPhase.OldRefused, IsOver, now);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// What is due by the Secret is done by every replica, whatever is requested. Only the leader has clients' certificates issued again, and without that
    /// they would end with the old authority.
    /// </remarks>
    public async Task CompleteAsync(CancellationToken cancellationToken)
    {
        if (_isComplete || await client.TryGetAsync<V1Secret>(use.SecretName, ns, cancellationToken) is not { } secret
            || ManagedCertificates.Read(secret.Data, use) is not { } certificates) return;
        if (KeyRotation.Of(secret) is not { IsUrgent: true } rotation || certificates.Thumbprints()[0] != rotation.Key)
        {
            _isComplete = true;
            return;
        }

        var isUnderWay = IsUnderWay(rotation, certificates);
        if (isUnderWay) _orphan = rotation.Id;
        if (!certificates.IsSignedByNewest()) return;
        _isComplete = await renewAsync(certificates, cancellationToken) == 0 && !isUnderWay;
        if (_isComplete) LogEnd(rotation);
    }

    /// <summary>Logs once that a rotation is over that was under way without its request.</summary>
    private void LogEnd(KeyRotation rotation)
    {
        if (_orphan == rotation.Id) logger.KeyRotationStep(rotation.Id, key, IsOver);
        _orphan = null;
    }

    /// <summary>
    /// Whether an old authority is still trusted. If the newest one is not by the rotation, a renewal came after it and goes by its own times.
    /// </summary>
    private static bool IsUnderWay(KeyRotation rotation, ManagedCertificates certificates) =>
        certificates.Thumbprints() is var trusted && trusted[0] == rotation.Key && trusted.Any(rotation.Old.Contains);

    private static string Replaced(KeyRotation rotation) => rotation.IsUrgent
        ? "The new authority signs what is served. The old one is dropped as soon as every replica serves it."
        : $"The new authority signs what is served. The old one is trusted until {Timestamp.Text(rotation.EndsAt)}.";
}
