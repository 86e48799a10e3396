using System.Text.Json.Nodes;
using Soak.Faults;

namespace Soak.Observing;

/// <summary>One grant, by what its requester asked for and what the API server says of it.</summary>
internal sealed class KnownGrant(string name, string policy, string requester, string place, bool bound)
{
    private readonly Lock _gate = new();
    private readonly List<DueEnd> _dues = [];

    public string Name { get; } = name;

    public string Policy { get; } = policy;

    public string Requester { get; } = requester;

    /// <summary>The namespace in which access is tried.</summary>
    public string Place { get; } = place;

    /// <summary>Whether the requester's own name is bound.</summary>
    public bool Bound { get; } = bound;

    /// <summary>Why it must never open; null where it may.</summary>
    public string? MustNotOpen { get; set; }

    /// <summary>Whether somebody who may has approved it, as the API server took it.</summary>
    public bool Approved { get; set; }

    /// <summary>Whether only an approval opens it.</summary>
    public bool NeedsApproval { get; init; }

    public DateTimeOffset Asked { get; } = Clock.Now;

    public string? Uid { get; set; }

    public string? Phase { get; set; }

    public string? EndReason { get; set; }

    public DateTimeOffset? ActivatedAt { get; set; }

    public DateTimeOffset? ExpiresAt { get; set; }

    /// <summary>When it was first seen to be Active.</summary>
    public DateTimeOffset? ActiveSeen { get; set; }

    /// <summary>When it was first seen to be over.</summary>
    public DateTimeOffset? EndSeen { get; set; }

    /// <summary>When access was first seen to be gone after it had been due.</summary>
    public DateTimeOffset? Cut { get; set; }

    /// <summary>namespace/name.</summary>
    public string? ServiceAccount { get; set; }

    /// <summary>namespace/name.</summary>
    public string? Secret { get; set; }

    public bool Deleted { get; set; }

    public bool Reviewed { get; set; }

    /// <summary>Whether access was ever there.</summary>
    public bool WasOpen { get; set; }

    public JsonNode? Last { get; set; }

    /// <summary>The transitions of the record, and whether one of them opened it.</summary>
    public int Activations { get; set; }

    public bool Over => Deleted || Phase is "Expired" or "Revoked" or "Denied" or "Failed";

    public IReadOnlyList<DueEnd> Dues
    {
        get
        {
            lock (_gate) return [.. _dues];
        }
    }

    /// <summary>Notes an end; of each cause the first counts.</summary>
    public bool IsDue(Ends ends, DateTimeOffset at, string cause)
    {
        lock (_gate)
        {
            if (_dues.Exists(d => d.Cause == cause)) return false;
            _dues.Add(new(ends, at, cause));
            return true;
        }
    }
}
