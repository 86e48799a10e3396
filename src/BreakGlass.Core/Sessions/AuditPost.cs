namespace BreakGlass.Core.Sessions;

/// <summary>What was read of one body of audit events.</summary>
/// <param name="Events">The events of users that the door let in, in their order.</param>
/// <param name="Foreign">How many events were of somebody else.</param>
/// <param name="LastAt">The latest time of any event, foreign ones included; null if the body has no event.</param>
public sealed record AuditPost(IReadOnlyList<AuditEvent> Events, int Foreign, DateTimeOffset? LastAt);
