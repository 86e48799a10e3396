namespace TestKit.Storage;

/// <summary>What goes wrong with a request to a <see cref="FakeBucket"/>.</summary>
public sealed record BucketFault
{
    /// <summary>The status that is answered; 0 for none.</summary>
    public int Code { get; init; }

    /// <summary>S3's code for the error.</summary>
    public string Word { get; init; } = "InternalError";

    /// <summary>Whether nothing is answered.</summary>
    public bool Hangs { get; init; }

    /// <summary>Whether the request gets lost.</summary>
    public bool IsLost { get; init; }

    /// <summary>Whether the request is carried out and its answer gets lost.</summary>
    public bool IsLate { get; init; }
}
