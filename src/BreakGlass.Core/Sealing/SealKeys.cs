namespace BreakGlass.Core.Sealing;

/// <summary>All keys that verify: the one in use, those before it as long as they overlap, and a new one that is about to be used.</summary>
public sealed class SealKeys
{
    /// <summary>The name of the Secret that they live in, in the operator's namespace.</summary>
    public const string SecretName = "breakglass-seal-keys";

    /// <summary>How long a key is used.</summary>
    public static readonly TimeSpan UsedFor = TimeSpan.FromDays(30);

    /// <summary>How long a key verifies after another took its place.</summary>
    public static readonly TimeSpan Overlap = TimeSpan.FromDays(90);

    /// <summary>How long a new key only verifies, so that every replica has read it before the first seal is made with it.</summary>
    public static readonly TimeSpan Spreads = TimeSpan.FromMinutes(1);

    /// <summary>No keys: nothing can be sealed, and nothing verifies.</summary>
    public static SealKeys None { get; } = new([]);

    private readonly SealKey[] _keys;

    /// <param name="keys">The keys, in any order.</param>
    /// <param name="rotation">The rotation on request that they are in, or were in last; null if there was none.</param>
    public SealKeys(IEnumerable<SealKey> keys, KeyRotation? rotation = null) =>
        (_keys, Rotation) = ([.. keys.OrderBy(k => k.CreatedAt).ThenBy(k => k.Id, StringComparer.Ordinal)], rotation);

    /// <summary>The keys, the oldest first.</summary>
    public IReadOnlyList<SealKey> All => _keys;

    /// <summary>The rotation on request that they are in, or were in last; null if there was none.</summary>
    public KeyRotation? Rotation { get; }

    /// <summary>The key of a seal, or null.</summary>
    public SealKey? Find(string id) => Array.Find(_keys, k => k.Id == id);

    /// <summary>Whether a key was replaced on request, and is not dropped yet.</summary>
    public bool IsReplaced(string id) => Rotation is { } rotation && rotation.Old.Contains(id);

    /// <summary>
    /// The key to seal with: the newest that every replica knows, and one that was made on request at once, because a replica that does not know it reads the
    /// keys again when it sees a seal by it; null where there is none.
    /// </summary>
    public SealKey? Current(DateTimeOffset now) =>
        Array.FindLast(_keys, k => (k.CreatedAt + Spreads <= now || k.Id == Rotation?.Key) && !IsReplaced(k.Id))
        ?? (_keys.Length > 0 ? _keys[0] : null);

    /// <summary>Whether <see cref="Rotated"/> would change anything.</summary>
    public bool IsRotationDue(DateTimeOffset now) => _keys.Length == 0 || _keys[^1].CreatedAt + UsedFor <= now || Kept(now).Count() < _keys.Length;

    /// <summary>The keys after rotation: a new one where the newest was used long enough, without those whose overlap is over.</summary>
    /// <param name="now">The time.</param>
    /// <param name="id">Id of the new key.</param>
    /// <param name="secret">Secret of the new key.</param>
    public SealKeys Rotated(DateTimeOffset now, string id, ReadOnlyMemory<byte> secret)
    {
        var kept = Kept(now);
        if (_keys.Length == 0 || _keys[^1].CreatedAt + UsedFor <= now)
            kept = kept.Append(new(id, DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds()), secret));
        return new(kept, Rotation);
    }

    /// <summary>The keys at the beginning of a rotation on request: a new key is used at once, and takes the place of all others.</summary>
    /// <param name="request">The request.</param>
    /// <param name="now">The time, by the API server's clock.</param>
    /// <param name="id">Id of the new key.</param>
    /// <param name="secret">Secret of the new key.</param>
    public SealKeys Replaced(RotationRequest request, DateTimeOffset now, string id, ReadOnlyMemory<byte> secret)
    {
        var seconds = now.ToUnixTimeSeconds();
        return new(
            [.. _keys, new(id, DateTimeOffset.FromUnixTimeSeconds(seconds), secret)],
            new() { Id = request.Id, Overlap = request.Overlap, At = seconds, Key = id, Old = [.. _keys.Select(k => k.Id)] });
    }

    /// <summary>The keys in the next phase of their rotation: in the last one, without those that were replaced.</summary>
    public SealKeys In(RotationPhase phase) => Rotation is not { } rotation ? this : new(
        phase is RotationPhase.OldRefused ? _keys.Where(k => !rotation.Old.Contains(k.Id)) : _keys, rotation with { Phase = phase });

    /// <summary>Whether both hold the same keys.</summary>
    public bool SameAs(SealKeys other) => _keys.Length == other._keys.Length && Rotation == other.Rotation
        && _keys.Zip(other._keys).All(p => p.First.Id == p.Second.Id && p.First.Secret.Span.SequenceEqual(p.Second.Secret.Span));

    /// <summary>Reads the Secret they live in, with the rotation that they are in.</summary>
    public static SealKeys Of(V1Secret? secret) => new(Read(secret?.Data).All, KeyRotation.Of(secret));

    /// <summary>Reads the data of the Secret they live in; what is no key is left out.</summary>
    public static SealKeys Read(IDictionary<string, byte[]>? data)
    {
        var keys = new List<SealKey>();
        foreach (var (name, secret) in data ?? new Dictionary<string, byte[]>())
        {
            if (secret is not { Length: SealKey.SecretBytes } || name.Split('.') is not [var id, var created]) continue;
            if (!Seal.IsKeyId(id) || !long.TryParse(created, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
                || seconds > Seal.LastSecond) continue;
            keys.Add(new(id, DateTimeOffset.FromUnixTimeSeconds(seconds), secret));
        }

        return new(keys);
    }

    /// <summary>The data of the Secret they live in: <c>id.unix-seconds</c> to secret.</summary>
    public IDictionary<string, byte[]> Write() =>
        _keys.ToDictionary(k => string.Create(CultureInfo.InvariantCulture, $"{k.Id}.{k.CreatedAt.ToUnixTimeSeconds()}"), k => k.Secret.ToArray());

    /// <summary>The Secret with these keys, and the rotation that they are in.</summary>
    public V1Secret In(V1Secret secret) => secret with { Data = Write(), Metadata = Rotation?.On(secret.Metadata) ?? secret.Metadata };

    // A key's time is over once the one after it has been there for the overlap.
    private IEnumerable<SealKey> Kept(DateTimeOffset now) => _keys.Where((_, i) => i == _keys.Length - 1 || _keys[i + 1].CreatedAt + Overlap > now);
}
