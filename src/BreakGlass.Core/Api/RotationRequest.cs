using System.Text.Json.Serialization;

namespace BreakGlass.Core.Api;

/// <summary>
/// A person's request to rotate one of the operator's keys, in the ConfigMap <see cref="RotatedKeys.ConfigMapName"/>. A request is carried out once: its id
/// says which one it is.
/// </summary>
public sealed record RotationRequest
{
    /// <summary>The longest overlap.</summary>
    public static readonly TimeSpan LongestOverlap = TimeSpan.FromDays(90);

    /// <summary>Which request it is: 1 to 64 lower-case letters, digits and hyphens.</summary>
    public string Id { get; init => field = value ?? ""; } = "";

    /// <summary>How long the old keys are accepted beside the new one; 0s if they are compromised.</summary>
    public string Overlap { get; init => field = value ?? ""; } = "";

    /// <summary>The overlap; zero if the text is not a duration.</summary>
    [JsonIgnore]
    public TimeSpan OverlapTime => GoDuration.TryParse(Overlap, out var overlap) ? overlap : TimeSpan.Zero;

    /// <summary>What is wrong with it, as the end of a sentence; null if nothing is.</summary>
    [JsonIgnore]
    public string? Problem =>
        Id.Length is 0 or > 64 || !Id.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')
            ? "id must have 1 to 64 lower-case letters, digits and hyphens"
            : !GoDuration.TryParse(Overlap, out var overlap) ? $"overlap '{Overlap}' is not a valid duration; use for example 24h, 30m or 0s"
            : overlap > LongestOverlap ? $"overlap '{Overlap}' is longer than {GoDuration.Format(LongestOverlap)}; use a shorter duration" : null;

    /// <summary>Reads the text; null if it is not a request.</summary>
    public static RotationRequest? Read(string? text) => RotatedKeys.Read<RotationRequest>(text);

    /// <summary>The text of the request.</summary>
    public string Write() => RotatedKeys.Write(this);
}
