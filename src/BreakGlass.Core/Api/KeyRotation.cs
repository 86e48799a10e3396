using System.Text.Json.Serialization;

namespace BreakGlass.Core.Api;

/// <summary>
/// The rotation that the keys in a Secret are in, or were in last: an annotation on the Secret, written in one request with the keys, so that a leader that
/// comes in the middle goes on where the one before it stopped. Versions that do not know it keep to their own schedule.
/// </summary>
public sealed record KeyRotation
{
    /// <summary>The annotation.</summary>
    public const string Annotation = BreakGlassApi.Group + "/rotation";

    /// <summary>
    /// How long what is under way may still finish with an old key that is compromised. What was made with it later is not believed, and is not sealed again.
    /// </summary>
    public static readonly TimeSpan Settles = TimeSpan.FromSeconds(2);

    /// <summary>How long an old key that is compromised is kept for what is not sealed again yet.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>The year 9999 in seconds since 1970.</summary>
    private const long LastSecond = 253_402_300_799;

    /// <summary>The request.</summary>
    public string Id { get; init => field = value ?? ""; } = "";

    /// <summary>How long the old keys are accepted; zero if they are compromised.</summary>
    public string Overlap { get; init => field = value ?? ""; } = "";

    /// <summary>When the new key was made, by the API server's clock; seconds since 1970.</summary>
    public long At { get; init; }

    /// <summary>The new key.</summary>
    public string Key { get; init => field = value ?? ""; } = "";

    /// <summary>The keys that it takes the place of.</summary>
    public IReadOnlyList<string> Old { get; init => field = value ?? []; } = [];

    /// <summary>How far it is.</summary>
    public RotationPhase Phase { get; init; }

    /// <summary>When the new key was made.</summary>
    [JsonIgnore]
    public DateTimeOffset BeganAt => DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(At, 0, LastSecond));

    /// <summary>Whether the old keys are compromised.</summary>
    [JsonIgnore]
    public bool IsUrgent => OverlapTime == TimeSpan.Zero;

    /// <summary>What is made with an old key after this instant is not believed; null if it is, until the old keys are dropped.</summary>
    [JsonIgnore]
    public DateTimeOffset? Cutoff => IsUrgent && Phase is not RotationPhase.OldRefused ? BeganAt + Settles : null;

    /// <summary>When the old keys are dropped at the latest.</summary>
    [JsonIgnore]
    public DateTimeOffset EndsAt => Timestamp.After(BeganAt, OverlapTime);

    private TimeSpan OverlapTime => GoDuration.TryParse(Overlap, out var overlap) ? overlap : TimeSpan.Zero;

    /// <summary>The rotation that an object's annotation says; null if there is none.</summary>
    public static KeyRotation? Of(IKubernetesObject<V1ObjectMeta>? o) => RotatedKeys.Read<KeyRotation>(o?.AnnotationsOrEmpty.GetValueOrDefault(Annotation));

    /// <summary>The metadata of the Secret, with this rotation.</summary>
    public V1ObjectMeta On(V1ObjectMeta metadata) =>
        metadata with { Annotations = new Dictionary<string, string>(metadata.Annotations.OrEmpty()) { [Annotation] = RotatedKeys.Write(this) } };

    /// <inheritdoc/>
    public bool Equals(KeyRotation? other) => other is not null && Id == other.Id && Overlap == other.Overlap && At == other.At && Key == other.Key
        && Phase == other.Phase && Old.SequenceEqual(other.Old);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Id, Overlap, At, Key, Phase);
}
