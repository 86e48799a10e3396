using System.Security.Cryptography;
using BreakGlass.Core.Credentials;

namespace BreakGlass.Core.Sealing;

/// <summary>
/// The mark by which admission vouches for an object: the annotation <c>breakglass.dev/seal</c>, text
/// <c>v1.KEY.SECONDS.MAC</c>. The HMAC-SHA256 is over kind, name, the time of the create and the canonical spec, stamp included.
/// </summary>
/// <param name="KeyId">The key.</param>
/// <param name="SealedAt">When the object passed admission for the first time; whole seconds.</param>
/// <param name="Mac">The MAC.</param>
public sealed record Seal(string KeyId, DateTimeOffset SealedAt, ReadOnlyMemory<byte> Mac)
{
    /// <summary>The annotation that holds it.</summary>
    public const string Annotation = BreakGlassApi.Group + "/seal";

    /// <summary>What stands in the place of a seal in a dry run: it vouches for nothing.</summary>
    public const string DryRun = "dry-run";

    /// <summary>
    /// How far apart the time in the seal and the API server's creation time may be: a sealed manifest that is created again later, past an
    /// absent webhook, opens nothing.
    /// </summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(30);

    /// <summary>The year 9999 in seconds since 1970.</summary>
    internal const long LastSecond = 253_402_300_799;

    private const string Version = "v1";

    /// <summary>Makes the seal of an object.</summary>
    /// <param name="o">One of our kinds, with its name and its stamp.</param>
    /// <param name="key">The key in use.</param>
    /// <param name="sealedAt">The time of the create; cut to whole seconds.</param>
    /// <exception cref="ArgumentException">The object is of no kind that is sealed.</exception>
    public static Seal Make(IKubernetesObject<V1ObjectMeta> o, SealKey key, DateTimeOffset sealedAt)
    {
        var seconds = sealedAt.ToUnixTimeSeconds();
        var mac = MacOf(o, key, seconds) ?? throw new ArgumentException($"{o.KindName} is not sealed", nameof(o));
        return new(key.Id, DateTimeOffset.FromUnixTimeSeconds(seconds), mac);
    }

    /// <summary>Whether an object carries a seal of ours that fits it, its name and its time of creation.</summary>
    public static SealState Verify(IKubernetesObject<V1ObjectMeta> o, SealKeys keys)
    {
        if (Of(o) is not { } text) return SealState.Missing;
        return TryParse(text, out var seal)
            && o.Metadata.CreatedAt is { } created && (created - seal.SealedAt).Duration() <= Tolerance
            && !IsTooLate(seal, created, keys) && seal.Fits(o, keys)
            ? SealState.Valid : SealState.Broken;
    }

    // With a compromised key a seal can say any time. The time of creation is the API server's.
    private static bool IsTooLate(Seal seal, DateTimeOffset created, SealKeys keys) =>
        keys.Rotation?.Cutoff is { } cutoff && keys.IsReplaced(seal.KeyId) && created > cutoff;

    /// <summary>Whether the MAC is that of the object, made with one of the keys. Says nothing of the time.</summary>
    public bool Fits(IKubernetesObject<V1ObjectMeta> o, SealKeys keys) =>
        keys.Find(KeyId) is { } key && MacOf(o, key, SealedAt.ToUnixTimeSeconds()) is { } mac && CryptographicOperations.FixedTimeEquals(mac, Mac.Span);

    /// <summary>Whether two objects of one kind say the same in their specs, as seals see them.</summary>
    public static bool SameSpec(IKubernetesObject<V1ObjectMeta> one, IKubernetesObject<V1ObjectMeta> other) =>
        one.Kind == other.Kind && CanonicalSpec.Bytes(one) is { } a && CanonicalSpec.Bytes(other) is { } b && a.AsSpan().SequenceEqual(b);

    /// <summary>The text of the annotation; null where the object carries none.</summary>
    public static string? Of(IKubernetesObject<V1ObjectMeta> o) => o.AnnotationsOrEmpty.GetValueOrDefault(Annotation) is { Length: > 0 } text ? text : null;

    /// <summary>Reads the text of the annotation. There is one text for each seal.</summary>
    public static bool TryParse(string? text, out Seal seal)
    {
        seal = null!;
        if (text is not { Length: <= 256 } || text.Split('.') is not [Version, var key, var time, var mac]) return false;
        if (!IsKeyId(key) || !Base64UrlText.TryDecode(mac, out var bytes) || bytes.Length != HMACSHA256.HashSizeInBytes) return false;
        if (!long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || seconds > LastSecond) return false;
        seal = new(key, DateTimeOffset.FromUnixTimeSeconds(seconds), bytes);
        return seal.ToString() == text;
    }

    /// <summary>The text of the annotation.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Version}.{KeyId}.{SealedAt.ToUnixTimeSeconds()}.{Base64UrlText.Encode(Mac.Span)}");

    internal static bool IsKeyId(string id) => id.Length is >= 1 and <= 32 && id.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c));

    // A JSON array, so that no two different objects give the same bytes.
    private static byte[]? MacOf(IKubernetesObject<V1ObjectMeta> o, SealKey key, long seconds)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartArray();
            writer.WriteStringValue(Annotation);
            writer.WriteStringValue(Version);
            writer.WriteStringValue(o.Kind);
            writer.WriteStringValue(o.Metadata.Name);
            writer.WriteNumberValue(seconds);
            if (!CanonicalSpec.TryWrite(o, writer)) return null;
            writer.WriteEndArray();
        }

        return HMACSHA256.HashData(key.Secret.Span, buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
    }
}
