using System.Text.Json.Serialization;

namespace BreakGlass.Core.Journal;

/// <summary>One entry of the journal: a CloudEvents 1.0 document.</summary>
public sealed record JournalEntry
{
    private const string CloudEvents = "1.0";

    /// <summary>The version of CloudEvents.</summary>
    public string Specversion { get; init => field = value ?? ""; } = CloudEvents;

    /// <summary>What the entry is, the same whenever it is written: the UID of the object, a slash, and the number of its transition from 0.</summary>
    public required string Id { get; init; }

    /// <summary>What happened, for example <c>dev.breakglass.grant.activated</c>.</summary>
    public required string Type { get; init; }

    /// <summary>Who wrote it.</summary>
    public required string Source { get; init; }

    /// <summary>The object, for example <c>grants/inc-4711</c>.</summary>
    public required string Subject { get; init; }

    /// <summary>When it happened.</summary>
    [JsonConverter(typeof(Api.StatusMillisConverter))]
    public required DateTimeOffset Time { get; init; }

    /// <summary>The media type of the data.</summary>
    public string Datacontenttype { get; init => field = value ?? ""; } = "application/json";

    /// <summary>The details.</summary>
    public required EntryData Data { get; init; }

    /// <summary>The UID of the object and the number of the transition; null if the id has another form.</summary>
    [JsonIgnore]
    public (string Uid, int Number)? Position =>
        Id.LastIndexOf('/') is > 0 and var slash && int.TryParse(Id.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? (Id[..slash], number) : null;

    /// <summary>Whether the entry is about a grant.</summary>
    public bool IsOf(string grant) => Data.Grant == grant;

    /// <summary>The id of a transition.</summary>
    public static string IdOf(string uid, int number) => string.Create(CultureInfo.InvariantCulture, $"{uid}/{number}");

    /// <summary>Reads an entry; null if it is not one.</summary>
    public static JournalEntry? Read(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            return JsonSerializer.Deserialize(bytes.Span, JournalJsonContext.Default.JournalEntry) is { Specversion: CloudEvents } entry ? entry : null;
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The bytes that go into the log: RFC 8785.</summary>
    /// <exception cref="JournalException">The entry is too large, or a text in it is not Unicode.</exception>
    public byte[] Bytes()
    {
        var bytes = CanonicalJson.Write(JsonSerializer.SerializeToElement(this, JournalJsonContext.Default.JournalEntry));
        return bytes.Length > EntryBundle.LargestEntry ? throw JournalException.TooLarge(bytes.Length) : bytes;
    }
}
