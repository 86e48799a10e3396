using BreakGlass.Operator.Options;

namespace BreakGlass.Operator.Journal;

/// <summary>Reads the options that say where the journal is, and says which of them do not fit together.</summary>
internal static class JournalOptions
{
    private static readonly TimeSpan LongestRetention = TimeSpan.FromDays(36_500);

    /// <summary>A bucket's name.</summary>
    public static string? Bucket(string text, out string value)
    {
        value = text;
        return text.Length is >= 3 and <= 63 && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.')
            && char.IsAsciiLetterOrDigit(text[0]) && char.IsAsciiLetterOrDigit(text[^1])
            ? null : "is not the name of a bucket. Use 3 to 63 lower-case letters, digits, hyphens and dots, for example breakglass-journal";
    }

    /// <summary>The start of names in the bucket.</summary>
    public static string? Prefix(string text, out string value)
    {
        value = text.Trim('/');
        return value.Length is > 0 and <= 200 && value.Split('/').All(p => p.Length > 0 && p is not ("." or "..")
            && p.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_'))
            ? null : "is not a prefix. Use letters, digits, hyphens, dots, underscores and slashes, for example clusters/prod";
    }

    /// <summary>A region's name.</summary>
    public static string? Region(string text, out string value)
    {
        value = text;
        return text.Length is > 0 and <= 63 && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')
            ? null : "is not the name of a region. Use for example eu-central-1";
    }

    /// <summary>How long files are kept: hours and more, or zero.</summary>
    public static string? Retention(string text, out TimeSpan value) =>
        GoDuration.TryParse(text, out value) && (value == TimeSpan.Zero || (value >= TimeSpan.FromHours(1) && value <= LongestRetention))
            ? null : "is not a retention of at least 1h and at most 100 years. Use for example 8760h for a year, or 0 for the bucket's default";

    /// <summary>The settings of the bucket; null if there is none.</summary>
    public static BucketSettings? Of(OperatorOptions options) => options.JournalBucket is not { } bucket ? null : new(bucket)
    {
        Prefix = options.JournalBucketPrefix,
        Endpoint = options.JournalBucketEndpoint,
        Region = options.JournalBucketRegion,
        PathStyle = options.JournalBucketPathStyle,
        Retention = options.JournalBucketRetention == TimeSpan.Zero ? null : options.JournalBucketRetention,
        IsCompliance = options.JournalBucketCompliance,
    };

    /// <summary>What does not fit together.</summary>
    public static IEnumerable<string> Contradictions(OperatorOptions o)
    {
        if (o is { JournalDirectory: not null, JournalBucket: not null })
        {
            yield return "--journal-directory (BREAKGLASS_JOURNAL_DIRECTORY) and --journal-bucket (BREAKGLASS_JOURNAL_BUCKET) are both set, and the journal "
                + "is in one place. Remove one of them; to move a journal, copy its files while the operator is stopped.";
        }

        var (hasPlace, place) = (o.JournalDirectory is not null || o.JournalBucket is not null, o.JournalDirectory is not null
            ? "--journal-directory (BREAKGLASS_JOURNAL_DIRECTORY)" : "--journal-bucket (BREAKGLASS_JOURNAL_BUCKET)");
        if (hasPlace && o.JournalKey is null)
        {
            yield return $"{place} is set and --journal-key (BREAKGLASS_JOURNAL_KEY) is not, so the journal could not be signed. Set --journal-key to a file "
                + "from 'kubectl breakglass journal keygen'.";
        }

        if (!hasPlace && o.JournalKey is not null)
        {
            yield return "--journal-key (BREAKGLASS_JOURNAL_KEY) is set, and neither --journal-directory (BREAKGLASS_JOURNAL_DIRECTORY) nor --journal-bucket "
                + "(BREAKGLASS_JOURNAL_BUCKET) is, so there is no journal to sign. Set one of them.";
        }

        if (o is { JournalBucket: not null, JournalBucketEndpoint: null, JournalBucketRegion: null })
        {
            yield return "--journal-bucket (BREAKGLASS_JOURNAL_BUCKET) is set, and neither --journal-bucket-region (BREAKGLASS_JOURNAL_BUCKET_REGION) nor "
                + "--journal-bucket-endpoint (BREAKGLASS_JOURNAL_BUCKET_ENDPOINT) is, so the operator does not know where it is. Set the region for AWS, or "
                + "the endpoint for another service.";
        }

        if (o.JournalBucket is null && (o.JournalBucketPrefix ?? o.JournalBucketRegion ?? o.JournalBucketEndpoint?.OriginalString) is not null)
        {
            yield return "--journal-bucket-prefix, -region or -endpoint is set and --journal-bucket (BREAKGLASS_JOURNAL_BUCKET) is not. Set it as well, or "
                + "remove them.";
        }

        if (o.JournalListen is not null && !hasPlace)
        {
            yield return "--journal-listen (BREAKGLASS_JOURNAL_LISTEN) is set and there is no journal to serve. Set --journal-directory or --journal-bucket, "
                + "and --journal-key (BREAKGLASS_JOURNAL_DIRECTORY, BREAKGLASS_JOURNAL_BUCKET, BREAKGLASS_JOURNAL_KEY).";
        }
    }
}
