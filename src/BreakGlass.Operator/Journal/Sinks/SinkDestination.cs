using System.Security.Cryptography;
using BreakGlass.Core.Journal;
using BreakGlass.Operator.Outbound;

namespace BreakGlass.Operator.Journal.Sinks;

/// <summary>What each type of sink is sent.</summary>
internal static class SinkDestination
{
    /// <summary>A sink as a destination of batches.</summary>
    /// <param name="sink">The sink.</param>
    /// <param name="http">Sends to webhooks and collectors.</param>
    /// <param name="output">Standard output.</param>
    /// <param name="cluster">The cluster's name.</param>
    /// <param name="time">Clock.</param>
    public static Destination<SinkBatch> Of(SinkSettings sink, HttpClient http, TextWriter output, string cluster, TimeProvider time) => new(
        sink.Name, SinkFields.TypeName(sink.Type),
        sink.Type switch
        {
            SinkType.Webhook => (batch, cancellationToken) => WebhookAsync(sink, batch, http, time, cancellationToken),
            SinkType.Syslog => (batch, cancellationToken) => SyslogSink.SendAsync(sink.Syslog!, batch, Environment.MachineName, time, cancellationToken),
            SinkType.Otlp => (batch, cancellationToken) => OtlpAsync(sink, batch, http, cluster, time, cancellationToken),
            _ => new StdoutSink(output).SendAsync,
        },
        batch => batch.Describe());

    private static async ValueTask<DeliveryAnswer> WebhookAsync(
        SinkSettings sink, SinkBatch batch, HttpClient http, TimeProvider time, CancellationToken cancellationToken)
    {
        var body = CloudEventsBatch(batch);
        using var request = OutboundHttp.Post(sink.Url!.Value, body, "application/cloudevents-batch+json");
        if (sink.Authorization is { } authorization) request.Headers.TryAddWithoutValidation("Authorization", authorization.Value);

        // Of the content, so that the same batch has the same id, and the batch of another cluster never has it.
        var id = "journal_" + Convert.ToHexStringLower(SHA256.HashData(body))[..32];
        WebhookSignature.Add(request, sink.Secret!, id, time.GetUtcNow(), body);
        return await OutboundHttp.SendAsync(http, request, time, cancellationToken);
    }

    private static async ValueTask<DeliveryAnswer> OtlpAsync(
        SinkSettings sink, SinkBatch batch, HttpClient http, string cluster, TimeProvider time, CancellationToken cancellationToken)
    {
        var body = OtlpLogs.Request(batch.Copies, cluster, ThisVersion.Text, time.GetUtcNow());
        using var request = OutboundHttp.Post(sink.Url!.Value.TrimEnd('/') + "/v1/logs", body, "application/x-protobuf");
        if (sink.Authorization is { } authorization) request.Headers.TryAddWithoutValidation("Authorization", authorization.Value);
        return await OutboundHttp.SendAsync(http, request, time, cancellationToken, answer => OtlpLogs.Rejected(answer.Span) is > 0 and var rejected
            ? string.Create(CultureInfo.InvariantCulture, $"the collector rejected {rejected} of {batch.Copies.Count} log records") : null);
    }

    private static byte[] CloudEventsBatch(SinkBatch batch)
    {
        using var body = new MemoryStream();
        foreach (var (number, copy) in batch.Copies.Index())
        {
            body.WriteByte((byte)(number == 0 ? '[' : ','));
            body.Write(copy.Document.Span);
        }

        body.WriteByte((byte)']');
        return body.ToArray();
    }
}
