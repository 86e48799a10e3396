namespace BreakGlass.Operator.Journal;

/// <summary>Which bucket a journal is in. Credentials are not part of it: the SDK finds them.</summary>
/// <param name="Bucket">The name of the bucket.</param>
internal sealed record BucketSettings(string Bucket)
{
    /// <summary>What the names of all files begin with, without the slash; null for nothing.</summary>
    public string? Prefix { get; init; }

    /// <summary>The service; null for that of AWS in the region.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>The region.</summary>
    public string? Region { get; init; }

    /// <summary>Whether the bucket's name is in the path of requests, not in the host name.</summary>
    public bool PathStyle { get; init; }

    /// <summary>How long Object Lock keeps files that stay; null for what the bucket does by default.</summary>
    public TimeSpan? Retention { get; init; }

    /// <summary>Whether nobody can shorten the retention; otherwise somebody with a special right can.</summary>
    public bool IsCompliance { get; init; }
}
