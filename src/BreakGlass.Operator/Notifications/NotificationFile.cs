using BreakGlass.Operator.Outbound;

namespace BreakGlass.Operator.Notifications;

/// <summary>Reads the file of receivers.</summary>
internal static class NotificationFile
{
    private static readonly OutboundFile<ReceiverSettings> Receivers = new(
        "receiver", "docs/notifications.md", (node, number, problems) => new ReceiverFields(node, number, problems).Receiver(), receiver => receiver.Name);

    /// <summary>An option reader: null where all is well, else the end of a sentence that names the option.</summary>
    public static string? Read(string path, out NotificationSettings settings)
    {
        var problem = Receivers.ReadFile(path, out var receivers);
        settings = new(path, problem is null ? receivers : []);
        return problem;
    }

    /// <summary>The same of a text.</summary>
    public static string? Parse(string text, out IReadOnlyList<ReceiverSettings> receivers) => Receivers.Parse(text, out receivers);
}
