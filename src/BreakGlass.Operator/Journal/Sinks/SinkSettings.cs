using BreakGlass.Operator.Outbound;

namespace BreakGlass.Operator.Journal.Sinks;

/// <summary>One sink. Printing it shows no secret.</summary>
internal sealed record SinkSettings
{
    /// <summary>Its name: for logs and metrics, and of the file with its position.</summary>
    public required string Name { get; init; }

    /// <summary>What it is.</summary>
    public required SinkType Type { get; init; }

    /// <summary>Whether an entry counts as written only when this sink has it.</summary>
    public bool IsRequired { get; init; }

    /// <summary>Where a webhook or a collector is. A URL can contain a token, so it is a secret.</summary>
    public SecretText? Url { get; init; }

    /// <summary>What a webhook's batches are signed with.</summary>
    public SecretText? Secret { get; init; }

    /// <summary>The header Authorization, whole; for webhooks and collectors.</summary>
    public SecretText? Authorization { get; init; }

    /// <summary>Where a syslog server is.</summary>
    public SyslogServer? Syslog { get; init; }
}
