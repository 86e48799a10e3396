using BreakGlass.Core.Sessions;

namespace BreakGlass.Operator.Sessions;

/// <summary>The session of one grant in the memory of this replica.</summary>
internal sealed class Session(BreakGlassGrant grant, string observer)
{
    public string Name => Grant.Metadata.Name;

    public string Uid => Grant.Metadata.Uid ?? "";

    /// <summary>The grant as it was when the last event came.</summary>
    public BreakGlassGrant Grant { get; set; } = grant;

    public SharedRecord Record { get; } = new(observer);

    /// <summary>Whether something was counted that is not written.</summary>
    public bool IsDirty { get; set; }

    /// <summary>Whether the time of the last use has changed, and may be written with what changes next.</summary>
    public bool IsUsed { get; set; }

    /// <summary>When it was written last, by the monotonic clock.</summary>
    public long WrittenAt { get; set; }

    /// <summary>Whether the record contains what this replica wrote before.</summary>
    public bool IsRestored { get; set; }

    /// <summary>When the last event came, by the monotonic clock.</summary>
    public long TouchedAt { get; set; }

    /// <summary>Whether its grant still exists.</summary>
    public bool IsKnownTo(ClusterCaches caches) => caches.Grant(Name)?.Metadata.Uid == Uid;
}
