namespace BreakGlass.Operator.Rotation;

/// <summary>
/// Rotates the seal keys: a new key that is used at once, then everything that was believed is sealed again, then the old keys are dropped. If they are
/// compromised, only the seals are replaced that were there when the new key came: what somebody seals with a leaked key afterwards is never sealed again.
/// </summary>
internal sealed class SealRotation(
    KubeClient client, SealKeyring keyring, Resealer resealer, Action judgeAgain, Func<DateTimeOffset> serverNow, TimeProvider time, ILogger logger)
    : IKeyRotation
{
    /// <summary>Times of creation have whole seconds.</summary>
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private (string Id, HashSet<string> Seals)? _believed;

    /// <inheritdoc/>
    public string Key => RotatedKeys.Seals;

    /// <inheritdoc/>
    public async Task<RotationProgress> StepAsync(RotationRequest request, RotationProgress progress, CancellationToken cancellationToken)
    {
        var before = keyring.Keys.Rotation;
        if (await keyring.ReplaceAsync(request, serverNow(), client, cancellationToken) is not { } rotation)
            return progress with { Problem = $"Secret {SealKeyring.SecretName} could not be read or written. The operator tries again." };
        if (rotation.Id != request.Id)
        {
            await CompleteAsync(rotation, cancellationToken);
            return progress with { Problem = KeyRotator.Waits(rotation) };
        }

        if (before is { Phase: not RotationPhase.OldRefused } && before.Id != rotation.Id)
            logger.KeyRotationStep(before.Id, Key, KeyRotator.Superseded(rotation.Id));
        return await StepAsync(rotation, progress, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task CompleteAsync(CancellationToken cancellationToken)
    {
        if (keyring.Keys.Rotation is { Cutoff: not null } rotation) await CompleteAsync(rotation, cancellationToken);
    }

    /// <summary>Takes a rotation further whose request is not there any more. Its end is in no answer, so only the log has it.</summary>
    private async Task CompleteAsync(KeyRotation rotation, CancellationToken cancellationToken)
    {
        var progress = await StepAsync(rotation, new() { Id = rotation.Id }, cancellationToken);
        if (progress.IsOver) logger.KeyRotationStep(rotation.Id, Key, progress.Steps[^1].Message);
    }

    private async Task<RotationProgress> StepAsync(KeyRotation rotation, RotationProgress progress, CancellationToken cancellationToken)
    {
        progress = progress.With(RotationPhase.NewKey, NewKey(rotation), serverNow());
        if (rotation.Phase is RotationPhase.NewKey)
        {
            if (serverNow() < rotation.BeganAt + KeyRotation.Settles + Second) return progress;
            var left = await ResealAsync(rotation, cancellationToken);
            if (left > 0 && serverNow() < LastTry(rotation)) return progress;
            if (!await keyring.AdvanceAsync(rotation.Id, RotationPhase.Replaced, client, cancellationToken)) return progress;
            progress = progress.With(RotationPhase.Replaced, Replaced(left), serverNow());
            if (!rotation.IsUrgent) return progress;
        }
        else if (rotation is { Phase: RotationPhase.Replaced, IsUrgent: false })
        {
            await resealer.ResealAsync(cancellationToken);
        }

        if (rotation.Phase is not RotationPhase.OldRefused)
        {
            // A compromised key is dropped whatever the clocks say.
            if (!rotation.IsUrgent && !(time.CertainNow() >= rotation.EndsAt)) return progress;
            if (!await keyring.AdvanceAsync(rotation.Id, RotationPhase.OldRefused, client, cancellationToken)) return progress;
        }

        _believed = null;
        judgeAgain();
        return progress.With(RotationPhase.Replaced, Replaced(0), serverNow()).With(RotationPhase.OldRefused, Refused(rotation), serverNow());
    }

    private async Task<int> ResealAsync(KeyRotation rotation, CancellationToken cancellationToken)
    {
        if (!rotation.IsUrgent) return await resealer.ResealAsync(cancellationToken);
        if (_believed is not { } believed || believed.Id != rotation.Id) _believed = believed = (rotation.Id, resealer.Due());
        return await resealer.ResealAsync(believed.Seals.Contains, cancellationToken);
    }

    private static DateTimeOffset LastTry(KeyRotation rotation) => rotation.IsUrgent ? rotation.BeganAt + KeyRotation.Patience : rotation.EndsAt;

    private static string NewKey(KeyRotation rotation) => rotation.IsUrgent
        ? $"Seals are made with the new key {rotation.Key}. What is sealed with {Olds(rotation)} from now on is not believed."
        : $"Seals are made with the new key {rotation.Key}. Seals by {Olds(rotation)} are accepted until {Timestamp.Text(rotation.EndsAt)}.";

    private static string Replaced(int left) => left == 0
        ? "Every policy, authority, lockdown, approval, review, and waiting or active grant that was believed is sealed with the new key."
        : $"{left} objects could not be sealed again in time. Their grants end.";

    private static string Refused(KeyRotation rotation) =>
        $"{Olds(rotation)} no longer verifies anything. Grants that rest on it end; policies that rest on it give no access until they are applied again.";

    private static string Olds(KeyRotation rotation) => rotation.Old.Count switch
    {
        0 => "no other key",
        1 => $"key {rotation.Old[0]}",
        _ => $"the keys {string.Join(", ", rotation.Old)}",
    };
}
