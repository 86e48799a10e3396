using Soak.Faults;

namespace Soak.Observing;

/// <summary>A time in which nothing in some scope may be open: a lockdown, a policy that is suspended, gone, or gives less.</summary>
internal sealed class Shut(string cause, Ends ends, Func<KnownGrant, bool> scope, DateTimeOffset from)
{
    /// <summary>Whether it is a lockdown, or a policy's change.</summary>
    public Ends Kind { get; } = ends;

    public string Cause { get; } = cause;

    /// <summary>When the API server had taken it.</summary>
    public DateTimeOffset From { get; } = from;

    /// <summary>When somebody began to lift it.</summary>
    public DateTimeOffset? Until { get; set; }

    public bool Covers(KnownGrant grant) => scope(grant);

    /// <summary>Whether a grant was open when it came, and so has to end for good.</summary>
    public bool Ends(KnownGrant grant) => Covers(grant) && grant.ActivatedAt <= From && !(grant.EndSeen <= From);
}
