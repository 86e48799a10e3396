using System.Text.Json.Serialization;

namespace BreakGlass.Core.Journal;

/// <summary>One entry of the journal: a CloudEvents 1.0 document.</summary>
public sealed record JournalEntry
{
    /// <summary>The source of the operator's entries.</summary>
    public const string Operator = "breakglass-operator";

    private const string CloudEvents = "1.0";

    /// <summary>The version of CloudEvents.</summary>
    public string Specversion { get; init => field = value ?? ""; } = CloudEvents;

    /// <summary>
    /// What the entry is, the same whenever it is written: the UID of the object, a slash, and what it tells of the object; of a grant's transition, its
    /// number from 0.
    /// </summary>
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

    /// <summary>The UID of the grant and the number of the transition; null if the entry is not that of a grant's transition.</summary>
    [JsonIgnore]
    public (string Uid, int Number)? Position
    {
        get
        {
            // Other kinds have numbers in their ids as well, and parts of ids that are only digits.
            if (!Subject.StartsWith(GrantEntries.SubjectStart, StringComparison.Ordinal) || Id.IndexOf('/') is not (> 0 and var slash)) return null;
            var text = Id.AsSpan(slash + 1);
            return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < int.MaxValue && IsPlain(text)
                ? (Id[..slash], number) : null;
        }
    }

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

    // One text for each number: 007 is not the transition 7.
    private static bool IsPlain(ReadOnlySpan<char> number) => number.Length == 1 || number[0] != '0';
}
