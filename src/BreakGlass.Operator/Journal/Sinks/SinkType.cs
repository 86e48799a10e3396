namespace BreakGlass.Operator.Journal.Sinks;

/// <summary>The kinds of sinks.</summary>
internal enum SinkType
{
    /// <summary>An HTTPS endpoint that takes batches of CloudEvents, signed by the Standard Webhooks specification.</summary>
    Webhook,

    /// <summary>A syslog server over TLS (RFC 5424 in RFC 5425).</summary>
    Syslog,

    /// <summary>A collector of OpenTelemetry, by OTLP over HTTP.</summary>
    Otlp,

    /// <summary>Standard output, one line of JSON for each entry.</summary>
    Stdout,
}
