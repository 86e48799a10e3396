namespace BreakGlass.Core.Model;

/// <summary>The conditions of a grant, and those of their reasons that decisions go by.</summary>
public static class GrantConditions
{
    /// <summary>Whether the policy allows it.</summary>
    public const string Authorized = "Authorized";

    /// <summary>Whether those who must agree have.</summary>
    public const string Approved = "Approved";

    /// <summary>Whether access works.</summary>
    public const string Active = "Active";

    /// <summary>Whether access is proven to be over.</summary>
    public const string Revoked = "Revoked";

    /// <summary>Whether the review after the fact is done; not there where none is required.</summary>
    public const string Reviewed = "Reviewed";

    /// <summary>Whether something of a grant that ended cannot be removed; not there unless that was so once.</summary>
    public const string Obstructed = "Obstructed";

    /// <summary>Reason of <see cref="Obstructed"/>, and of <see cref="Active"/> while access that is over cannot be taken away. Also the event's.</summary>
    public const string RevocationObstructed = "RevocationObstructed";

    /// <summary>Reason of <see cref="Active"/>: access is being made.</summary>
    public const string Opening = "Opening";

    /// <summary>Reason of <see cref="Active"/>: access works in some places of the grant, and not in others.</summary>
    public const string Partial = "Partial";

    /// <summary>Reason of <see cref="Active"/>: access works, and somebody keeps changing the marks of an object that gives it.</summary>
    public const string Contested = "Contested";

    /// <summary>
    /// Reason of <see cref="Active"/> while it is False: access was given, and it works in none of its places now, or the API server denies it.
    /// </summary>
    public const string Interrupted = "Interrupted";

    /// <summary>Reason of <see cref="Reviewed"/>: the grant is not over.</summary>
    public const string NotEnded = "NotEnded";

    /// <summary>Reason of <see cref="Reviewed"/>: nobody reviewed it yet. Also why a requester gets no further grant.</summary>
    public const string ReviewPending = "ReviewPending";

    /// <summary>Reason of <see cref="Reviewed"/>: nobody reviewed it in the time that the policy gives.</summary>
    public const string ReviewOverdue = "ReviewOverdue";

    /// <summary>Reason of <see cref="Approved"/>: nobody decided in time, and the policy gives access all the same.</summary>
    public const string EmergencyBypass = "EmergencyBypass";
}
