namespace BreakGlass.Operator.Sessions;

/// <summary>What became of an audit event.</summary>
internal static class AuditResults
{
    /// <summary>It was counted.</summary>
    public const string Kept = "kept";

    /// <summary>It was counted, and its request was more than a minute ago.</summary>
    public const string Late = "late";

    /// <summary>It is of a user who uses no grant.</summary>
    public const string Foreign = "foreign";

    /// <summary>It is of an identity whose grant is not known, or of a requester who had no access by name at that time.</summary>
    public const string Unknown = "unknown";

    /// <summary>It was counted before.</summary>
    public const string Duplicate = "duplicate";

    /// <summary>It says only that a request arrived.</summary>
    public const string Ignored = "ignored";

    /// <summary>A whole body that was not read; counted once, however many events are in it.</summary>
    public const string Refused = "refused";

    public static readonly IReadOnlyList<string> All = [Kept, Late, Foreign, Unknown, Duplicate, Ignored, Refused];
}
