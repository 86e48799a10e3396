using System.Text.Json.Serialization;

namespace BreakGlass.Core.Journal;

/// <summary>
/// A part of the recording of a stream: the entry of the journal that proves the file in the journal's storage (<see cref="RecordingFile"/>).
/// </summary>
public sealed record RecordingPart
{
    /// <summary>The stream: the auditID of its request.</summary>
    public required string Stream { get; init; }

    /// <summary>The number of the part, from 0.</summary>
    public required int Part { get; init; }

    /// <summary>If true, no part follows: the stream has ended.</summary>
    public bool? Last { get; init; }

    /// <summary>The SHA-256 of the file as it is stored, in hexadecimal.</summary>
    public required string Hash { get; init; }

    /// <summary>The size of the file as it is stored, in bytes.</summary>
    public required long Size { get; init; }

    /// <summary>If true, the name of the file contains the start of the hash, because there was another file with the usual name.</summary>
    public bool? Apart { get; init; }

    /// <summary>When the stream began.</summary>
    [JsonConverter(typeof(EventTimeConverter))]
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>How long the stream was open when the part ended, in milliseconds.</summary>
    public required long EndsAfter { get; init; }

    /// <summary>The request: what was executed, where, in words.</summary>
    public string? Request { get; init; }

    /// <summary>How many bytes of the stream before this part, and after the part before it, were not recorded; not set if none.</summary>
    public long? Missing { get; init; }
}
