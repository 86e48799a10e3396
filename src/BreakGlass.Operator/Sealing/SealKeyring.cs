using System.Security.Cryptography;

namespace BreakGlass.Operator.Sealing;

/// <summary>
/// The seal keys as every replica knows them, from the Secret that all of them read again and again. The first replica makes it; the leader
/// rotates the keys in it. Where the Secret is lost, the replica that notices first writes back the keys it remembers.
/// </summary>
internal sealed class SealKeyring(KubeClient client, string ns, TimeProvider time, ILogger logger, SealCheck? trusting = null) : IDisposable
{
    public const string SecretName = SealKeys.SecretName;

    public static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    private const long Never = long.MinValue;

    private readonly SemaphoreSlim _reading = new(1);
    private volatile SealKeys _keys = SealKeys.None;
    private long _lookedAt = Never;
    private volatile bool _unread = true;

    /// <summary>Whether there are keys: nothing can be sealed or verified before.</summary>
    public bool IsReady => _keys.All.Count > 0;

    public SealKeys Keys => _keys;

    /// <summary>Decides whether stamps are believed: by the keys read last, if the operator requires seals.</summary>
    public SealCheck Check => trusting ?? SealCheck.By(_keys);

    /// <summary>
    /// Whether admission vouches for an object, by the keys read last. Broken also means that its key is not known here yet: see <see cref="VerifyAsync"/>.
    /// </summary>
    public SealState Verify(IKubernetesObject<V1ObjectMeta> o) => Seal.Verify(o, _keys);

    /// <summary>Whether admission vouches for an object; a seal by an unknown key makes the keys be read again first, at most once a second.</summary>
    public async ValueTask<SealState> VerifyAsync(IKubernetesObject<V1ObjectMeta> o, CancellationToken cancellationToken)
    {
        await KnowKeyOfAsync(o, cancellationToken);
        return Verify(o);
    }

    /// <summary>What <see cref="Check"/> makes of an object; as in <see cref="VerifyAsync"/>, an unknown key makes the keys be read again first.</summary>
    public ValueTask<SealState> JudgeAsync(IKubernetesObject<V1ObjectMeta> o, CancellationToken cancellationToken) =>
        trusting is null ? VerifyAsync(o, cancellationToken) : ValueTask.FromResult(trusting.Of(o));

    /// <summary>Whether a seal's MAC is right, whatever its time: for objects that have no time of creation yet.</summary>
    public async ValueTask<bool> FitsAsync(IKubernetesObject<V1ObjectMeta> o, CancellationToken cancellationToken)
    {
        await KnowKeyOfAsync(o, cancellationToken);
        return Seal.TryParse(Seal.Of(o), out var seal) && seal.Fits(o, _keys);
    }

    /// <summary>
    /// Whether an object is sealed with a compromised key that is being dropped. Admission gives it no other seal then: only the leader knows what was
    /// believed before, and brings the new seal with it.
    /// </summary>
    public bool IsDoubtful(IKubernetesObject<V1ObjectMeta> o) =>
        _keys.Rotation is { Cutoff: not null } && Seal.TryParse(Seal.Of(o), out var seal) && _keys.IsReplaced(seal.KeyId);

    /// <summary>
    /// Whether something can be said of the seals that objects carry, a grant's record among them. A key that is not known here makes the keys be read
    /// again first, at most once a second. False where they could not be read: then a seal by such a key may be good or bad.
    /// </summary>
    /// <param name="objects">The objects.</param>
    /// <param name="patience">The longest to wait for keys; nothing is waited for where all are in memory.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async ValueTask<bool> CanJudgeAsync(IReadOnlyList<IKubernetesObject<V1ObjectMeta>> objects, TimeSpan patience, CancellationToken cancellationToken)
    {
        var unknown = objects.SelectMany(KeysOf).Where(id => !Check.Knows(id)).Distinct().ToList();
        if (unknown.Count == 0) return true;
        if (patience <= TimeSpan.Zero) return false;
        using var enough = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(enough.Token, cancellationToken);
        try
        {
            foreach (var id in unknown) await KnowKeyAsync(id, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }

        return !_unread || unknown.TrueForAll(id => _keys.Find(id) is not null);
    }

    /// <summary>Seals an object.</summary>
    /// <exception cref="InvalidOperationException">There is no key yet.</exception>
    public Seal Make(IKubernetesObject<V1ObjectMeta> o, DateTimeOffset sealedAt) =>
        Seal.Make(o, CurrentKey(), sealedAt);

    /// <summary>Seals what a grant's status records, if seals are required.</summary>
    /// <exception cref="InvalidOperationException">There is no key yet.</exception>
    public GrantStatus SealRecord(string uid, GrantStatus status) =>
        trusting is null ? status with { RecordSeal = RecordSeal.Make(uid, status, CurrentKey()) } : status;

    /// <summary>Reads the keys now and then, until cancelled; makes them where there are none.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => time.EveryAsync(Period, atOnce: true, RefreshAsync, cancellationToken);

    /// <summary>Reads the keys now. Where they cannot be had, those at hand stay and the log says so.</summary>
    public Task RefreshAsync(CancellationToken cancellationToken) => RefreshAsync(unlessJustRead: false, cancellationToken);

    private async Task RefreshAsync(bool unlessJustRead, CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken);
        try
        {
            // Only reads for an unknown key count: a key can have been made right after a read that was due anyway.
            if (unlessJustRead && _lookedAt != Never && time.GetElapsedTime(_lookedAt) < TimeSpan.FromSeconds(1)) return;
            if (unlessJustRead) _lookedAt = time.GetTimestamp();

            // Until it is known otherwise: who gives this read up in the middle has learned nothing, and must not be told that keys were looked for.
            _unread = true;
            var secret = await client.TryGetAsync<V1Secret>(SecretName, ns, cancellationToken);
            var found = SealKeys.Of(secret);
            if (found.All.Count == 0) found = await MakeAsync(secret, cancellationToken);
            _unread = found.All.Count == 0;
            if (found.All.Count > 0 && !found.SameAs(_keys))
            {
                _keys = found;
                logger.SealKeysRead(string.Join(", ", found.All.Select(k => k.Id)));
            }
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException or KubeConfigException)
        {
            _unread = true;
            logger.SealKeysUnread(e);
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <summary>Rotates the keys where that is due. For the leader; another replica that does it too makes one of the two fail and nothing worse.</summary>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="writer">The client that writes, where it is another than the one that reads.</param>
    public async Task RotateAsync(CancellationToken cancellationToken, KubeClient? writer = null)
    {
        try
        {
            if (await client.TryGetAsync<V1Secret>(SecretName, ns, cancellationToken) is not { } secret) return;
            var keys = SealKeys.Of(secret);

            // A key that is dropped takes every seal made with it along: not by a clock that may be wrong.
            if (time.CertainNow() is not { } now) return;
            if (keys.All.Count == 0 || !keys.IsRotationDue(now)) return;
            var rotated = keys.Rotated(now, NewId(), RandomNumberGenerator.GetBytes(SealKey.SecretBytes));
            await (writer ?? client).ReplaceAsync(rotated.In(secret), cancellationToken);
            logger.SealKeysRotated(string.Join(", ", rotated.All.Select(k => k.Id)));
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException or KubeConfigException)
        {
            logger.SealKeysNotRotated(e);
            return;
        }

        await RefreshAsync(cancellationToken);
    }

    /// <summary>
    /// Begins a rotation on request, unless it was begun: a new key that is used at once. The keys are known here when this comes back. While another rotation
    /// drops compromised keys, none is begun: it would give them the overlap of the new one.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="now">The time, by the API server's clock.</param>
    /// <param name="writer">The client that writes.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>
    /// The rotation that the keys are in, of this request or of an earlier one that is not over; null if there are no keys yet, or somebody else wrote them at
    /// the same time.
    /// </returns>
    public async Task<KeyRotation?> ReplaceAsync(RotationRequest request, DateTimeOffset now, KubeClient writer, CancellationToken cancellationToken)
    {
        if (await client.TryGetAsync<V1Secret>(SecretName, ns, cancellationToken) is not { } secret) return null;
        var keys = SealKeys.Of(secret);
        if (keys.All.Count == 0) return null;
        if (keys.Rotation?.Id != request.Id && keys.Rotation?.Cutoff is null)
        {
            keys = keys.Replaced(request, now, NewId(), RandomNumberGenerator.GetBytes(SealKey.SecretBytes));
            if (!await WriteAsync(secret, keys, writer, cancellationToken)) return null;
        }

        if (!keys.SameAs(_keys)) await RefreshAsync(cancellationToken);
        return _keys.Rotation is { } rotation && rotation == keys.Rotation ? rotation : null;
    }

    /// <summary>Takes the rotation that the keys are in to its next phase: the last one drops the keys that were replaced.</summary>
    /// <param name="id">The request.</param>
    /// <param name="phase">The phase.</param>
    /// <param name="writer">The client that writes.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Whether they are in that phase now.</returns>
    public async Task<bool> AdvanceAsync(string id, RotationPhase phase, KubeClient writer, CancellationToken cancellationToken)
    {
        if (await client.TryGetAsync<V1Secret>(SecretName, ns, cancellationToken) is not { } secret) return false;
        var keys = SealKeys.Of(secret);
        if (keys.Rotation?.Id != id || keys.Rotation.Phase > phase) return false;
        if (!await WriteAsync(secret, keys.In(phase), writer, cancellationToken)) return false;
        await RefreshAsync(cancellationToken);
        return _keys.Rotation is { } rotation && rotation.Id == id && rotation.Phase >= phase;
    }

    /// <inheritdoc/>
    public void Dispose() => _reading.Dispose();

    private async Task<bool> WriteAsync(V1Secret there, SealKeys keys, KubeClient writer, CancellationToken cancellationToken)
    {
        try
        {
            await writer.ReplaceAsync(keys.In(there), cancellationToken);
        }
        catch (KubeApiException e) when (e.IsConflict)
        {
            return false;
        }

        logger.SealKeysRotated(string.Join(", ", keys.All.Select(k => k.Id)));
        return true;
    }

    private async ValueTask KnowKeyOfAsync(IKubernetesObject<V1ObjectMeta> o, CancellationToken cancellationToken)
    {
        if (Seal.TryParse(Seal.Of(o), out var seal)) await KnowKeyAsync(seal.KeyId, cancellationToken);
    }

    private static IEnumerable<string> KeysOf(IKubernetesObject<V1ObjectMeta> o)
    {
        if (Seal.TryParse(Seal.Of(o), out var seal)) yield return seal.KeyId;
        if (o is BreakGlassGrant grant && RecordSeal.KeyOf(grant.Status.RecordSeal) is { } id) yield return id;
    }

    private SealKey CurrentKey() =>
        _keys.Current(time.GetUtcNow()) ?? throw new InvalidOperationException(
            $"There is no seal key yet: Secret {ns}/{SecretName} could not be read or created.");

    private async ValueTask KnowKeyAsync(string id, CancellationToken cancellationToken)
    {
        if (_keys.Find(id) is null) await RefreshAsync(unlessJustRead: true, cancellationToken);
    }

    // A replica that already has keys writes those: every seal made with them stays good.
    private async Task<SealKeys> MakeAsync(V1Secret? there, CancellationToken cancellationToken)
    {
        var keys = IsReady ? _keys : SealKeys.None.Rotated(time.GetUtcNow(), NewId(), RandomNumberGenerator.GetBytes(SealKey.SecretBytes));
        try
        {
            var made = there is null
                ? await client.CreateAsync(
                    keys.In(new V1Secret { Metadata = OperatorSecrets.Meta(SecretName, ns), Type = "breakglass.dev/seal-keys" }), cancellationToken)
                : await client.ReplaceAsync(keys.In(there), cancellationToken);
            logger.SealKeysMade(made.Metadata.Name);
            return SealKeys.Of(made);
        }
        catch (KubeApiException e) when (e.IsAlreadyExists || e.IsConflict)
        {
            return SealKeys.Of(await client.TryGetAsync<V1Secret>(SecretName, ns, cancellationToken));
        }
    }

    private static string NewId() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
}
