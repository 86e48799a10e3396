namespace BreakGlass.Operator.Tests.Notifications;

/// <summary>What a receiver was sent.</summary>
internal sealed record ReceivedMessage(string Path, IReadOnlyDictionary<string, string> Headers, byte[] Bytes)
{
    public string Body { get; } = System.Text.Encoding.UTF8.GetString(Bytes);
}
