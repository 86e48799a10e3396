namespace BreakGlass.Operator.Tests.Notifications;

/// <summary>What a receiver was sent.</summary>
internal sealed record ReceivedMessage(string Path, IReadOnlyDictionary<string, string> Headers, string Body);
