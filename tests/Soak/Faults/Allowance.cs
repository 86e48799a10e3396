namespace Soak.Faults;

/// <summary>How much later access may end for a fault, and why. All three bounds count together: the latest of them holds.</summary>
/// <param name="Fault">The kind of fault.</param>
/// <param name="Ends">Which ends: by time (the grant's expiry), by word (revoke, a policy's change, a delete), by lockdown, or any.</param>
/// <param name="FromStart">So long after the fault began; null: it does not count.</param>
/// <param name="FromDue">So long after the end was due, where the fault was there then; null: it does not count.</param>
/// <param name="AfterFault">So long after the fault was over; null: it does not count.</param>
/// <param name="BoundOnly">Only for grants that bind the requester, which have no credential that could be killed instead.</param>
/// <param name="Why">The reason, in a sentence.</param>
internal sealed record Allowance(string Fault, Ends Ends, double? FromStart, double? FromDue, double? AfterFault, string Why, bool BoundOnly = false);
